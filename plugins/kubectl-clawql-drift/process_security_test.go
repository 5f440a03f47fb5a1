package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/console"
)

// TestMain is the command itself, where a test starts it as a process.
func TestMain(m *testing.M) {
	if os.Getenv("CLAWQL_TEST_DOORWAY") != "" {
		os.Exit(doorway(os.Args, console.Standard()))
	}
	os.Exit(m.Run())
}

// process is the command as a process of its own, behind a shell that prepares
// it, with an environment that a person who looks for trouble would set.
func process(t *testing.T, prepare string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	c := exec.Command("sh", append([]string{"-c", prepare + `; exec "$0" "$@"`, os.Args[0]}, args...)...)
	home := t.TempDir()
	c.Env = []string{
		"CLAWQL_TEST_DOORWAY=1", "PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home, "XDG_CACHE_HOME=" + home, "XDG_CONFIG_HOME=" + home, "XDG_DATA_HOME=" + home,
		"GODEBUG=http2debug=2,gctrace=0,tracebackancestors=5", "GOTRACEBACK=crash", "KUBE_LOG=9", "KUBECTL_LOG_LEVEL=9", "KUBECTL_V=9", "CLAWQL_LOG_LEVEL=debug", "DEBUG=*", "VERBOSE=9",
	}
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	return c, &said
}

// kubeconfig names a server, with a token that is a canary.
func kubeconfig(t *testing.T, server, token string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	put(t, file, fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q, insecure-skip-tls-verify: true}}]
users: [{name: u, user: {token: %s}}]
contexts: [{name: ctx, context: {cluster: c, user: u}}]
`, server, token))
	return file
}

// silentServer takes connections, says so, and never answers.
func silentServer(t *testing.T) (url string, asked chan struct{}) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	asked = make(chan struct{}, 100)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			defer connection.Close()
			asked <- struct{}{}
		}
	}()
	return "https://" + listener.Addr().String(), asked
}

// hanging starts a comparison that has read one side, with all its values, and
// waits for a server.
func hanging(t *testing.T, c *canaries, prepare string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	url, asked := silentServer(t)
	command, said := process(t, prepare, append(args, "--kubeconfig", kubeconfig(t, url, c.value("bearer token", "both")))...)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	select {
	case <-asked:
	case <-time.After(30 * time.Second):
		t.Fatal("it never connects")
	}
	return command, said
}

// Whatever ends the process in the middle, and however loud the runtime is told
// to be: no core, and no value in what it says.
func TestNoCoreInTheMiddleOfAComparison(t *testing.T) {
	c := newCanaries()
	leakySides(t, c)
	for _, signal := range []syscall.Signal{syscall.SIGABRT, syscall.SIGQUIT, syscall.SIGSEGV} {
		command, said := hanging(t, c, "ulimit -c unlimited", "--from", "dir:staging", "--to", "ctx/clawql")
		pid := command.Process.Pid
		if limit, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid)); err != nil || !strings.Contains(strings.Join(strings.Fields(string(limit)), " "), "Max core file size 0 0 ") {
			t.Errorf("limits %s %v", limit, err)
		}
		if err := command.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		var ended *exec.ExitError
		if err := command.Wait(); !errors.As(err, &ended) || ended.Sys().(syscall.WaitStatus).CoreDump() {
			t.Errorf("%v: %v", signal, err)
		}
		if cores, _ := filepath.Glob("core*"); len(cores) > 0 {
			t.Errorf("%v leaves %v", signal, cores)
		}
		c.none(t, signal.String(), said.String())
		if signal == syscall.SIGQUIT && !strings.Contains(said.String(), "goroutine ") {
			t.Errorf("no traces were written: %s", said)
		}
	}
}

// The process shows no value in its arguments or environment, and its memory
// belongs to root alone.
func TestNoValueInTheProcessList(t *testing.T) {
	c := newCanaries()
	leakySides(t, c)
	command, _ := hanging(t, c, ":", "--from", "dir:staging", "--to", "ctx/clawql", "--key", "key")
	dir := fmt.Sprintf("/proc/%d/", command.Process.Pid)
	for _, file := range []string{"cmdline", "environ", "comm", "status"} {
		text, err := os.ReadFile(dir + file)
		if err != nil && os.Geteuid() == 0 {
			t.Error(err)
		}
		c.none(t, file, string(text))
		if strings.Contains(string(text), "0123456789abcdef0123456789abcdef") {
			t.Errorf("%s holds the key", file)
		}
	}
	info, err := os.Stat(dir + "mem")
	if err != nil || info.Sys().(*syscall.Stat_t).Uid != 0 {
		t.Errorf("its memory: %+v %v", info, err)
	}
}

// A comparison writes no file: it may not, here, and nothing is left in any
// place where programs keep things.
func TestAComparisonWritesNoFile(t *testing.T) {
	c := newCanaries()
	leakySides(t, c)
	before := listing(t, ".")
	for _, args := range [][]string{{"-o", "table"}, {"-o", "html"}, {"-o", "json", "--key", "key"}} {
		command, said := process(t, "ulimit -f 0", append([]string{"--from", "dir:staging", "--to", "dir:production"}, args...)...)
		if err := command.Run(); command.ProcessState.ExitCode() != 1 {
			t.Errorf("%v: %v %s", args, err, said)
		}
		c.none(t, "the process", said.String())
		if left := listing(t, envOf(command, "HOME")); len(left) > 0 {
			t.Errorf("%v leaves %v", args, left)
		}
	}
	if after := listing(t, "."); strings.Join(after, " ") != strings.Join(before, " ") {
		t.Errorf("%v became %v", before, after)
	}
}

func envOf(c *exec.Cmd, name string) string {
	for _, one := range c.Env {
		if value, is := strings.CutPrefix(one, name+"="); is {
			return value
		}
	}
	return ""
}

func listing(t *testing.T, dir string) (names []string) {
	t.Helper()
	if err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if path != dir {
			names = append(names, path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return names
}

// Go's HTTP/2, told to be loud, writes headers and data: our process does not
// let it. The server counts that it was asked with the token at all.
func TestNoTokenInADebugLog(t *testing.T) {
	c := newCanaries()
	token := c.value("bearer token", "both")
	t.Chdir(t.TempDir())
	put(t, "good/all.yaml", goodFolder)
	asked := 0
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 && r.Header.Get("Authorization") == "Bearer "+token {
			asked++
		}
		http.Error(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"`+c.value("answer", "server")+`"}`, http.StatusForbidden)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	command, said := process(t, ":", "--from", "dir:good", "--to", "ctx/clawql", "--kubeconfig", kubeconfig(t, server.URL, token))
	_ = command.Run()
	if command.ProcessState.ExitCode() != 3 || asked == 0 {
		t.Errorf("exit %d, asked %d times\n%s", command.ProcessState.ExitCode(), asked, said)
	}
	c.none(t, "what it says", said.String(), "answer of server")
	if strings.Contains(said.String(), "http2:") {
		t.Errorf("a library's log is heard:\n%.600s", said)
	}
}

