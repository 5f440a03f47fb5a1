package session

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// CheckStateDir refuses a state folder that somebody else could read or that
// leads somewhere else: it must belong to uid, have mode 0700, and be no link.
// One that does not exist is well: a session writes nothing there.
func CheckStateDir(dir string, uid int) error {
	info, err := os.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fault.Unable("reading the state folder %s: %w", dir, err)
	}
	return checkPrivate("the state folder", dir, info, uid)
}

// checkPrivate holds for folders that only their owner may enter.
func checkPrivate(what, dir string, info fs.FileInfo, uid int) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return fault.Usage("%s %s is a symbolic link; it must be a folder", what, dir)
	case !info.IsDir():
		return fault.Usage("%s %s is not a folder", what, dir)
	case !ok || int(stat.Uid) != uid:
		return fault.Usage("%s %s belongs to somebody else, not to you (user %d)", what, dir, uid)
	case info.Mode().Perm()&0o077 != 0:
		return fault.Usage("others can enter %s %s: mode %04o, allowed is 0700", what, dir, info.Mode().Perm()).
			Hint("chmod 700 %s", dir)
	}
	return nil
}

// longestSocket is the number of bytes that the path of a socket may have:
// sun_path is 108 on Linux and 104 on macOS, with the closing zero.
const longestSocket = 103

// runtimeDirs are the folders of the system that a user's sockets may lie in:
// memory-backed, and gone after the last logout. A socket's path must be short.
func runtimeDirs(getenv func(string) string, uid int) []string {
	var fitting []string
	for _, dir := range []string{getenv("XDG_RUNTIME_DIR"), "/run/user/" + itoa(uid)} {
		info, err := os.Lstat(dir)
		if filepath.IsAbs(dir) && len(dir) <= longestSocket-60 && err == nil && checkPrivate("the runtime folder", dir, info, uid) == nil {
			fitting = append(fitting, dir)
		}
	}
	return fitting
}

// bases are all folders in which a session of this user may be found; they
// need not be there.
func bases(getenv func(string) string, uid int) []string {
	var all []string
	for _, dir := range runtimeDirs(getenv, uid) {
		all = append(all, filepath.Join(dir, "clawql"))
	}
	return slices.Compact(append(all, "/tmp/clawql-"+itoa(uid)))
}

// base makes the first of bases that can be made.
func base(getenv func(string) string, uid int) (string, error) {
	var tried []error
	for _, dir := range bases(getenv, uid) {
		made, err := ownFolder(dir, uid)
		if err == nil {
			return made, nil
		}
		tried = append(tried, err)
	}
	return "", errors.Join(tried...)
}

// ownFolder makes dir 0700 or takes the one that is there, if it is private.
func ownFolder(dir string, uid int) (string, error) {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fault.Unable("making the folder for the session's sockets: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", fault.Unable("making the folder for the session's sockets: %w", err)
	}
	return dir, checkPrivate("the runtime folder", dir, info, uid)
}
