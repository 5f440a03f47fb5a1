//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/clawql/clawql-workbench/testdata/sandbox/cluster"
)

// box is one sandbox of a test, run by the real programs in the root's bin folder.
type box struct {
	t    *testing.T
	name string
	bin  string
	tmp  string   // its temp folder
	user uint32   // who runs it
	env  []string // added to the test's own
}

// newBox gives a name to a sandbox and sees to it that it is down when the test ends. Without
// root or without the built programs the test is skipped, unless CLAWQL_REQUIRE names "cluster".
func newBox(t *testing.T, suffix string) *box {
	t.Helper()
	bin, err := filepath.Abs("../../bin")
	if err != nil {
		t.Fatal(err)
	}
	missing := ""
	if os.Geteuid() != 0 {
		missing = "needs root"
	}
	for _, program := range []string{"sandbox", "kube", "kubectl", "sandbox-pause", "sandbox-gateway"} {
		if _, err := os.Stat(filepath.Join(bin, program)); err != nil {
			missing = err.Error() + " (make -C testdata/sandbox)"
		}
	}
	switch {
	case missing != "" && strings.Contains(os.Getenv("CLAWQL_REQUIRE"), "cluster"):
		t.Fatal(missing)
	case missing != "":
		t.Skip(missing)
	}
	b := &box{t: t, name: fmt.Sprintf("it-%d-%s", os.Getpid(), suffix), bin: bin, tmp: os.TempDir()}
	t.Cleanup(func() { _, _ = b.sandbox("down") })
	return b
}

// nobody is the user "nobody" of Debian and most others.
const nobody = 65534

// asNobody makes the sandbox one of a user who may not have a real one, with programs and temp
// folder where that user can reach them.
func (b *box) asNobody(programs ...string) {
	b.t.Helper()
	tmp, err := os.MkdirTemp("", "it")
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = os.RemoveAll(tmp) })
	for _, program := range append(programs, "sandbox", "kubectl", "sandbox-gateway") {
		data, err := os.ReadFile(filepath.Join(b.bin, program))
		if err == nil {
			err = os.WriteFile(filepath.Join(tmp, program), data, 0o755)
		}
		if err != nil {
			b.t.Fatal(err)
		}
	}
	if err := os.Chown(tmp, nobody, nobody); err != nil {
		b.t.Fatal(err)
	}
	b.bin, b.tmp, b.user = tmp, tmp, nobody
	b.t.Cleanup(func() { _, _ = b.sandbox("down") })
}

// sandbox runs one verb for this sandbox.
func (b *box) sandbox(args ...string) (string, error) {
	cmd := exec.Command(filepath.Join(b.bin, "sandbox"), append(args, "--name", b.name)...)
	cmd.Env = append(append(os.Environ(), "TMPDIR="+b.tmp, "KUBECONFIG="), b.env...)
	if b.user != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: b.user, Gid: b.user}}
	}
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("sandbox %v: %w\n%s", args, err, complaint.String())
	}
	return out.String(), nil
}

// must is sandbox for what has to work.
func (b *box) must(args ...string) string {
	b.t.Helper()
	out, err := b.sandbox(args...)
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

func (b *box) status() *cluster.Status {
	b.t.Helper()
	s := new(cluster.Status)
	if err := json.Unmarshal([]byte(b.must("status", "-o", "json")), s); err != nil {
		b.t.Fatal(err)
	}
	return s
}

// kubectl runs the real one against this sandbox; input may be empty.
func (b *box) kubectl(input string, args ...string) string {
	b.t.Helper()
	cmd := exec.Command(filepath.Join(b.bin, "kubectl"), args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+filepath.Join(b.dir(), "kubeconfig"))
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.t.Fatalf("kubectl %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func (b *box) dir() string { return filepath.Join(b.tmp, filepath.Base(cluster.Folder(b.name))) }

// wantNothingLeft fails for every trace of this sandbox on the machine.
func (b *box) wantNothingLeft() {
	b.t.Helper()
	for kind, traces := range b.traces() {
		for _, trace := range traces {
			b.t.Errorf("left behind: %s %s", kind, trace)
		}
	}
	for _, veth := range orphans() {
		b.t.Errorf("left behind: veth %s", veth)
	}
}

// wantSeen fails when the search for traces finds none of a kind while the sandbox is up: it
// would find nothing afterwards either. Mounts are meant to be invisible even then.
func (b *box) wantSeen() {
	b.t.Helper()
	for kind, traces := range b.traces() {
		if (len(traces) == 0) != (kind == "mount") {
			b.t.Errorf("while up, the search for a %s finds %q", kind, traces)
		}
	}
}

func (b *box) traces() map[string][]string {
	return map[string][]string{
		"process": b.processes(),
		"mount":   b.lines("/proc/self/mountinfo"),
		"link":    glob("/sys/class/net/" + cluster.BridgeName(b.name)),
		"file":    glob(b.dir() + "*"),
		"cgroup":  append(glob("/sys/fs/cgroup/*"+b.name), glob("/sys/fs/cgroup/*/*"+b.name)...),
		"socket":  b.lines("/proc/net/unix"),
	}
}

// processes lists command lines that name this sandbox; its folder is in every daemon's.
func (b *box) processes() []string {
	var found []string
	for _, file := range glob("/proc/[0-9]*/cmdline") {
		line, _ := os.ReadFile(file)
		if bytes.Contains(line, []byte(b.name)) {
			found = append(found, file+" "+string(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
		}
	}
	return found
}

// lines are those of a file that name this sandbox.
func (b *box) lines(file string) []string {
	data, err := os.ReadFile(file)
	if err != nil {
		b.t.Fatal(err)
	}
	var found []string
	for _, line := range strings.Split(string(data), "\n") {
		if strings.Contains(line, b.name) {
			found = append(found, line)
		}
	}
	return found
}

// orphans are ends of veth pairs that hang on no bridge.
func orphans() []string {
	var found []string
	for _, link := range glob("/sys/class/net/veth*") {
		if _, err := os.Stat(link + "/master"); err != nil {
			found = append(found, link)
		}
	}
	return found
}

func glob(pattern string) []string {
	found, _ := filepath.Glob(pattern)
	return found
}