// Ctrl-C in the middle is 130, with one line, and nothing half written.
func TestInterruptedInTheMiddle(t *testing.T) {
	c := newCanaries()
	leakySides(t, c)
	for _, args := range [][]string{
		{"--from", "dir:staging", "--to", "ctx/clawql"}, {"--from", "dir:staging", "--to", "ctx/clawql", "-o", "html"}, {"snapshot", "ctx/clawql", "-o", "half.snap", "--unsigned"},
		{"fix", "--from", "dir:staging", "--to", "ctx/clawql"}, {"run", "--from", "dir:staging", "--to", "ctx/clawql", "--history", "file:h.json"}, {"rbac", "ctx/clawql"},
	} {
		for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
			command, said := hanging(t, c, ":", args...)
			if err := command.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			_ = command.Wait()
			if code := command.ProcessState.ExitCode(); code != 130 || strings.Count(said.String(), "\n") != 1 || !strings.Contains(said.String(), "interrupted") {
				t.Errorf("%v, %v: exit %d\n%s", args, signal, code, said)
			}
			for _, file := range []string{"half.snap", "half.snap.sig", "h.json"} {
				if _, err := os.Stat(file); err == nil {
					t.Errorf("%v, %v: %s was written", args, signal, file)
				}
			}
			if left, _ := filepath.Glob(".drift-snapshot-*"); len(left) > 0 {
				t.Errorf("%v is left", left)
			}
		}
	}
}
