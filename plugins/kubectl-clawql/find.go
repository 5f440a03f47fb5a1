package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// errNotInstalled says that a binary is nowhere where it may be.
var errNotInstalled = errors.New("not installed")

// othersWrite is the permission bit "everyone may write". A sticky folder such
// as /tmp is no better: anyone can put a file there that was not there before.
const othersWrite fs.FileMode = 0o002

// finder looks for the binaries of the tools.
type finder struct {
	self string // folder of this executable, symbolic links resolved
	path string // the value of PATH
}

// here is the finder of this process. Where the system does not tell the
// executable, only PATH is left.
func here() finder {
	f := finder{path: os.Getenv("PATH")}
	if executable, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(executable); err == nil {
			f.self = filepath.Dir(real)
		}
	}
	return f
}

// find gives the absolute path of binary: beside this executable, else the
// first on PATH. Empty and relative entries of PATH mean the current folder,
// so they are passed over. A binary that everyone could have replaced is an
// error, even when a later entry has another: a person has to look.
func (f finder) find(binary string) (string, error) {
	for _, folder := range f.folders() {
		candidate := filepath.Join(folder, binary)
		if !isExecutable(candidate) {
			continue
		}
		return candidate, checkSafe(candidate)
	}
	return "", errNotInstalled
}

// folders are the absolute folders to search, in order.
func (f finder) folders() []string {
	var absolute []string
	for _, folder := range append([]string{f.self}, filepath.SplitList(f.path)...) {
		if filepath.IsAbs(folder) {
			absolute = append(absolute, folder)
		}
	}
	return absolute
}

func (f finder) hasRelative() bool {
	return len(f.folders()) < 1+len(filepath.SplitList(f.path))
}

func isExecutable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// checkSafe refuses a binary when everyone may write to it, to its folder, or
// to the folder that a symbolic link leads to.
func checkSafe(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fault.Unable("resolving %s: %w", path, err)
	}
	for _, place := range []string{filepath.Dir(path), filepath.Dir(real), real} {
		info, err := os.Stat(place)
		if err != nil {
			return fault.Unable("looking at %s: %w", place, err)
		}
		if info.Mode()&othersWrite != 0 {
			return fault.Unable("refusing to run %s: everyone may write to %s (mode %04o)", path, place, info.Mode().Perm()).
				Hint("chmod o-w %s, after a look at what lies there", place)
		}
	}
	return nil
}
