package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// server is etcd and a kube-apiserver of the sandbox's program, on loopback, with
// no controller beside them: objects stay as they were made.
type server struct {
	dir, url, token, kubeconfig string
	client                      *http.Client
	children                    []*exec.Cmd
}

// contextName of the kubeconfig.
const contextName = "bench"

func startServer(kube, dir string) (*server, error) {
	s := &server{dir: dir, token: rand.Text(), kubeconfig: filepath.Join(dir, "kubeconfig")}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	ports, err := freePorts(3)
	if err != nil {
		return nil, err
	}
	key := filepath.Join(dir, "service-accounts.key")
	if err := writeKey(key); err != nil {
		return nil, err
	}
	tokens := filepath.Join(dir, "tokens.csv")
	if err := os.WriteFile(tokens, []byte(s.token+",bench,bench,system:masters\n"), 0o600); err != nil {
		return nil, err
	}
	etcd := fmt.Sprintf("http://127.0.0.1:%d", ports[0])
	peer := fmt.Sprintf("http://127.0.0.1:%d", ports[1])
	s.url = fmt.Sprintf("https://127.0.0.1:%d", ports[2])
	for _, argv := range [][]string{
		{kube, "etcd", "--name=bench", "--data-dir=" + filepath.Join(dir, "etcd"), "--unsafe-no-fsync", "--log-level=error", "--quota-backend-bytes=8589934592",
			"--listen-client-urls=" + etcd, "--advertise-client-urls=" + etcd, "--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=bench=" + peer},
		{kube, "kube-apiserver", "--etcd-servers=" + etcd, "--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", ports[2]), "--cert-dir=" + dir,
			"--token-auth-file=" + tokens, "--authorization-mode=Node,RBAC", "--anonymous-auth=false", "--service-cluster-ip-range=10.0.0.0/12",
			"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file=" + key, "--service-account-signing-key-file=" + key},
	} {
		if err := s.start(argv); err != nil {
			s.stop()
			return nil, err
		}
	}
	go s.stopWhenEnded()
	if err := s.ready(); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *server) start(argv []string) error {
	log, err := os.Create(filepath.Join(s.dir, argv[1]+".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	c := exec.Command(argv[0], argv[1:]...)
	c.Stdout, c.Stderr, c.SysProcAttr = log, log, &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		return err
	}
	s.children = append(s.children, c)
	return nil
}

// stopWhenEnded leaves nothing behind where somebody ends the benchmark.
func (s *server) stopWhenEnded() {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, os.Interrupt, syscall.SIGTERM)
	<-ended
	s.stop()
	_ = os.RemoveAll(filepath.Dir(s.dir))
	os.Exit(130)
}

// stop ends both; the API server first, as it waits for etcd otherwise.
func (s *server) stop() {
	for i := len(s.children) - 1; i >= 0; i-- {
		_ = s.children[i].Process.Kill()
		_ = s.children[i].Wait()
	}
}

// ready waits until the API server serves, and writes the kubeconfig.
func (s *server) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var err error
	for ctx.Err() == nil {
		time.Sleep(100 * time.Millisecond)
		var ca []byte
		if ca, err = os.ReadFile(filepath.Join(s.dir, "apiserver.crt")); err != nil {
			continue
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(ca)
		s.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 16}}
		if _, err = s.ask(http.MethodGet, "/readyz", "", nil); err == nil {
			return s.writeKubeconfig()
		}
	}
	log, _ := os.ReadFile(filepath.Join(s.dir, "kube-apiserver.log"))
	return fmt.Errorf("waiting for the API server: %w: %s", err, log[max(0, len(log)-1000):])
}

// ask makes one request and gives the body of the answer.
func (s *server) ask(method, path, content string, body []byte) ([]byte, error) {
	request, err := http.NewRequest(method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+s.token)
	request.Header.Set("Content-Type", content)
	answer, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s: %.300s", method, path, answer.Status, text)
	}
	return text, err
}

func (s *server) writeKubeconfig() error {
	return os.WriteFile(s.kubeconfig, []byte(strings.NewReplacer("URL", s.url, "CA", filepath.Join(s.dir, "apiserver.crt"), "TOKEN", s.token, "NAME", contextName).Replace(`apiVersion: v1
kind: Config
current-context: NAME
clusters: [{name: NAME, cluster: {server: "URL", certificate-authority: "CA"}}]
users: [{name: NAME, user: {token: "TOKEN"}}]
contexts: [{name: NAME, context: {cluster: NAME, user: NAME}}]
`)), 0o600)
}

func freePorts(n int) (ports []int, err error) {
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer listener.Close()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

func writeKey(path string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	text, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: text}), 0o600)
}

// eventually asks until there is an answer.
func (s *server) eventually(path string) error {
	var err error
	for range 300 {
		if _, err = s.ask(http.MethodGet, path, "", nil); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}
