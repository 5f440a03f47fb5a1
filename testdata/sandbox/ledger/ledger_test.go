package ledger

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestCreateThenLoad(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "box")
	want := &Ledger{ID: "x1", Name: "demo", Dir: dir, Ports: map[string]int{"etcd": 20001}, Links: []string{"cq-demo"}}
	if err := Create(want); err != nil {
		t.Fatal(err)
	}
	got, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got.ID != "x1" || got.Ports["etcd"] != 20001 || got.Links[0] != "cq-demo" {
		t.Errorf("loaded %+v", got)
	}
	if err := Create(want); err == nil {
		t.Error("a second sandbox took the folder of the first")
	}
	if _, err := os.Stat(dir + ".new"); !os.IsNotExist(err) {
		t.Errorf("a draft is left behind: %v", err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder mode %v, %v; want 0700", info.Mode(), err)
	}
}

func TestLoadWithoutSandbox(t *testing.T) {
	empty := t.TempDir()
	for _, dir := range []string{empty, filepath.Join(empty, "none")} {
		if _, err := Load(dir); !errors.Is(err, ErrNone) {
			t.Errorf("Load(%s) = %v, want ErrNone", dir, err)
		}
	}
}

// A stranger who makes the folder first must not get to say what root deletes.
func TestLoadRefusesAStrangersFolder(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	dir := filepath.Join(t.TempDir(), "box")
	if err := Create(&Ledger{Dir: dir, Links: []string{"eth0"}}); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if l, err := Load(dir); err == nil || errors.Is(err, ErrNone) {
		t.Errorf("Load = %v, %v; want a refusal", l, err)
	}
}

// A process id that now belongs to another process is not the one in the ledger.
func TestKillSparesARecycledID(t *testing.T) {
	sleeper := start(t)
	sleeping, err := Identify(sleeper.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	former := Process{PID: sleeping.PID, Start: sleeping.Start - 1}
	if former.Alive() {
		t.Error("a former owner of the id counts as alive")
	}
	if err := former.Kill(context.Background()); err != nil {
		t.Fatal(err)
	}
	if !sleeping.Alive() {
		t.Fatal("the id's present owner was ended")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := sleeping.Kill(ctx); err != nil || sleeping.Alive() {
		t.Errorf("Kill: %v, alive %v", err, sleeping.Alive())
	}
}

func TestZeroProcessIsNobody(t *testing.T) {
	if (Process{}).Alive() {
		t.Error("process 0 counts as alive")
	}
}

func TestMarkedFindsByEnvironment(t *testing.T) {
	sleeper := start(t, Marker+"=abc123")
	other := start(t, Marker+"=abc1234")
	found := Marked("abc123")
	if len(found) != 1 || found[0].PID != sleeper.Process.Pid {
		t.Errorf("found %v, want only %d (not %d)", found, sleeper.Process.Pid, other.Process.Pid)
	}
}

// start runs a sleep that ends with the test.
func start(t *testing.T, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sleep", "60")
	cmd.Env = append(os.Environ(), env...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Signal(syscall.SIGKILL); _ = cmd.Wait() })
	return cmd
}
