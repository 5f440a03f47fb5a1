package vaultauth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// server is a real Vault on the loopback. It takes the address of a client from
// X-Forwarded-For, so that logins can come from anywhere.
type server struct {
	t       *testing.T
	address string
	root    string
	mounts  map[string]bool
	roles   int    // how many were written
	secure  string // where it speaks TLS, and looks at certificates of clients
	*authority
}

const elsewhere = "192.0.2.99"

func startServer(t *testing.T) *server {
	t.Helper()
	program := os.Getenv("CLAWQL_ORACLE_VAULT")
	if program == "" {
		if cases(0, 1) == 1 {
			t.Fatal("CLAWQL_REQUIRE asks for the oracle, but CLAWQL_ORACLE_VAULT names no program")
		}
		t.Skip("CLAWQL_ORACLE_VAULT names no program: make test-drift-oracle builds it")
	}
	dir := t.TempDir()
	s := &server{t: t, address: free(t), secure: free(t), mounts: map[string]bool{}, authority: newAuthority(t)}
	cert, key := s.files(dir)
	config := fmt.Sprintf(`disable_mlock = true
disable_clustering = true
storage "inmem" {}
listener "tcp" {
  address = %q
  tls_disable = true
  x_forwarded_for_authorized_addrs = "127.0.0.1"
  x_forwarded_for_reject_not_present = false
}
listener "tcp" {
  address = %q
  tls_cert_file = %q
  tls_key_file = %q
  x_forwarded_for_authorized_addrs = "127.0.0.1"
  x_forwarded_for_reject_not_present = false
}
`, s.address, s.secure, cert, key)
	file := filepath.Join(dir, "c.hcl")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program, "server", "-config", file)
	command.Env = []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH")}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	s.open()
	return s
}

func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// open waits for the server, initializes and unseals it, and writes the drawn
// policies.
func (s *server) open() {
	var keys struct {
		Keys  []string `json:"keys"`
		Token string   `json:"root_token"`
	}
	deadline := time.Now().Add(60 * time.Second)
	for {
		status, err := s.call("", "", "PUT", "sys/init", table{"secret_shares": 1, "secret_threshold": 1}, &keys)
		if err == nil && status == http.StatusOK {
			break
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("the server does not come up: %d %v", status, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.root = keys.Token
	s.must("PUT", "sys/unseal", table{"key": keys.Keys[0]}, nil)
	for {
		if status, err := s.call(s.root, "", "POST", "sys/mounts/kv", table{"type": "kv"}, nil); err == nil && status == http.StatusNoContent {
			break
		} else if time.Now().After(deadline) {
			s.t.Fatalf("mounting kv: %d %v", status, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	for _, p := range drawnPolicies {
		s.must("PUT", "sys/policies/acl/"+p.Name, table{"policy": p.Text}, nil)
	}
	for _, name := range []string{"p", "q", "pq/x", "default"} { // what is there is updated, not created
		s.must("PUT", "kv/"+name, table{"x": "y"}, nil)
	}
	s.must("PUT", "sys/policies/acl/maker", table{"policy": `path "auth/token/create/*" { capabilities = ["update"] }`}, nil)
}

// call is one request, from an address where one is given.
func (s *server) call(token, from, method, path string, body, result any) (int, error) {
	return s.send(http.DefaultClient, "http://"+s.address, token, from, method, path, body, result)
}

func (s *server) send(client *http.Client, base, token, from, method, path string, body, result any) (int, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return 0, err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(s.t.Context(), method, base+"/v1/"+path, content)
	if err != nil {
		return 0, err
	}
	request.Header.Set("X-Vault-Token", token)
	request.Header.Set("X-Vault-Request", "true")
	if from != "" {
		request.Header.Set("X-Forwarded-For", from)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err == nil && result != nil && response.StatusCode == http.StatusOK {
		err = json.Unmarshal(text, result)
	}
	if response.StatusCode >= 500 {
		return response.StatusCode, fmt.Errorf("%s", text)
	}
	return response.StatusCode, err
}

func (s *server) must(method, path string, body, result any) {
	s.t.Helper()
	if status, err := s.call(s.root, "", method, path, body, result); err != nil || status >= 300 {
		s.t.Fatalf("%s %s as root: %d %v", method, path, status, err)
	}
}

// data of a path, as `vault read -format=json` has it.
func (s *server) data(path string) table {
	s.t.Helper()
	var answer struct {
		Data table `json:"data"`
	}
	s.must("GET", path, nil, &answer)
	return answer.Data
}
