package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// What a comparison of two real clusters says when it does not see all of
// them: never "equal".
func TestPartialSightOfTwoClusters(t *testing.T) {
	p := newPair(t)
	for i, context := range p.contexts { // the same subject on both sides is no drift
		p.apply(context, p.must("kubectl-clawql-drift", "rbac", context+"/clawql"))
		p.limited(t, i)
	}
	full := p.drifts()
	if full.code != 0 || full.Status != finding.Equal || len(full.Incomplete) > 0 || full.Objects < 20 {
		t.Fatalf("with the rights that `drift rbac` prints: %+v", full)
	}
	t.Run("no value of a Secret in any format", p.noValues)
	t.Run("snapshots", p.snapshots)
	t.Run("a namespace that is not there", func(t *testing.T) {
		got := p.drifts("--to", p.contexts[1]+"/elsewhere")
		if got.code != 3 || !strings.Contains(got.stderr, `elsewhere`) {
			t.Errorf("%+v", got)
		}
	})
	t.Run("the connection is cut", p.cut)
	t.Run("a kind of one side only", p.oneKind)
	t.Run("no right to list one kind", func(t *testing.T) {
		p.kubectl(0, "patch", "clusterrole", "clawql-drift-namespace", "--type=json", "-p", `[{"op":"replace","path":"/rules/0/resources","value":["pods"]}]`)
		got := p.drifts()
		if got.code != 3 || got.Status != finding.Incomplete || !strings.Contains(strings.Join(got.Incomplete, "\n"), "secrets in namespace clawql: no right to list") {
			t.Errorf("%+v", got)
		}
	})
	t.Run("an API group without a server", p.goneGroup)
}

// answer is one run of the command.
type answer struct {
	driftReport
	code           int
	stdout, stderr string
}

// run runs the command with arguments of its own, whatever the format.
func (p *pair) run(args ...string) answer {
	p.Helper()
	c := exec.Command(filepath.Join(p.bin, "kubectl-clawql-drift"), args...)
	var out, diagnostics strings.Builder
	c.Stdout, c.Stderr = &out, &diagnostics
	_ = c.Run()
	return answer{code: c.ProcessState.ExitCode(), stdout: out.String(), stderr: diagnostics.String()}
}

// drifts compares both sides as JSON; later flags win.
func (p *pair) drifts(args ...string) answer {
	p.Helper()
	got := p.run(append([]string{"--from", p.contexts[0] + "/clawql", "--to", p.contexts[1] + "/clawql", "-o", "json"}, args...)...)
	if err := json.Unmarshal([]byte(got.stdout), &got.driftReport); err != nil {
		p.Fatalf("%v\n%s%s", err, got.stdout, got.stderr)
	}
	return got
}

func (p *pair) kubectl(i int, args ...string) {
	p.Helper()
	out, err := exec.Command(filepath.Join(p.bin, "kubectl"), append([]string{"--kubeconfig", p.admin(i), "--context", p.contexts[i]}, args...)...).CombinedOutput()
	if err != nil {
		p.Fatalf("kubectl %v: %v\n%s", args, err, out)
	}
}

// admin is the kubeconfig of a cluster's owner, as the sandbox wrote it.
func (p *pair) admin(i int) string {
	var status struct{ Kubeconfig string }
	if err := json.Unmarshal([]byte(p.must("sandbox", "status", "--name", sandboxes[i], "-o", "json")), &status); err != nil {
		p.Fatal(err)
	}
	return status.Kubeconfig
}

