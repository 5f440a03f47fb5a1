package touchwait

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/sshsign/fidotest"
	"golang.org/x/sys/unix"
)

// The test binary stands in for ours: with this variable it is the wrapper.
const asWrapper = "TOUCHWAIT_TEST_WRAPPER"

func TestMain(m *testing.M) {
	if os.Getenv(asWrapper) != "" {
		os.Exit(Main(os.Args[1:], console.Standard()))
	}
	os.Exit(m.Run())
}

// wrapped is a run of the wrapper that signs with a key of the token, in a
// session without any terminal.
func wrapped(t *testing.T, token *fidotest.Token, env []string, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0], args...)
	c.Env = append(append(append(os.Environ(), token.Env...), asWrapper+"=1", "DISPLAY="), env...)
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return c
}

func messageFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "message")
	if err := os.WriteFile(path, []byte("m"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// terminal gives a session of its own a real pseudo-terminal to c, and returns
// what is written to it.
func terminal(t *testing.T, c *exec.Cmd) *bytes.Buffer {
	t.Helper()
	outer, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(outer.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	inner, err := os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	c.Stdin = inner
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	var seen bytes.Buffer
	read := make(chan struct{})
	go func() {
		defer close(read)
		buffer := make([]byte, 4096)
		for {
			n, err := outer.Read(buffer)
			seen.Write(buffer[:n])
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { outer.Close() })
	c.WaitDelay = time.Second
	if err := c.Run(); err != nil {
		t.Fatal(err)
	}
	inner.Close()
	<-read
	return &seen
}

func TestSaysSoOnTheTerminalWhenATouchIsAwaited(t *testing.T) {
	token := fidotest.New(t)
	key := token.NewKey(t, "ed25519")
	for _, tt := range []struct {
		name string
		wait string
		want bool
	}{{"at once", "0", false}, {"late", "900", true}} {
		text := messageFile(t)
		c := wrapped(t, token, []string{"FIDO_TOUCH_MS=" + tt.wait}, "-Y", "sign", "-n", "git", "-f", key+".pub", text)
		seen := terminal(t, c).String()
		if said := strings.Contains(seen, "touch your security key"); said != tt.want {
			t.Errorf("%s: the terminal received %q", tt.name, seen)
		}
		if _, err := os.Stat(text + ".sig"); err != nil {
			t.Errorf("%s: no signature: %v", tt.name, err)
		}
	}
}

// A key in a file that takes long (its passphrase is being typed) is not
// taken for a token.
func TestNoWordForAKeyInAFile(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, name := range []string{key, key + ".pub"} {
		if said := message([]string{"-Y", "sign", "-f", name}); said != "" {
			t.Errorf("%s: %q", name, said)
		}
	}
	if message([]string{"-Y", "sign"}) == "" {
		t.Error("nothing is said of a key that cannot be looked at")
	}
}

func TestWorksWithoutATerminal(t *testing.T) {
	token := fidotest.New(t)
	key := token.NewKey(t, "ed25519")
	text := messageFile(t)
	c := wrapped(t, token, []string{"FIDO_TOUCH_MS=900"}, "-Y", "sign", "-n", "git", "-f", key+".pub", text)
	out, err := c.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Write signature to") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestStreamsAndExitCodesAreSSHKeygens(t *testing.T) {
	token := fidotest.New(t)
	key := token.NewKey(t, "ed25519")
	for _, args := range [][]string{
		{"-Y", "sign", "-n", "git", "-f", key + ".pub"},                       // signs standard input
		{"-Y", "sign", "-n", "git", "-f", "/nonexistent"},                     // fails
		{"-Y", "check-novalidate", "-n", "git", "-s", "/nonexistent"},         // replaced by exec
		{"-Y", "find-principals", "-s", "/nonexistent", "-f", "/nonexistent"}, // replaced by exec
		{"-Y"},
	} {
		ours, theirs := wrapped(t, token, nil, args...), exec.Command("ssh-keygen", args...)
		theirs.Env = append(os.Environ(), token.Env...)
		var texts [2]string
		var codes [2]int
		for i, c := range []*exec.Cmd{ours, theirs} {
			var out, diag bytes.Buffer
			c.Stdin, c.Stdout, c.Stderr = strings.NewReader("m"), &out, &diag
			_ = c.Run() // its code is compared
			first, _, _ := strings.Cut(out.String(), "\n")
			texts[i], codes[i] = first+diag.String(), c.ProcessState.ExitCode()
		}
		if texts[0] != texts[1] || codes[0] != codes[1] {
			t.Errorf("%q: %d %q, ssh-keygen itself %d %q", args, codes[0], texts[0], codes[1], texts[1])
		}
	}
}

func TestSignalsReachSSHKeygen(t *testing.T) {
	token := fidotest.New(t)
	key := token.NewKey(t, "ed25519")
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGKILL} {
		text := messageFile(t)
		c := wrapped(t, token, []string{"FIDO_TOUCH_MS=20000"}, "-Y", "sign", "-n", "git", "-f", key+".pub", text)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		child := awaitChild(t, c.Process.Pid)
		_ = c.Process.Signal(s)
		_ = c.Wait() // its state is looked at
		if status := c.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != s {
			t.Errorf("%v: ended as %v", s, c.ProcessState)
		}
		for deadline := time.Now().Add(5 * time.Second); alive(child); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%v: ssh-keygen %d still waits for a touch", s, child)
			}
		}
	}
}

// awaitChild is the process id of the one child of pid.
func awaitChild(t *testing.T, pid int) int {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
		for _, name := range tasks {
			text, _ := os.ReadFile(name)
			if child, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
				return child
			}
		}
	}
	t.Fatal("the wrapper started nothing")
	return 0
}

func alive(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(text), ") Z ")
}

// Without a terminal the desktop is told; what its program does or fails at
// does not touch the signature.
func TestNotifiesWithoutATerminal(t *testing.T) {
	token := fidotest.New(t)
	key := token.NewKey(t, "ed25519")
	folder := t.TempDir()
	told := filepath.Join(folder, "told")
	script := "#!/bin/sh\necho \"$@\" > " + told + "\necho noise; echo noise >&2; exit 3\n"
	if err := os.WriteFile(filepath.Join(folder, "notify-send"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	env := []string{"FIDO_TOUCH_MS=1500", "DISPLAY=:0", "PATH=" + folder + ":" + os.Getenv("PATH")}
	c := wrapped(t, token, env, "-Y", "sign", "-n", "git", "-f", key+".pub", messageFile(t))
	out, err := c.CombinedOutput()
	if err != nil || strings.Contains(string(out), "noise") {
		t.Errorf("%v: %s", err, out)
	}
	text, err := os.ReadFile(told)
	if err != nil || !strings.Contains(string(text), "touch your security key") {
		t.Errorf("the desktop was told %q, %v", text, err)
	}
}
