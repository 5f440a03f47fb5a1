package session

import (
	"os"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// checkRoot refuses user 0 except in a container where that was asked for:
// as root, every process of the machine could read the session.
func checkRoot(uid int, asked, container bool) error {
	switch {
	case uid != 0:
		return nil
	case !asked:
		return fault.Usage("a session does not run as root (user 0)").
			Hint("run it as yourself; in a container that has no other user: --allow-root")
	case !container:
		return fault.Usage("--allow-root holds in a container only, and this does not look like one").
			Hint("run it as an ordinary user of this machine")
	}
	return nil
}

// containerMarks are files that container runtimes leave in a container.
var containerMarks = []string{"/.dockerenv", "/run/.containerenv"}

// inContainer looks for the marks of Docker and Podman, and asks the system
// whether this process sees the machine's first process namespace.
func inContainer() bool {
	for _, mark := range containerMarks {
		if _, err := os.Lstat(mark); err == nil {
			return true
		}
	}
	return inOwnPIDNamespace()
}