// limited makes the context of a side that of the ServiceAccount clawql-drift.
func (p *pair) limited(t *testing.T, i int) {
	t.Helper()
	run := func(args ...string) string {
		out, err := exec.Command(filepath.Join(p.bin, "kubectl"), args...).CombinedOutput()
		if err != nil {
			t.Fatalf("kubectl %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	name, user := p.contexts[i], "limited-"+sandboxes[i]
	token := strings.TrimSpace(run("--kubeconfig", p.admin(i), "--context", name, "-n", "clawql-drift", "create", "token", "clawql-drift"))
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, []byte(run("--kubeconfig", p.admin(i), "config", "view", "--raw", "--minify", "--flatten", "--context", name)), 0o600); err != nil {
		t.Fatal(err)
	}
	run("--kubeconfig", file, "config", "set-credentials", user, "--token", token)
	run("--kubeconfig", file, "config", "set-context", name, "--user", user)
	files := strings.Split(os.Getenv("KUBECONFIG"), string(os.PathListSeparator))
	files[i] = file
	t.Setenv("KUBECONFIG", strings.Join(files, string(os.PathListSeparator)))
}

// noValues looks for the planted value in every format, of two sides whose
// Secrets differ; base64 included.
func (p *pair) noValues(t *testing.T) {
	p.apply2(0, strings.Replace(environment, "LTQ3MTE=", "LTQ3MTI=", 1))
	defer p.apply2(0, environment)
	for _, format := range []string{"table", "json", "yaml", "markdown", "sarif", "junit", "html"} {
		got := p.run("--from", p.contexts[0]+"/clawql", "--to", p.contexts[1]+"/clawql", "-o", format)
		if got.code != 1 || !strings.Contains(got.stdout, "providers") {
			t.Errorf("%s: exit %d, %s%s", format, got.code, got.stdout, got.stderr)
		}
		clean(t, format, got.stdout+got.stderr)
	}
}

func clean(t *testing.T, what, text string) {
	t.Helper()
	for _, planted := range []string{"canary", "Y2FuYXJ5", "63616e617279"} {
		if strings.Contains(text, planted) {
			t.Errorf("%s holds %s", what, planted)
		}
	}
}

// apply2 applies as the owner of the cluster.
func (p *pair) apply2(i int, manifests string) {
	p.Helper()
	c := exec.Command(filepath.Join(p.bin, "kubectl"), "--kubeconfig", p.admin(i), "--context", p.contexts[i], "apply", "--server-side", "--force-conflicts", "-f", "-")
	c.Stdin = strings.NewReader(manifests)
	if out, err := c.CombinedOutput(); err != nil {
		p.Fatalf("apply: %v\n%s", err, out)
	}
}

// snapshots of both sides are equal, to each other and to the other live side,
// and hold no value.
func (p *pair) snapshots(t *testing.T) {
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	if err := os.WriteFile(key, []byte(strings.Repeat("0123456789abcdef", 4)), 0o600); err != nil {
		t.Fatal(err)
	}
	files := [2]string{filepath.Join(dir, "a"), filepath.Join(dir, "b")}
	for i, file := range files {
		if got := p.run("snapshot", p.contexts[i]+"/clawql", "-o", file, "--key", key, "--unsigned"); got.code != 0 {
			t.Fatalf("%+v", got)
		}
		text, err := exec.Command("gzip", "-dc", file).Output()
		if err != nil {
			t.Fatal(err)
		}
		clean(t, "snapshot", string(text))
	}
	for _, sides := range [][2]string{
		{"file:" + files[0], "file:" + files[1]}, {"file:" + files[0], p.contexts[1] + "/clawql"}, {p.contexts[0] + "/clawql", "file:" + files[1]},
	} {
		if got := p.drifts("--from", sides[0], "--to", sides[1], "--key", key, "--unsigned"); got.code != 0 || got.Status != finding.Equal {
			t.Errorf("%v: %+v", sides, got)
		}
	}
}

// oneKind adds a CRD to one side, without an object of it, and the right to
// list it.
func (p *pair) oneKind(t *testing.T) {
	p.apply2(0, `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Gadget, plural: gadgets, singular: gadget}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
`)
	p.kubectl(0, "wait", "--for=condition=Established", "crd/gadgets.example.com", "--timeout=60s")
	for tries := 0; ; tries++ {
		got := p.drifts()
		if got.code == 3 && strings.Contains(strings.Join(got.Incomplete, "\n"), "gadgets.example.com in namespace clawql: no right to list") && strings.Contains(got.stdout, "has this kind") {
			return // the rights of yesterday do not hold it; that is said, and so is the kind
		}
		if tries == 60 { // discovery follows the CRD after a while
			t.Fatalf("%+v", got)
		}
		time.Sleep(time.Second)
	}
}

// goneGroup registers an API whose server is not there.
func (p *pair) goneGroup(t *testing.T) {
	p.apply2(1, `
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.gone.example.com}
spec: {group: gone.example.com, version: v1, groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true, service: {name: gone, namespace: clawql}}
`)
	for tries := 0; ; tries++ {
		got := p.drifts()
		if got.code == 3 && strings.Contains(strings.Join(got.Incomplete, "\n"), "API group gone.example.com/v1 does not answer") {
			return
		}
		if tries == 60 {
			t.Fatalf("%+v", got)
		}
		time.Sleep(time.Second)
	}
}

// cut ends every connection to one cluster after a part of the bytes that a
// whole reading takes.
func (p *pair) cut(t *testing.T) {
	wire := newWire(t, p.contexts[0])
	if got := p.drifts("--kubeconfig", wire.kubeconfig(t, p)); got.code != 0 {
		t.Fatalf("through a wire: %+v", got)
	}
	whole := wire.carried.Load()
	for _, part := range []int64{1, 3, 5, 7, 9} {
		wire.carried.Store(0)
		wire.most.Store(whole * part / 10)
		got := p.drifts("--kubeconfig", wire.kubeconfig(t, p))
		if got.code != 3 || got.Status == finding.Equal || !strings.HasPrefix(got.stderr, "kubectl clawql drift: error: ") {
			t.Errorf("cut after %d of %d bytes: %+v", whole*part/10, whole, got)
		}
		t.Logf("cut after %d of %d bytes: %s", whole*part/10, whole, strings.Split(got.stderr, "\n")[0])
	}
}

// wire carries bytes between the command and an API server, up to a number.
type wire struct {
	net.Listener
	target        string
	carried, most atomic.Int64
}

func newWire(t *testing.T, context string) *wire {
	t.Helper()
	out, err := exec.Command(kubectlOf(t), "config", "view", "--raw", "--minify", "--context", context, "-o", "jsonpath={.clusters[0].cluster.server}").Output()
	if err != nil {
		t.Fatal(err)
	}
	server, err := url.Parse(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	w := &wire{Listener: listener, target: server.Host}
	w.most.Store(1 << 40)
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go w.carry(client)
		}
	}()
	return w
}

func (w *wire) carry(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", w.target)
	if err != nil {
		return
	}
	defer server.Close()
	go func() { _, _ = io.Copy(server, client) }()
	buffer := make([]byte, 1024)
	for {
		n, err := server.Read(buffer)
		if err != nil || w.carried.Add(int64(n)) > w.most.Load() {
			return
		}
		if _, err := client.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// kubeconfig is that of the pair, with the first cluster behind the wire.
func (w *wire) kubeconfig(t *testing.T, p *pair) string {
	t.Helper()
	out, err := exec.Command(kubectlOf(t), "config", "view", "--raw", "--flatten").Output()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(out), "https://"+w.target, fmt.Sprintf("https://%s", w.Addr()))
	if text == string(out) {
		t.Fatalf("no cluster at %s", w.target)
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// kubectlOf is the kubectl beside the sandbox.
func kubectlOf(t *testing.T) string {
	t.Helper()
	return filepath.Join(filepath.Dir(os.Getenv("CLAWQL_SANDBOX")), "kubectl")
}
