// Package vaulttest starts a real Vault for tests: the program that
// CLAWQL_VAULT names, which `make vault` builds.
package vaulttest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Options say how the server stores and listens; the zero value stores in
// memory and listens on a loopback port without TLS.
type Options struct {
	Stored bool // on a disk (raft), not in memory as a development server; two seconds slower
	Socket bool // listen on a unix socket
	TLS    bool
	Shares int // of the unseal key, 1 by default; all of them are needed
}

// Server is a running one, unsealed, and its root token.
type Server struct {
	testing.TB
	Address string // as clawql.yaml has it
	CA      string // PEM of who signed its certificate
	Root    string
	Keys    []string
	client  *http.Client
	url     string
	ended   chan struct{}
}

// Program is the one to start. Without it the test is skipped, or fails where
// CLAWQL_REQUIRE names vault.
func Program(t testing.TB) string {
	t.Helper()
	path := os.Getenv("CLAWQL_VAULT")
	if path == "" {
		if strings.Contains(os.Getenv("CLAWQL_REQUIRE"), "vault") {
			t.Fatal("CLAWQL_REQUIRE asks for vault, but CLAWQL_VAULT names no program")
		}
		t.Skip("CLAWQL_VAULT names no vault: make vault builds one")
	}
	return path
}

// Start starts a server for the time of the test.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	program := Program(t)
	dir, err := os.MkdirTemp("", "vault") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &Server{TB: t, client: &http.Client{Timeout: 20 * time.Second}}
	listener := s.listener(dir, o)
	settings := map[string]any{"disable_mlock": true, "api_addr": "http://127.0.0.1:0", "listener": listener}
	if !o.Stored {
		settings["storage"], settings["disable_clustering"] = map[string]any{"inmem": map[string]any{}}, true
	} else {
		settings["storage"], settings["cluster_addr"] = map[string]any{"raft": map[string]any{"path": dir, "node_id": "one", "performance_multiplier": "1"}}, "https://"+FreePort(t)
	}
	config, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "config.json")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		t.Fatal(err)
	}
	s.run(program, file, dir)
	s.open(max(o.Shares, 1))
	return s
}

// listener is its configuration; it also sets how to reach it.
func (s *Server) listener(dir string, o Options) map[string]any {
	if o.Socket {
		me, err := user.Current()
		if err != nil {
			s.Fatal(err)
		}
		socket := filepath.Join(dir, "s")
		s.Address, s.url = "unix://"+socket, "http://localhost"
		s.client.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}}
		return map[string]any{"unix": map[string]any{"address": socket, "socket_mode": "0600", "socket_user": me.Uid, "socket_group": me.Gid}}
	}
	address := FreePort(s)
	tcp := map[string]any{"address": address, "tls_disable": !o.TLS}
	s.Address = "http://" + address
	if o.TLS {
		var certificate, key string
		s.CA, certificate, key = Certificates(s, dir)
		tcp["tls_cert_file"], tcp["tls_key_file"] = certificate, key
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM([]byte(s.CA))
		s.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
		s.Address = "https://" + address
	}
	s.url = s.Address
	return map[string]any{"tcp": tcp}
}

// FreePort is a loopback address on which nobody listens.
func FreePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (s *Server) run(program, config, home string) {
	s.Helper()
	log := &bytes.Buffer{}
	command := exec.Command(program, "server", "-config="+config)
	command.Stdout, command.Stderr = log, log
	command.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}
	if err := command.Start(); err != nil {
		s.Fatal(err)
	}
	s.ended = make(chan struct{})
	go func() {
		_ = command.Wait()
		close(s.ended)
	}()
	s.Cleanup(func() {
		_ = command.Process.Kill()
		<-s.ended
		if s.Failed() {
			s.Logf("vault: %s", log)
		}
	})
}

// open waits for the server, initializes and unseals it.
func (s *Server) open(shares int) {
	s.Helper()
	var made struct {
		Keys  []string `json:"keys"`
		Token string   `json:"root_token"`
	}
	deadline := time.Now().Add(60 * time.Second)
	for {
		status, err := s.Call("", "PUT", "sys/init", map[string]any{"secret_shares": shares, "secret_threshold": shares}, &made)
		if err == nil && status == http.StatusOK {
			break
		}
		if time.Now().After(deadline) {
			s.Fatalf("vault does not come up: %d %v", status, err)
		}
		select {
		case <-s.ended:
			s.Fatal("vault has ended")
		case <-time.After(50 * time.Millisecond):
		}
	}
	s.Root, s.Keys = made.Token, made.Keys
	for _, key := range made.Keys {
		s.Do("PUT", "sys/unseal", map[string]any{"key": key})
	}
	for { // it is not active at once
		if status, err := s.Call(s.Root, "GET", "sys/auth", nil, nil); err == nil && status == http.StatusOK {
			return
		} else if time.Now().After(deadline) {
			s.Fatalf("vault does not become active: %d %v", status, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Call is one request; the answer goes into result where there is one.
func (s *Server) Call(token, method, path string, body, result any) (status int, err error) {
	content := []byte(nil)
	if body != nil {
		if content, err = json.Marshal(body); err != nil {
			return 0, err
		}
	}
	request, err := http.NewRequest(method, s.url+"/v1/"+path, bytes.NewReader(content))
	if err != nil {
		return 0, err
	}
	request.Header.Set("X-Vault-Request", "true")
	if token != "" {
		request.Header.Set("X-Vault-Token", token)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= 400 {
		return response.StatusCode, fmt.Errorf("%s", bytes.TrimSpace(text))
	}
	if err == nil && result != nil {
		err = json.Unmarshal(text, result)
	}
	return response.StatusCode, err
}

// Do is a request of root that has to succeed.
func (s *Server) Do(method, path string, body any) {
	s.Helper()
	if _, err := s.Call(s.Root, method, path, body, nil); err != nil {
		s.Fatalf("%s %s: %v", method, path, err)
	}
}

// Token makes one with a policy of this text and nothing else.
func (s *Server) Token(name, policy string) string {
	s.Helper()
	s.Do("PUT", "sys/policies/acl/"+name, map[string]any{"policy": policy})
	var made struct {
		Auth struct {
			Token string `json:"client_token"`
		} `json:"auth"`
	}
	_, err := s.Call(s.Root, "POST", "auth/token/create", map[string]any{"policies": []string{name}, "no_default_policy": true, "ttl": "30m"}, &made)
	if err != nil {
		s.Fatal(err)
	}
	return made.Auth.Token
}
