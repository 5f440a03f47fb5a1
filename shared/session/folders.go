package session

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
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

// base finds the folder for the sockets of this user: memory-backed where the
// system has such a one, else a folder of the user's own under /tmp, since a
// socket's path must be short.
func base(getenv func(string) string, uid int) (string, error) {
	var tried []error
	for _, dir := range []string{getenv("XDG_RUNTIME_DIR"), "/run/user/" + itoa(uid)} {
		if dir == "" || !filepath.IsAbs(dir) || len(dir) > longestSocket-60 {
			continue
		}
		info, err := os.Lstat(dir)
		if err == nil && checkPrivate("the runtime folder", dir, info, uid) == nil {
			made, err := ownFolder(filepath.Join(dir, "clawql"), uid)
			if err == nil {
				return made, nil
			}
			tried = append(tried, err)
		}
	}
	made, err := ownFolder("/tmp/clawql-"+itoa(uid), uid)
	if err != nil {
		return "", errors.Join(append(tried, err)...)
	}
	return made, nil
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
