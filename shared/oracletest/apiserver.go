package oracletest

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Server is a real kube-apiserver v1.35.4 on a real etcd, without nodes and
// controllers, on loopback.
type Server struct {
	client *http.Client
	base   string
}

// APIServer starts one that ends with the test. Its program is bin/kube, which
// CLAWQL_KUBE names.
func APIServer(t *testing.T) *Server {
	t.Helper()
	kube := Path(t, "CLAWQL_KUBE", "oracle", "test-drift-oracle")
	dir := t.TempDir()
	serviceAccounts(t, dir)
	peer, client, port := freePort(t), freePort(t), freePort(t)
	run(t, dir, kube, "etcd", "--data-dir", filepath.Join(dir, "etcd"), "--unsafe-no-fsync", "--log-level", "error",
		"--listen-client-urls", client, "--advertise-client-urls", client,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer)
	run(t, dir, kube, "kube-apiserver", "--etcd-servers="+client, "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
		"--secure-port="+port[len("http://127.0.0.1:"):], "--cert-dir="+filepath.Join(dir, "certs"), "--token-auth-file="+filepath.Join(dir, "tokens.csv"),
		"--authorization-mode=AlwaysAllow", "--service-cluster-ip-range=10.98.0.0/24", "--service-account-issuer=https://test",
		"--service-account-key-file="+filepath.Join(dir, "sa.key"), "--service-account-signing-key-file="+filepath.Join(dir, "sa.key"),
		"--disable-admission-plugins=ServiceAccount", "--endpoint-reconciler-type=none", "--enable-priority-and-fairness=false", "--allow-privileged=true")
	s := &Server{base: "https" + port[len("http"):], client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		MaxIdleConnsPerHost: 16, ForceAttemptHTTP2: false, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // loopback, a certificate of its own
	}}}
	for range 600 {
		if status, _, err := s.Call("GET", "/readyz", nil); err == nil && status == http.StatusOK {
			return s
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("the API server is not ready after a minute")
	return nil
}

func serviceAccounts(t *testing.T, dir string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	for name, content := range map[string][]byte{"sa.key": text, "tokens.csv": []byte("token,somebody,1,system:masters\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// freePort is the URL of a port that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return fmt.Sprintf("http://127.0.0.1:%d", l.Addr().(*net.TCPAddr).Port)
}

// run starts a component that ends with the test, whatever becomes of it.
func run(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	command := exec.Command(program, args...)
	log, err := os.Create(filepath.Join(dir, args[0]+".log"))
	if err != nil {
		t.Fatal(err)
	}
	command.Stdout, command.Stderr, command.Dir = log, log, dir
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		_ = log.Close()
		if text, _ := os.ReadFile(log.Name()); t.Failed() && len(text) > 0 {
			t.Logf("%s: %s", args[0], text[max(0, len(text)-2000):])
		}
	})
}

// Call sends an object and gives the status and the answer.
func (s *Server) Call(method, path string, object any) (int, string, error) {
	body, err := json.Marshal(object)
	if err != nil {
		return 0, "", err
	}
	request, err := http.NewRequest(method, s.base+path, bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Authorization", "Bearer token")
	request.Header.Set("Content-Type", "application/json")
	answer, err := s.client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}
