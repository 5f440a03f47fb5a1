package nodump

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Forbid closes the ways by which the memory of this process could be read: no
// core file, also not through a core_pattern that is a program (which ignores
// the limit, hence the filter: what is inherited by all children dumps no
// memory at all), and no tracing or reading of /proc/PID by other processes of
// the same user (PR_SET_DUMPABLE, which a child that is executed gets back).
// An error means that one of them is open: read no secret then.
func Forbid() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return err
	}
	if err := os.WriteFile("/proc/self/coredump_filter", []byte("0"), 0); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}
