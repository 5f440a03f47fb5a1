//go:build linux

package main

import (
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/testdata/sandbox/ledger"
)

// pod is a gateway in the shape that Pod Security "restricted" asks for.
const pod = `
apiVersion: v1
kind: Pod
metadata: {name: gateway, namespace: clawql, labels: {app: gateway}}
spec:
  volumes: [{name: state, emptyDir: {}}]
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: gateway
    image: %s
    volumeMounts: [{name: state, mountPath: /home/nonroot/.clawql}]
    ports: [{containerPort: 8080}]
    resources: {requests: {cpu: "4", memory: 8Gi}}
    readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}
    securityContext: {readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
---
apiVersion: v1
kind: Service
metadata: {name: gateway, namespace: clawql}
spec: {selector: {app: gateway}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: gateway, namespace: clawql}
spec:
  parentRefs: [{name: clawql, namespace: clawql-gateway}]
  rules: [{backendRefs: [{name: gateway, port: 80}]}]
`

// One life of a sandbox: real Kubernetes, real pod, real path of a request, and nothing left.
func TestLife(t *testing.T) {
	b := newBox(t, "life")
	t.Logf("%s", b.must("up"))
	status := b.status()
	if !status.Ready || status.Mode != "real" || status.KubernetesVersion != "v1.35.4" {
		t.Fatalf("status: %+v", status)
	}
	if version := b.kubectl("", "version"); !strings.Contains(version, "Server Version: v1.35.4") {
		t.Errorf("kubectl version:\n%s", version)
	}
	image := strings.TrimSpace(b.must("image", "--version", "1.0.0"))
	if again := strings.TrimSpace(b.must("image", "--version", "1.0.0")); again != image {
		t.Errorf("the same version has digests %s and %s", image, again)
	}
	b.kubectl("", "create", "namespace", "clawql")
	b.kubectl("", "label", "namespace", "clawql", "pod-security.kubernetes.io/enforce=restricted")
	b.kubectl(fmt.Sprintf(pod, image), "apply", "-f", "-")
	b.kubectl("", "-n", "clawql", "wait", "--for=condition=Ready", "--timeout=60s", "pod/gateway")
	if id := b.kubectl("", "-n", "clawql", "get", "pod", "gateway", "-o", "jsonpath={.status.containerStatuses[0].containerID}"); !strings.HasPrefix(id, "containerd://") {
		t.Errorf("container id %q", id)
	}
	t.Run("request travels to the pod", func(t *testing.T) { get(t, status.Gateway.URL+"/healthz", `"version":"1.0.0"`) })
	t.Run("logs follow", func(t *testing.T) { follow(t, b) })
	t.Run("port-forward", func(t *testing.T) { forward(t, b) })
	t.Run("pods reach the API server", func(t *testing.T) { reachAPIServer(t, b) })
	t.Run("listens on loopback and its bridge only", func(t *testing.T) { wantLocal(t, b) })
	b.wantSeen()
	b.must("down")
	b.wantNothingLeft()
	if out := b.must("down"); !strings.Contains(out, "nothing to take down") {
		t.Errorf("the second down says %q", out)
	}
}

// get asks until the answer holds want: a new route takes a moment to be in force.
func get(t *testing.T, url, want string) {
	t.Helper()
	var last string
	for range 100 {
		response, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if last = response.Status + " " + string(body); strings.Contains(last, want) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("GET %s: %s; want %s", url, last, want)
}

// follow reads the pod's first log line through API server and kubelet.
func follow(t *testing.T, b *box) {
	cmd := exec.Command(b.bin+"/kubectl", "-n", "clawql", "logs", "-f", "gateway")
	cmd.Env = append(os.Environ(), "KUBECONFIG="+b.dir()+"/kubeconfig")
	wantOutput(t, cmd, "clawql-mcp-http")
}

func forward(t *testing.T, b *box) {
	cmd := exec.Command(b.bin+"/kubectl", "-n", "clawql", "port-forward", "gateway", ":8080")
	cmd.Env = append(os.Environ(), "KUBECONFIG="+b.dir()+"/kubeconfig")
	line := wantOutput(t, cmd, "127.0.0.1:")
	address, _, _ := strings.Cut(line[strings.Index(line, "127.0.0.1:"):], " ")
	get(t, "http://"+address+"/healthz", `"version":"1.0.0"`)
}

// wantOutput starts a command that does not end and reads until want is in its output. The
// command is ended with the test.
func wantOutput(t *testing.T, cmd *exec.Cmd, want string) string {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	limit := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	t.Cleanup(func() { limit.Stop(); _ = cmd.Process.Kill(); _ = cmd.Wait() })
	var read strings.Builder
	for buffer := make([]byte, 4096); !strings.Contains(read.String(), want); {
		n, err := out.Read(buffer)
		read.Write(buffer[:n])
		if err != nil {
			t.Fatalf("%v ended with %q, without %q", cmd.Args, read.String(), want)
		}
	}
	return read.String()
}

// wantLocal looks at all listening sockets of the sandbox's processes.
func wantLocal(t *testing.T, b *box) {
	_, pods, err := net.ParseCIDR(b.status().PodCIDR)
	if err != nil {
		t.Fatal(err)
	}
	_, own, _ := net.ParseCIDR(pods.IP.String() + "/23") // pods and Services
	out, err := exec.Command("ss", "-Hltnp").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for name, pid := range b.status().Pids {
		for _, line := range strings.Split(string(out), "\n") {
			if !strings.Contains(line, fmt.Sprintf("pid=%d,", pid)) {
				continue
			}
			seen++
			host, _, err := net.SplitHostPort(strings.Fields(line)[3])
			if ip := net.ParseIP(host); err != nil || !(ip.IsLoopback() || own.Contains(ip)) {
				t.Errorf("%s listens on %s", name, host)
			}
		}
	}
	if seen < 8 {
		t.Errorf("only %d listening sockets were seen; is ss reading them?", seen)
	}
}

// Whatever is killed, and whenever: down clears it away.
func TestDownAfterKill(t *testing.T) {
	for _, after := range []time.Duration{20, 60, 200, 1000, 3000, 4500} {
		t.Run(fmt.Sprintf("up after %d ms", after), func(t *testing.T) {
			b := newBox(t, fmt.Sprint(int(after)))
			up := exec.Command(b.bin+"/sandbox", "up", "--name", b.name)
			if err := up.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(after * time.Millisecond)
			_ = up.Process.Kill()
			_ = up.Wait()
			b.must("down")
			b.wantNothingLeft()
		})
	}
	t.Run("everything", func(t *testing.T) {
		b := newBox(t, "all")
		b.must("up")
		l, err := ledger.Load(b.dir())
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"containerd", "kubelet"} { // first the ones with children
			kill(t, b.status().Pids[name])
		}
		kill(t, l.Keeper.PID)
		b.must("down")
		b.wantNothingLeft()
	})
}

