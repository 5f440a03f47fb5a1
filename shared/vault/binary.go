package vault

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Names are the programs that can serve a session, the preferred one first.
var Names = []string{"vault", "bao"}

// ErrNone says that there is no server to be found.
var ErrNone = errors.New("there is no vault and no bao on PATH")

// Binary is a server program that was found and judged.
type Binary struct {
	Path string `json:"path"` // absolute, links resolved
	Name string `json:"name"` // "vault" or "bao"
}

// Find looks for a server in the absolute folders of searchPath (the value of
// PATH), all folders for `vault` first, then for `bao`. What it finds must
// belong to root or to the user uid, and nobody else may be able to replace
// it: neither the file nor a folder above it may be writable by others.
// A binary that fails this is an error even where a later folder has another.
func Find(searchPath string, uid int) (Binary, error) {
	for _, name := range Names {
		for _, folder := range filepath.SplitList(searchPath) {
			candidate := filepath.Join(folder, name)
			if !filepath.IsAbs(folder) || !isProgram(candidate) {
				continue
			}
			real, err := filepath.EvalSymlinks(candidate)
			if err != nil {
				return Binary{}, fault.Unable("reading %s: %w", candidate, err)
			}
			return Binary{Path: real, Name: name}, judge(real, uid)
		}
	}
	return Binary{}, fault.Unable("%w", ErrNone)
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// judge refuses a program that somebody else than root and uid could replace.
func judge(path string, uid int) error {
	if err := judgeOne(path, uid, false); err != nil {
		return err
	}
	own := filepath.Dir(path)
	for folder := own; ; folder = filepath.Dir(folder) {
		if err := judgeOne(folder, uid, folder != own); err != nil {
			return err
		}
		if folder == filepath.Dir(folder) {
			return nil
		}
	}
}

// judgeOne looks at one file or folder. Further up, a sticky folder such as
// /tmp will do: nobody can put another in the place of what root or uid owns
// there, and that each step below it is theirs was just found. The program's
// own folder may not be one.
func judgeOne(path string, uid int, further bool) error {
	info, err := os.Lstat(path)
	if err != nil {
		return fault.Unable("reading %s: %w", path, err)
	}
	const way = "install it as root, or into a folder of your own, with mode 0755"
	if owner := ownerOf(info); owner != 0 && owner != uid {
		return fault.Unable("%s belongs to user %d; a server for secrets must belong to root or to you (user %d), and so must each folder above it", path, owner, uid).Hint(way)
	}
	sticky := further && info.Mode()&fs.ModeSticky != 0
	if info.Mode().Perm()&0o002 != 0 && !sticky {
		return fault.Unable("everyone may write to %s (mode %04o); a server for secrets, and each folder above it, must not be writable by others", path, info.Mode().Perm()).Hint(way)
	}
	if info.Mode().Perm()&0o020 != 0 && groupOf(info) != 0 && !info.IsDir() {
		return fault.Unable("a group may write to %s (mode %04o)", path, info.Mode().Perm()).Hint(way)
	}
	return nil
}

func ownerOf(info fs.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid)
	}
	return -1
}

func groupOf(info fs.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Gid)
	}
	return -1
}
