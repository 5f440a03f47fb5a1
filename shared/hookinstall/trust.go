package hookinstall

import (
	"os"
	"path/filepath"
	"syscall"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Trustworthy says whether hooks may run the program at path: an absolute
// path to a program, it and every folder above it owned by root or the user,
// and none writable by everyone. (In a sticky folder such as /tmp nobody can
// replace what belongs to another.)
func Trustworthy(path string) error {
	if !filepath.IsAbs(path) {
		return fault.Unable("trust %q as the hooks' program: it is no absolute path", path)
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fault.Unable("trust the hooks' program: %w", err)
	}
	info, err := os.Stat(real)
	if err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
		return fault.Unable("trust %s as the hooks' program: it is no program", path)
	}
	for _, start := range []string{path, real} {
		for at := start; ; at = filepath.Dir(at) {
			if err := safe(at, at == start); err != nil {
				return err
			}
			if at == filepath.Dir(at) {
				break
			}
		}
	}
	return nil
}

func safe(path string, file bool) error {
	info, err := os.Stat(path)
	if err != nil {
		return fault.Unable("trust %s: %w", path, err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fault.Unable("trust %s: its owner cannot be told", path)
	}
	if uid := int(stat.Uid); uid != 0 && uid != os.Geteuid() {
		return fault.Unable("trust %s for the hooks: it belongs to another user (uid %d)", path, uid).
			Hint("install the program where only root or you can write")
	}
	writable := info.Mode().Perm()&0o002 != 0
	if !file && info.Mode()&os.ModeSticky != 0 {
		writable = false // nobody else can replace what is ours in it
	}
	if writable {
		return fault.Unable("trust %s for the hooks: everyone can write to it (%s)", path, info.Mode().Perm()).
			Hint("chmod o-w %s", path)
	}
	return nil
}
