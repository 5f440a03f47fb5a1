package session

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func state(t *testing.T, mode os.FileMode) string {
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, mode); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestStateDirOfOnesOwn(t *testing.T) {
	if err := CheckStateDir(state(t, 0o700), os.Getuid()); err != nil {
		t.Error(err)
	}
	if err := CheckStateDir(filepath.Join(t.TempDir(), "none"), os.Getuid()); err != nil {
		t.Error(err)
	}
}

func TestAttackStateDirThatOthersCanEnter(t *testing.T) {
	for _, mode := range []os.FileMode{0o755, 0o750, 0o701, 0o770, 0o707, 0o777} {
		if err := CheckStateDir(state(t, mode), os.Getuid()); err == nil {
			t.Errorf("mode %04o is allowed", mode)
		}
	}
}

func TestAttackStateDirIsALink(t *testing.T) {
	target, link := state(t, 0o700), filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if err := CheckStateDir(link, os.Getuid()); err == nil || !strings.Contains(err.Error(), "symbolic link") {
		t.Errorf("%v", err)
	}
}

func TestAttackStateDirOfSomebodyElse(t *testing.T) {
	if err := CheckStateDir(state(t, 0o700), os.Getuid()+1); err == nil {
		t.Error("allowed")
	}
}

func TestAttackStateDirIsAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := CheckStateDir(file, os.Getuid()); err == nil {
		t.Error("allowed")
	}
}

// Who made the runtime folder first must not get the sockets.
func TestAttackRuntimeFolderWasThereBefore(t *testing.T) {
	dir := t.TempDir()
	open := filepath.Join(dir, "open")
	if err := os.Mkdir(open, 0o777); err != nil {
		t.Fatal(err)
	}
	os.Chmod(open, 0o777)
	if _, err := ownFolder(open, os.Getuid()); err == nil {
		t.Error("a folder that everyone can enter is taken")
	}
	link := filepath.Join(dir, "link")
	os.Symlink(state(t, 0o700), link)
	if _, err := ownFolder(link, os.Getuid()); err == nil {
		t.Error("a link is taken")
	}
	if _, err := ownFolder(filepath.Join(dir, "new"), os.Getuid()); err != nil {
		t.Error(err)
	}
}

// A runtime folder that others can enter, or whose path is too long for a
// socket, is passed over.
func TestRuntimeFolderFallsBack(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("x", 60))
	if err := os.MkdirAll(long, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{long, state(t, 0o755), "relative"} {
		got, err := base(func(string) string { return dir }, os.Getuid())
		if err != nil || strings.HasPrefix(got, dir) {
			t.Errorf("%s: %q, %v", dir, got, err)
		}
	}
}

func TestPlacesOfManyAtOnce(t *testing.T) {
	where := state(t, 0o700)
	var group sync.WaitGroup
	for range 30 {
		group.Go(func() {
			folder, lock, err := place(where, "/project", os.Getuid())
			if err != nil {
				t.Error(err)
				return
			}
			sweep(where, time.Now())
			if !isHeld(folder) {
				t.Errorf("%s is not held", folder)
			}
			removeFolder(folder)
			lock.Close()
		})
	}
	group.Wait()
	if left, _ := filepath.Glob(filepath.Join(where, "*", "*")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

func TestSweepTakesTheDeadOnly(t *testing.T) {
	where := state(t, 0o700)
	dead, lock, err := place(where, "/a", os.Getuid())
	if err != nil {
		t.Fatal(err)
	}
	lock.Close()
	living, lock, err := place(where, "/b", os.Getuid())
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	young := filepath.Join(where, "p", "young") // being made: no lock yet
	if err := os.MkdirAll(young, 0o700); err != nil {
		t.Fatal(err)
	}
	sweep(where, time.Now())
	for folder, stays := range map[string]bool{dead: false, living: true, young: true} {
		if _, err := os.Lstat(folder); (err == nil) != stays {
			t.Errorf("%s: %v", folder, err)
		}
	}
	sweep(where, time.Now().Add(2*grace))
	if _, err := os.Lstat(young); err == nil {
		t.Error("what was never finished stays for ever")
	}
}

// The record of a dead session names a process id that somebody else may have
// by now.
func TestAttackRecordedProcessWasReused(t *testing.T) {
	mine := process{os.Getpid(), "1"}
	mine.killIfSame() // would end this test
	process{os.Getpid(), ""}.killIfSame()
	process{0, birthOf(os.Getpid())}.killIfSame()
	process{-1, ""}.killIfSame()
}

func TestProjectsAreApart(t *testing.T) {
	if projectKey("/a") == projectKey("/b") || len(projectKey("/a")) != 16 {
		t.Error(projectKey("/a"), projectKey("/b"))
	}
}

// A session that is being made while another sweeps must not be swept: the
// lock is looked at once.
func TestSweepBesideTheMakingOfMany(t *testing.T) {
	where := state(t, 0o700)
	stop := make(chan struct{})
	var sweepers, makers sync.WaitGroup
	for range 4 {
		sweepers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					sweep(where, time.Now())
				}
			}
		})
	}
	for range 4 {
		makers.Go(func() {
			for range 60 {
				folder, lock, err := place(where, "/project", os.Getuid())
				if err != nil {
					t.Error(err)
					return
				}
				if err := os.WriteFile(filepath.Join(folder, "socket"), nil, 0o600); err != nil {
					t.Errorf("swept while it was held: %v", err)
				}
				removeFolder(folder)
				lock.Close()
			}
		})
	}
	makers.Wait()
	close(stop)
	sweepers.Wait()
}
