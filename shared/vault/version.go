package vault

import (
	"strconv"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Pinned is the version that the session is tested on, and that `install`
// builds.
const Pinned = "1.21.1"

// CheckVersion judges what the server says of itself: Vault from 1.15 up to
// but without 2.0, OpenBao 2.x. Older ones have known holes or lack what a
// session asks for; newer ones nobody has tried.
func (b Binary) CheckVersion(version string) error {
	major, minor, ok := parseVersion(version)
	allowed := "1.15 to 1.x"
	fits := ok && major == 1 && minor >= 15
	if b.Name == "bao" {
		allowed = "2.x"
		fits = ok && major == 2
	}
	if fits {
		return nil
	}
	return fault.Unable("%s is %s version %q; a session takes %s (tested: vault %s)", b.Path, b.Name, version, allowed, Pinned).
		Hint("`clawql-vault-session install` builds vault %s", Pinned)
}

// parseVersion reads 1.21.1, 1.21.1+ent, 2.0.0-beta1.
func parseVersion(version string) (major, minor int, ok bool) {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(parts) < 3 {
		return 0, 0, false
	}
	major, errMajor := strconv.Atoi(parts[0])
	minor, errMinor := strconv.Atoi(parts[1])
	return major, minor, errMajor == nil && errMinor == nil
}
