package vault

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// place makes a folder that the judge accepts, or skips where the system's
// folder for temporary files is none.
func place(t *testing.T) string {
	dir := t.TempDir()
	if err := judge(filepath.Join(dir, "."), os.Getuid()); err != nil {
		t.Skip(err)
	}
	return dir
}

func program(t *testing.T, path string, mode os.FileMode) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func wantRefused(t *testing.T, searchPath, why string) {
	t.Helper()
	found, err := Find(searchPath, os.Getuid())
	if err == nil || !strings.Contains(err.Error(), why) {
		t.Errorf("%q was found, error %v; want one about %q", found.Path, err, why)
	}
}

func TestFindTakesVaultBeforeBao(t *testing.T) {
	dir := place(t)
	program(t, filepath.Join(dir, "a", "bao"), 0o755)
	want := program(t, filepath.Join(dir, "b", "vault"), 0o755)
	found, err := Find(filepath.Join(dir, "a")+":"+filepath.Join(dir, "b"), os.Getuid())
	if err != nil || found != (Binary{want, "vault"}) {
		t.Errorf("%+v, %v", found, err)
	}
	found, err = Find(filepath.Join(dir, "a"), os.Getuid())
	if err != nil || found.Name != "bao" {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestNoServerIsAnErrorOfItsOwn(t *testing.T) {
	if _, err := Find(place(t), os.Getuid()); !errors.Is(err, ErrNone) {
		t.Errorf("%v", err)
	}
}

func TestAttackBinaryThatEveryoneCanReplace(t *testing.T) {
	dir := place(t)
	program(t, filepath.Join(dir, "open", "vault"), 0o777)
	wantRefused(t, filepath.Join(dir, "open"), "everyone may write")
}

func TestAttackFolderThatEveryoneCanWriteTo(t *testing.T) {
	for _, c := range []struct {
		open string
		mode os.FileMode
		good bool
	}{
		{"bin", 0o777, false}, {"bin", 0o777 | os.ModeSticky, false},
		{"", 0o777, false}, {"", 0o777 | os.ModeSticky, true}, // /tmp is such a one
	} {
		above := filepath.Join(place(t), "above")
		program(t, filepath.Join(above, "bin", "vault"), 0o755)
		if err := os.Chmod(filepath.Join(above, c.open), c.mode); err != nil {
			t.Fatal(err)
		}
		if c.good {
			if _, err := Find(filepath.Join(above, "bin"), os.Getuid()); err != nil {
				t.Error(err)
			}
			continue
		}
		wantRefused(t, filepath.Join(above, "bin"), "everyone may write")
	}
}

// In a sticky folder, somebody else may have been first.
func TestAttackStepOfSomebodyElseInAStickyFolder(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("giving folders away needs root")
	}
	above := filepath.Join(place(t), "above")
	program(t, filepath.Join(above, "theirs", "vault"), 0o755)
	if err := os.Chmod(above, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(filepath.Join(above, "theirs"), 12345, 12345); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, filepath.Join(above, "theirs"), "belongs to user 12345")
}

func TestAttackLinkToABinaryElsewhere(t *testing.T) {
	dir := place(t)
	program(t, filepath.Join(dir, "open", "vault"), 0o755)
	if err := os.Chmod(filepath.Join(dir, "open"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "open", "vault"), filepath.Join(dir, "bin", "vault")); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, filepath.Join(dir, "bin"), "everyone may write")
}

func TestAttackRelativeAndEmptyFoldersOfPATH(t *testing.T) {
	dir := place(t)
	program(t, filepath.Join(dir, "vault"), 0o755)
	t.Chdir(dir)
	wantRefused(t, ".::"+filepath.Base(dir), "no vault")
}

// A foreign owner could replace the file at any time.
func TestAttackForeignOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("giving files away needs root")
	}
	dir := place(t)
	file := program(t, filepath.Join(dir, "vault"), 0o755)
	if err := os.Chown(file, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, dir, "belongs to user 12345")
	if _, err := Find(dir, 12345); err != nil {
		t.Errorf("its owner may not use it: %v", err)
	}
}

// A bad binary is not passed over for a good one behind it: a person has to
// look.
func TestAttackBadBinaryBeforeAGoodOne(t *testing.T) {
	dir := place(t)
	program(t, filepath.Join(dir, "bad", "vault"), 0o777)
	program(t, filepath.Join(dir, "good", "vault"), 0o755)
	wantRefused(t, filepath.Join(dir, "bad")+":"+filepath.Join(dir, "good"), "everyone may write")
}

func TestCheckVersion(t *testing.T) {
	for version, fits := range map[string]bool{
		"1.21.1": true, "1.15.0": true, "1.21.1+ent": true, "1.14.9": false, "2.0.0": false, "0.11.6": false,
		"": false, "1.21": false, "1.x.1": false, "vault": false, "10.21.1": false,
	} {
		if err := (Binary{Name: "vault"}).CheckVersion(version); (err == nil) != fits {
			t.Errorf("vault %q: %v", version, err)
		}
	}
	for version, fits := range map[string]bool{"2.4.1": true, "1.21.1": false, "3.0.0": false} {
		if err := (Binary{Name: "bao"}).CheckVersion(version); (err == nil) != fits {
			t.Errorf("bao %q: %v", version, err)
		}
	}
}