func kill(t *testing.T, pid int) {
	t.Helper()
	process, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Kill(); err != nil {
		t.Fatalf("kill %d: %v", pid, err)
	}
}

// Two sandboxes share nothing, and one's end is not the other's.
func TestTwoBesideEachOther(t *testing.T) {
	a, b := newBox(t, "a"), newBox(t, "b")
	a.must("up")
	b.must("up")
	one, two := a.status(), b.status()
	if one.Bridge == two.Bridge || one.PodCIDR == two.PodCIDR || one.APIServer == two.APIServer || one.Registry == two.Registry || one.Gateway.URL == two.Gateway.URL {
		t.Errorf("they share:\n%+v\n%+v", one, two)
	}
	a.must("down")
	a.wantNothingLeft()
	if after := b.status(); !after.Ready {
		t.Errorf("the other one after the first's end: %+v", after)
	}
	if _, err := b.sandbox("up"); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("a second up says %v", err)
	}
	b.must("down")
	b.wantNothingLeft()
}

// A folder of one's own is found by name, and goes with the link that leads to it.
func TestOwnFolder(t *testing.T) {
	b := newBox(t, "dir")
	dir := filepath.Join(t.TempDir(), "box")
	if err := os.Symlink(dir, b.dir()); err != nil { // what an up leaves that was killed at once
		t.Fatal(err)
	}
	b.must("up", "--dir", dir)
	if s := b.status(); s.Dir != dir || !s.Ready {
		t.Errorf("status: %+v", s)
	}
	b.must("down")
	b.wantNothingLeft()
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("left behind: %s (%v)", dir, err)
	}
}

// reachAPIServer asks kubernetes.default.svc from within a pod's network namespace: it answers
// there, though there is no kube-proxy, so that a guard may run in the cluster.
func reachAPIServer(t *testing.T, b *box) {
	address := b.kubectl("", "get", "service", "kubernetes", "-o", "jsonpath={.spec.clusterIP}")
	inPod := func(args ...string) (string, error) {
		network := fmt.Sprintf("--net=/proc/%d/ns/net", podProcess(t, b))
		out, err := exec.Command("nsenter", append([]string{network}, args...)...).CombinedOutput()
		return string(out), err
	}
	if links, err := inPod("ip", "-brief", "link"); err != nil || strings.Contains(links, b.status().Bridge) {
		t.Fatalf("not in a pod's network: %v\n%s", err, links)
	}
	out, err := inPod(b.bin+"/kubectl", "--kubeconfig", b.dir()+"/kubeconfig", "--server", "https://"+address,
		"--tls-server-name", "kubernetes.default.svc", "--request-timeout=10s", "get", "--raw", "/readyz")
	if err != nil || out != "ok" {
		t.Errorf("the API server says %q, %v", out, err)
	}
}

// podProcess is a process of a pod, as the host counts.
func podProcess(t *testing.T, b *box) int {
	t.Helper()
	found := 0
	for _, root := range append(glob("/sys/fs/cgroup/pids/*"+b.name), glob("/sys/fs/cgroup/*"+b.name)...) {
		_ = filepath.WalkDir(root, func(path string, _ fs.DirEntry, _ error) error {
			if data, err := os.ReadFile(filepath.Join(path, "cgroup.procs")); err == nil && len(data) > 0 {
				_, _ = fmt.Sscan(string(data), &found)
			}
			return nil
		})
	}
	if found == 0 {
		t.Fatal("no pod's process in the sandbox's cgroup")
	}
	return found
}
