package vaultread

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/project"
	"github.com/clawql/clawql-workbench/shared/vaultread/vaulttest"
)

// fails reads what cannot be read, and holds the one error against what it
// should say. No token is in it.
func fails(t *testing.T, s Source, code int, says string) {
	t.Helper()
	r, err := Read(t.Context(), s)
	if err == nil || fault.Code(err) != code || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hvs.") {
		t.Errorf("%v (exit %d), %+v; want %d: %s", err, fault.Code(err), r, code, says)
	}
}

// One clear error for what ends a reading, on the real server.
func TestErrorsOfTheServer(t *testing.T) {
	s := vaulttest.Start(t, vaulttest.Options{TLS: true})
	other, _, _ := vaulttest.Certificates(t, t.TempDir())
	wrong := source(s, s.Root)
	wrong.CACert = other
	fails(t, wrong, fault.CodeUnable, "certificate signed by unknown authority")
	wrong.CACert = ""
	fails(t, wrong, fault.CodeUnable, "certificate signed by unknown authority")
	name := source(s, s.Root)
	name.Address = strings.Replace(s.Address, "127.0.0.1", "localhost", 1)
	fails(t, name, fault.CodeUnable, "certificate is not valid")
	plain := source(s, s.Root)
	plain.Address, plain.CACert = strings.Replace(s.Address, "https", "http", 1), ""
	fails(t, plain, fault.CodeUnable, "ask whether it is unsealed")

	fails(t, source(s, "hvs.nobody"), fault.CodeUnable, "does not know the token")
	expired := s.Token("short", Rights)
	s.Do("POST", "auth/token/revoke", map[string]any{"token": expired})
	fails(t, source(s, expired), fault.CodeUnable, "does not know the token")

	// a login that is refused: no such role, and a token that nobody signed
	s.Everything()
	file := filepath.Join(t.TempDir(), "jwt")
	if err := os.WriteFile(file, []byte("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.x"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, role := range []string{"none", "clawql-eso-read"} {
		login := source(s, "")
		login.Token = project.VaultToken{Kubernetes: &project.VaultKubernetes{Mount: "kubernetes", Role: role, TokenFile: file}}
		fails(t, login, fault.CodeUnable, "log in at auth/kubernetes as role "+role+": it refuses")
	}

	s.Do("PUT", "sys/seal", nil)
	fails(t, source(s, s.Root), fault.CodeUnable, "it is sealed")
}

func TestUnreachable(t *testing.T) {
	for _, address := range []string{"http://" + vaulttest.FreePort(t), "unix://" + t.TempDir() + "/none"} {
		fails(t, Source{Vault: project.Vault{Address: address, Token: project.VaultToken{Env: "T"}}, Getenv: func(string) string { return "hvs.x" }},
			fault.CodeUnable, "Vault "+address+": ask whether it is unsealed: dial ")
	}
}

// What may not be used is said before anything is asked.
func TestSourcesThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	state := newStub(t, func(w http.ResponseWriter, _ *http.Request) bool { return false })
	for says, vault := range map[string]project.Vault{
		"variable T, which should hold its token, is not set": {Token: project.VaultToken{Env: "T"}},
		"others must not read it":                             {Token: project.VaultToken{File: write("open", "hvs.x", 0o644)}},
		"is empty":                                            {Token: project.VaultToken{File: write("empty", " \n", 0o600)}},
		"has blanks or characters":                            {Token: project.VaultToken{File: write("two", "hvs.x\nhvs.y", 0o600)}},
		"longer than 32768 bytes":                             {Token: project.VaultToken{File: write("long", strings.Repeat("x", 40000), 0o600)}},
		"no such file":                                        {Token: project.VaultToken{File: dir + "/none"}},
		"read the service account's token":                    {Token: project.VaultToken{Kubernetes: &project.VaultKubernetes{Mount: "k", Role: "r", TokenFile: dir + "/none"}}},
		"holds no certificate":                                {CACert: "-----BEGIN CERTIFICATE-----\nx", Token: project.VaultToken{Env: "T"}},
		"read caCert":                                         {CACert: "none.pem", Token: project.VaultToken{Env: "T"}},
	} {
		vault.Address = state.URL
		fails(t, Source{Vault: vault, Folder: dir, Getenv: func(string) string { return "" }}, fault.CodeUsage, says)
	}
}

// newStub answers as an unsealed Vault, where it does not answer otherwise. It
// stands for servers that no Vault is.
func newStub(t *testing.T, otherwise func(http.ResponseWriter, *http.Request) bool) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case otherwise(w, r):
		case r.URL.Path == "/v1/sys/seal-status":
			_, _ = w.Write([]byte(`{"type":"shamir","initialized":true,"sealed":false,"t":1,"n":1,"version":"1.21.1","storage_type":"inmem"}`))
		default:
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"errors":[]}`))
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func stubbed(s *httptest.Server) Source {
	return Source{Vault: project.Vault{Address: s.URL, Token: project.VaultToken{Env: "T"}}, Getenv: func(string) string { return "hvs.hidden" }}
}

// A redirect would show the token to another; it is an error, and not an empty
// answer.
func TestRedirectsAreNotFollowed(t *testing.T) {
	seen := false
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { seen = true }))
	defer thief.Close()
	for _, path := range []string{"/v1/sys/seal-status", "/v1/sys/policies/acl", "/v1/sys/auth"} {
		s := newStub(t, func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == path {
				http.Redirect(w, r, thief.URL, http.StatusTemporaryRedirect)
			}
			return r.URL.Path == path
		})
		fails(t, stubbed(s), fault.CodeUnable, "answers with a redirect")
	}
	if seen {
		t.Error("the other server was asked")
	}
}

// Answers that are no answers make a reading incomplete, never smaller.
func TestOddAnswers(t *testing.T) {
	for body, status := range map[string]int{
		`{"data":{}}`: 200, `{}`: 200, ``: 200, `[]`: 200, `{"data":{"keys":"default"}}`: 200, `<html>`: 200, `{"data":null}`: 200,
		`{"errors":["x"]}`: 404, `{"errors":[]}`: 400, `{"errors":["gone"]}`: 500, `oops`: 403,
	} {
		s := newStub(t, func(w http.ResponseWriter, r *http.Request) bool {
			if strings.HasPrefix(r.URL.Path, "/v1/sys/seal") {
				return false
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
			return true
		})
		r, err := Read(t.Context(), stubbed(s))
		if err != nil || len(r.Incomplete) < 2 {
			t.Errorf("%d %s: %v %+v", status, body, err, r)
		}
	}
	notVault := newStub(t, func(w http.ResponseWriter, _ *http.Request) bool { _, _ = w.Write([]byte("<html>")); return true })
	fails(t, stubbed(notVault), fault.CodeUnable, "no Vault")
}

// Sentinel policies of Vault Enterprise restrict further and are not compared;
// there is no such server to ask here.
func TestSentinelPoliciesAreNamed(t *testing.T) {
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) bool {
		switch r.URL.Path {
		case "/v1/sys/seal-status":
			_, _ = w.Write([]byte(`{"initialized":true,"n":1,"version":"1.21.1+ent","storage_type":"raft"}`))
		case "/v1/sys/policies/egp":
			_, _ = w.Write([]byte(`{"data":{"keys":["business-hours"]}}`))
		default:
			return false
		}
		return true
	})
	r, err := Read(t.Context(), stubbed(s))
	if err != nil || !strings.Contains(strings.Join(r.Incomplete, "\n"), "sys/policies/egp/business-hours: Sentinel policies are not compared") {
		t.Errorf("%v %+v", err, r)
	}
}

// An interrupt ends the reading as one.
func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := newStub(t, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/v1/sys/policies/acl" {
			cancel()
			<-r.Context().Done()
			return true
		}
		return false
	})
	began := time.Now()
	if _, err := Read(ctx, stubbed(s)); err == nil || ctx.Err() == nil || time.Since(began) > time.Minute {
		t.Errorf("%v", err)
	}
}
