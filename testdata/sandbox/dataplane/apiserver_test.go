package dataplane

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// apiServer is a real kube-apiserver on a real etcd, without nodes: the
// sandbox's multi-call binary, on loopback, everything in the test's folder.
type apiServer struct {
	t      *testing.T
	kube   string
	dir    string
	etcd   int // port
	port   int
	server *exec.Cmd
}

// kubeBinary finds bin/kube of the repository, or CLAWQL_KUBE. Without it the
// test is skipped, unless CLAWQL_REQUIRE names "kube".
func kubeBinary(t *testing.T) string {
	t.Helper()
	name := os.Getenv("CLAWQL_KUBE")
	if name == "" {
		name, _ = filepath.Abs("../../../bin/kube")
	}
	if _, err := os.Stat(name); err != nil {
		if slices.Contains(strings.Split(os.Getenv("CLAWQL_REQUIRE"), ","), "kube") {
			t.Fatalf("the sandbox's kube binary is required: %v", err)
		}
		t.Skipf("no kube binary (build the sandbox first): %v", err)
	}
	return name
}

func startAPIServer(t *testing.T) *apiServer {
	t.Helper()
	a := &apiServer{t: t, kube: kubeBinary(t), dir: t.TempDir(), etcd: freePort(t), port: freePort(t)}
	a.writeKeys()
	peer := fmt.Sprintf("http://127.0.0.1:%d", freePort(t))
	client := fmt.Sprintf("http://127.0.0.1:%d", a.etcd)
	a.run("etcd", "--data-dir", filepath.Join(a.dir, "etcd"), "--unsafe-no-fsync", "--log-level", "error",
		"--listen-client-urls", client, "--advertise-client-urls", client,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer)
	a.startServer()
	a.kubectl("apply", "--server-side", "-f", "../cluster/crds")
	a.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", "../cluster/crds")
	return a
}

// startServer starts kube-apiserver, or starts it again after stopServer.
func (a *apiServer) startServer() {
	a.t.Helper()
	file := func(name string) string { return filepath.Join(a.dir, name) }
	a.server = a.run("kube-apiserver", fmt.Sprintf("--etcd-servers=http://127.0.0.1:%d", a.etcd), "--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", a.port), "--cert-dir="+file("certs"),
		"--token-auth-file="+file("tokens.csv"), "--authorization-mode=AlwaysAllow", "--service-cluster-ip-range=10.98.0.0/24",
		"--service-account-issuer=https://test", "--service-account-key-file="+file("sa.key"), "--service-account-signing-key-file="+file("sa.key"),
		"--disable-admission-plugins=ServiceAccount", "--endpoint-reconciler-type=none")
	client, err := kubernetes.NewForConfig(a.config())
	if err != nil {
		a.t.Fatal(err)
	}
	for range 600 {
		if _, err = client.RESTClient().Get().AbsPath("/readyz").DoRaw(a.t.Context()); err == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	a.t.Fatalf("API server not ready in a minute: %v", err)
}

// stopServer kills the API server; etcd keeps what it knew.
func (a *apiServer) stopServer() {
	_ = a.server.Process.Kill()
	_ = a.server.Wait()
}

func (a *apiServer) config() *rest.Config {
	return &rest.Config{Host: fmt.Sprintf("https://127.0.0.1:%d", a.port), BearerToken: "token", QPS: -1,
		TLSClientConfig: rest.TLSClientConfig{Insecure: true}}
}

func (a *apiServer) kubectl(args ...string) {
	a.t.Helper()
	cmd := exec.CommandContext(a.t.Context(), a.kube, append([]string{"kubectl", "--server", a.config().Host, "--token=token",
		"--insecure-skip-tls-verify", "--kubeconfig=/dev/null", "--cache-dir=" + filepath.Join(a.dir, "cache")}, args...)...)
	if output, err := cmd.CombinedOutput(); err != nil {
		a.t.Fatalf("kubectl %v: %v\n%s", args, err, output)
	}
}

// run starts a component that ends with the test, whatever becomes of the test.
func (a *apiServer) run(args ...string) *exec.Cmd {
	a.t.Helper()
	cmd := exec.Command(a.kube, args...)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Dir = &output, &output, a.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if a.t.Failed() {
			text := output.Bytes()
			a.t.Logf("%s:\n%s", args[0], text[max(0, len(text)-2000):])
		}
	})
	return cmd
}

func (a *apiServer) writeKeys() {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	for name, data := range map[string][]byte{"sa.key": text, "tokens.csv": []byte("token,admin,admin,system:masters\n")} {
		if err := os.WriteFile(filepath.Join(a.dir, name), data, 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
