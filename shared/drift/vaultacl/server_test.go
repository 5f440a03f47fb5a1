package vaultacl

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// server is a real Vault on a unix socket, with a KV version 1 at kv/. Its
// program is testdata/sandbox/vault, which `make test-drift-oracle` builds.
type server struct {
	client *http.Client
	root   string
}

func startServer(t *testing.T) *server {
	t.Helper()
	program := os.Getenv("CLAWQL_ORACLE_VAULT")
	if program == "" {
		if cases(0, 1) == 1 {
			t.Fatal("CLAWQL_REQUIRE asks for the oracle, but CLAWQL_ORACLE_VAULT names no program")
		}
		t.Skip("CLAWQL_ORACLE_VAULT names no program: make test-drift-oracle builds it")
	}
	dir, err := os.MkdirTemp("", "vaultacl") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	s := &server{client: &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}}}
	s.run(t, program, dir, socket)
	s.open(t)
	return s
}

func (s *server) run(t *testing.T, program, dir, socket string) {
	t.Helper()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf(`disable_mlock = true
disable_clustering = true
storage "inmem" {}
listener "unix" {
  address = %q
  socket_mode = "0600"
  socket_user = %q
  socket_group = %q
}
`, socket, me.Uid, me.Gid)
	file := filepath.Join(dir, "c.hcl")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program, "server", "-config", file)
	command.Stdout, command.Stderr = log, log
	command.Env = []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH")}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		_ = log.Close()
	})
}

// open waits for the server, initializes and unseals it, and mounts kv/.
func (s *server) open(t *testing.T) {
	t.Helper()
	var keys struct {
		Keys  []string `json:"keys"`
		Token string   `json:"root_token"`
	}
	body := map[string]any{"secret_shares": 1, "secret_threshold": 1}
	deadline := time.Now().Add(60 * time.Second)
	for {
		if status, err := s.call("", "PUT", "sys/init", body, &keys, 0); err == nil && status == http.StatusOK {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("the server does not come up: %d %v", status, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.root = keys.Token
	s.must(t, "PUT", "sys/unseal", map[string]any{"key": keys.Keys[0]}, nil)
	for {
		status, err := s.call(s.root, "POST", "sys/mounts/kv", map[string]any{"type": "kv", "options": map[string]any{"version": "1"}}, nil, 0)
		if err == nil && status == http.StatusNoContent {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("mounting kv: %d %v", status, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// call is one request; its answer goes into result where it is one.
func (s *server) call(token, method, path string, body, result any, wrap time.Duration) (int, error) {
	address := "http://vault/v1/" + path
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return 0, err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, address, content)
	if err != nil {
		return 0, err
	}
	request.Header.Set("X-Vault-Token", token)
	request.Header.Set("X-Vault-Request", "true")
	if method == "PATCH" {
		request.Header.Set("Content-Type", "application/merge-patch+json")
	}
	if wrap > 0 {
		request.Header.Set("X-Vault-Wrap-TTL", wrap.String())
	}
	response, err := s.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err == nil && result != nil && response.StatusCode == http.StatusOK {
		err = json.Unmarshal(text, result)
	}
	return response.StatusCode, err
}

func (s *server) must(t *testing.T, method, path string, body, result any) {
	t.Helper()
	if status, err := s.call(s.root, method, path, body, result, 0); err != nil || status >= 300 {
		t.Fatalf("%s %s as root: %d %v", method, path, status, err)
	}
}

// token with one policy of this text, and nothing else.
func (s *server) token(t *testing.T, name string, policies []Policy) string {
	t.Helper()
	var names []string
	for i, p := range policies {
		names = append(names, fmt.Sprintf("%s-%d", name, i))
		if p.Text == "" { // Vault refuses that
			p.Text = `path "sys/nothing" { capabilities = ["deny"] }`
		}
		status, err := s.call(s.root, "PUT", "sys/policies/acl/"+names[i], map[string]any{"policy": p.Text}, nil, 0)
		if err != nil || status >= 300 {
			t.Fatalf("Vault refuses a policy (%d %v):\n%s", status, err, p.Text)
		}
	}
	var made struct {
		Auth struct {
			Token string `json:"client_token"`
		} `json:"auth"`
	}
	s.must(t, "POST", "auth/token/create", map[string]any{"policies": names, "no_default_policy": true, "ttl": "30m"}, &made)
	return made.Auth.Token
}

// askable: a real request can show it. Create needs a mount, which tells that
// nothing is there yet; the others have no request here.
func askable(r Request) bool {
	return r.Capability.isOperation() && r.Capability != Recover && (r.Capability != Create || mounted(r.Path))
}

func mounted(path string) bool { return strings.HasPrefix(path, "kv/") }

// allows asks for real where it can, else what Vault says of the token's
// capabilities. A refusal is 403; any other answer got past the policy.
func (s *server) allows(t *testing.T, token string, r Request) bool {
	t.Helper()
	if !askable(r) {
		return s.capable(t, token, r)
	}
	switch {
	case r.Capability == Create: // there is nothing yet
		s.must(t, "DELETE", r.Path, nil, nil)
	case r.Capability == Update && mounted(r.Path):
		s.must(t, "POST", r.Path, map[string]any{"there": "already"}, nil)
	}
	status, err := s.ask(token, r)
	if err != nil || status >= 500 {
		t.Fatalf("%s: %d %v", r, status, err)
	}
	return status != http.StatusForbidden
}

func (s *server) ask(token string, r Request) (int, error) {
	var body any
	if len(r.Data) > 0 {
		body = r.Data
	}
	switch r.Capability {
	case Read:
		query := url.Values{}
		for key, value := range r.Data {
			query.Set(key, value)
		}
		path := r.Path
		if len(query) > 0 {
			path += "?" + query.Encode()
		}
		return s.call(token, "GET", path, nil, nil, r.Wrap)
	case List:
		return s.call(token, "LIST", r.Path, nil, nil, r.Wrap)
	case Delete:
		return s.call(token, "DELETE", r.Path, nil, nil, r.Wrap)
	case Patch:
		return s.call(token, "PATCH", r.Path, body, nil, r.Wrap)
	}
	return s.call(token, "POST", r.Path, body, nil, r.Wrap)
}

func (s *server) capable(t *testing.T, token string, r Request) bool {
	t.Helper()
	var answer struct {
		Capabilities []string `json:"capabilities"`
	}
	path := r.Path
	if r.Capability == List {
		path += "/"
	}
	s.must(t, "POST", "sys/capabilities", map[string]any{"token": token, "paths": []string{path}}, &answer)
	for _, c := range answer.Capabilities {
		if c == string(r.Capability) {
			return true
		}
	}
	return false
}
