package nodump

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain is a process that waits to be killed, where a test asks for one.
func TestMain(m *testing.M) {
	wanted := os.Getenv("NODUMP_TEST_CHILD")
	if wanted == "" {
		os.Exit(m.Run())
	}
	if wanted == "closed" {
		if err := Forbid(); err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
	}
	os.Stdout.WriteString("ready\n")
	time.Sleep(time.Minute)
}

// child starts this test as a process whose caller wants cores, in a folder of
// its own.
func child(t *testing.T, how string) *exec.Cmd {
	t.Helper()
	c := exec.Command("sh", "-c", `ulimit -c unlimited; exec "$0"`, os.Args[0])
	c.Dir, c.Env = t.TempDir(), append(os.Environ(), "NODUMP_TEST_CHILD="+how, "GOTRACEBACK=crash")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	if n, err := out.Read(make([]byte, 16)); n == 0 {
		t.Fatalf("the child is not ready: %v", err)
	}
	return c
}

// cores are what the system writes where the pattern is a plain name.
func cores(t *testing.T, c *exec.Cmd, signal syscall.Signal) []string {
	t.Helper()
	if err := c.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	var ended *exec.ExitError
	if err := c.Wait(); !errors.As(err, &ended) {
		t.Fatalf("it outlives %v: %v", signal, err)
	}
	found, err := filepath.Glob(filepath.Join(c.Dir, "core*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A caller who wants a core gets none, whichever signal ends the process and
// however loud Go's runtime is told to be.
func TestNoCoreOfAProcessThatForbidsIt(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGABRT, syscall.SIGQUIT, syscall.SIGSEGV} {
		if found := cores(t, child(t, "closed"), signal); len(found) > 0 {
			t.Errorf("%v leaves %v", signal, found)
		}
	}
	if found := cores(t, child(t, "open"), syscall.SIGQUIT); len(found) == 0 {
		t.Log("no core of a process that forbids nothing either: core_pattern is a program here, or cores are off")
	}
}

func TestClosedToReaders(t *testing.T) {
	c := child(t, "closed")
	var limit unix.Rlimit
	if err := unix.Prlimit(c.Process.Pid, unix.RLIMIT_CORE, nil, &limit); err != nil || limit.Cur != 0 || limit.Max != 0 {
		t.Errorf("limit %+v, %v", limit, err)
	}
	for _, file := range []string{"environ", "mem", "maps"} {
		info, err := os.Stat(filepath.Join("/proc", strconv.Itoa(c.Process.Pid), file))
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t).Uid; owner != 0 {
			t.Errorf("%s belongs to user %d, not to root: others of that user may read it", file, owner)
		}
	}
	filter, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(c.Process.Pid), "coredump_filter"))
	if err != nil || strings.Trim(strings.TrimSpace(string(filter)), "0") != "" {
		t.Errorf("filter %q, %v", filter, err)
	}
}
