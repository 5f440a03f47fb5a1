package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/fault"
)

const binary = "kubectl-clawql-deploy"

// folder makes a folder of that mode with the binary in it, when asked for.
func folder(t *testing.T, mode os.FileMode, withBinary bool) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "bin")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if withBinary {
		write(t, filepath.Join(dir, binary), 0o755)
	}
	if err := os.Chmod(dir, mode); err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func joined(folders ...string) string { return strings.Join(folders, string(os.PathListSeparator)) }

func TestSiblingBeatsPath(t *testing.T) {
	self, other := folder(t, 0o755, true), folder(t, 0o755, true)
	got, err := finder{self: self, path: other}.find(binary)
	if err != nil || got != filepath.Join(self, binary) {
		t.Errorf("%q, %v", got, err)
	}
	got, err = finder{self: folder(t, 0o755, false), path: joined(folder(t, 0o755, false), other)}.find(binary)
	if err != nil || got != filepath.Join(other, binary) {
		t.Errorf("%q, %v", got, err)
	}
}

// A repository that one merely stands in must not choose what runs.
func TestCurrentFolderIsNeverSearched(t *testing.T) {
	t.Chdir(folder(t, 0o755, true))
	for _, path := range []string{"", ".", "./", joined("", "/nonexistent"), joined("/nonexistent", ""), "../bin", "bin"} {
		f := finder{self: folder(t, 0o755, false), path: path}
		if got, err := f.find(binary); !errors.Is(err, errNotInstalled) {
			t.Errorf("PATH %q: found %q, %v", path, got, err)
		}
	}
	if !(finder{self: "/x", path: "."}).hasRelative() || (finder{self: "/x", path: "/bin"}).hasRelative() {
		t.Error("relative entries of PATH are not noticed")
	}
}

// A binary that anyone on the machine could have put there is refused, and a
// clean one further down does not make it quiet.
func TestWorldWritablePlacesAreRefused(t *testing.T) {
	clean := folder(t, 0o755, true)
	target := folder(t, 0o777, true)
	linked := folder(t, 0o755, false)
	if err := os.Symlink(filepath.Join(target, binary), filepath.Join(linked, binary)); err != nil {
		t.Fatal(err)
	}
	file := folder(t, 0o755, false)
	write(t, filepath.Join(file, binary), 0o777)
	cases := map[string]finder{
		"folder on PATH":            {self: "/nonexistent", path: joined(folder(t, 0o777, true), clean)},
		"sticky folder on PATH":     {self: "/nonexistent", path: joined(folder(t, 0o777|os.ModeSticky, true), clean)},
		"folder of this executable": {self: folder(t, 0o757, true), path: clean},
		"target of a link":          {self: "/nonexistent", path: joined(linked, clean)},
		"the file itself":           {self: "/nonexistent", path: joined(file, clean)},
	}
	for name, f := range cases {
		_, err := f.find(binary)
		if fault.Code(err) != fault.CodeUnable || err == nil || !strings.Contains(err.Error(), "everyone may write") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsNoProgramIsPassedOver(t *testing.T) {
	plain, dir := folder(t, 0o755, false), folder(t, 0o755, false)
	write(t, filepath.Join(plain, binary), 0o644)
	if err := os.Mkdir(filepath.Join(dir, binary), 0o755); err != nil {
		t.Fatal(err)
	}
	if got, err := (finder{self: plain, path: dir}).find(binary); !errors.Is(err, errNotInstalled) {
		t.Errorf("found %q, %v", got, err)
	}
}
