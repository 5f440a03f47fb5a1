package vaultread

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/drift/vaultauth"
	"github.com/clawql/clawql-workbench/shared/project"
	"github.com/clawql/clawql-workbench/shared/vaultread/vaulttest"
)

// source reads a server with a token.
func source(s *vaulttest.Server, token string) Source {
	return Source{
		Vault:  project.Vault{Address: s.Address, CACert: s.CA, Token: project.VaultToken{Env: "TOKEN"}},
		Getenv: func(name string) string { return map[string]string{"TOKEN": token}[name] },
	}
}

func read(t *testing.T, s Source) *Reading {
	t.Helper()
	r, err := Read(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Everything that can be read is read, over TLS, and nothing that is secret.
func TestReadsAllMethods(t *testing.T) {
	s := vaulttest.Start(t, vaulttest.Options{TLS: true})
	s.Everything()
	asked := 0
	from := source(s, s.Root)
	from.Progress = func(n int) { asked = max(asked, n) }
	r := read(t, from)
	if len(r.Incomplete) > 0 || r.Version == "" || asked != r.Requests || r.Requests < 40 {
		t.Errorf("%v, version %q, %d requests, %d seen", r.Incomplete, r.Version, r.Requests, asked)
	}
	var names []string
	for _, role := range r.Roles {
		names = append(names, role.Mount+"/"+role.Name)
		if len(role.Fields) == 0 {
			t.Errorf("%s has no fields", role.Name)
		}
	}
	if !slices.Equal(names, vaulttest.Names) {
		t.Errorf("%v", names)
	}
	want := []Identity{{Kind: "entity", Name: "with", Policies: []string{"clawql-eso-read"}}, {Kind: "group", Name: "with", Type: "internal", Policies: []string{"clawql-eso-read"}}}
	if !sameJSON(t, r.Identities, want) {
		t.Errorf("%+v", r.Identities)
	}
	if p := r.Policies; len(p) != 2 || !strings.Contains(p["clawql-eso-read"], "providers") || !strings.Contains(p["default"], "lookup-self") {
		t.Errorf("%v", p)
	}
	for _, m := range r.Mounts {
		if m.Tune["default_lease_ttl"] != int64(2764800) || (m.Config != nil) != methods[m.Type].config {
			t.Errorf("%+v", m)
		}
	}
	if len(r.Mounts) != 10 || r.Mounts[5].Path != "ldap" || r.Mounts[5].Config["url"] != "ldaps://ldap.example.com" {
		t.Errorf("%d mounts, %+v", len(r.Mounts), r.Mounts[5])
	}
	text, err := json.Marshal(r)
	if err != nil || strings.Contains(string(text), vaulttest.Planted) {
		t.Errorf("%v: a planted secret is in the reading: %s", err, text)
	}
	if again := read(t, source(s, s.Root)); !sameJSON(t, r.Roles, again.Roles) || !sameJSON(t, r.Mounts, again.Mounts) {
		t.Error("two readings differ")
	}
}

func sameJSON(t *testing.T, a, b any) bool {
	t.Helper()
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && string(x) == string(y)
}

// The policy that `drift rbac` prints suffices, and without any line of it the
// reading says what it lacks. It can read and list, and nothing else.
func TestRightsAreExact(t *testing.T) {
	s := vaulttest.Start(t, vaulttest.Options{})
	s.Everything()
	whole := read(t, source(s, s.Token("whole", Rights)))
	if len(whole.Incomplete) > 0 {
		t.Fatalf("with all rights: %v", whole.Incomplete)
	}
	root := read(t, source(s, s.Root))
	delete(whole.Policies, "whole")
	delete(root.Policies, "whole")
	if !sameJSON(t, root.Roles, whole.Roles) || !sameJSON(t, root.Mounts, whole.Mounts) || !sameJSON(t, root.Policies, whole.Policies) || !sameJSON(t, root.Identities, whole.Identities) {
		t.Error("root reads something else")
	}
	if len(whole.Unread) > 0 {
		t.Errorf("%v", whole.Unread)
	}
	lines := strings.Split(strings.TrimSpace(Rights), "\n")
	for i, line := range lines {
		if !strings.HasSuffix(line, `{ capabilities = ["read"] }`) && !strings.HasSuffix(line, `{ capabilities = ["list"] }`) {
			t.Errorf("%s: neither to read nor to list", line)
		}
		less := strings.Join(slices.Delete(slices.Clone(lines), i, i+1), "\n")
		r := read(t, source(s, s.Token("less", less)))
		if len(r.Incomplete) == 0 || len(r.Unread) == 0 || !strings.Contains(r.Incomplete[0], "no right to read it") {
			t.Errorf("without %s: %v", line, r.Incomplete)
		}
	}
	var answer map[string]any
	for _, path := range []string{"secret/data/clawql/providers", "auth/approle/role/job/secret-id", "auth/userpass/users/ann/password", "auth/token/create", "sys/host-info"} {
		_, err := s.Call(s.Root, "POST", "sys/capabilities", map[string]any{"token": s.Token("whole", Rights), "paths": []string{path}}, &answer)
		if got, _ := json.Marshal(answer["capabilities"]); err != nil || string(got) != `["deny"]` {
			t.Errorf("%s: %s %v", path, got, err)
		}
	}
}

// A method below a method's usual place, and one that nobody knows here.
func TestWhatIsNotReadIsNamed(t *testing.T) {
	s := vaulttest.Start(t, vaulttest.Options{})
	s.Do("POST", "sys/auth/team/kubernetes", map[string]any{"type": "kubernetes"})
	s.Do("POST", "auth/team/kubernetes/role/a", map[string]any{"bound_service_account_names": "a", "bound_service_account_namespaces": "b"})
	if r := read(t, source(s, s.Root)); len(r.Incomplete) > 0 || len(r.Roles) != 1 || r.Mounts[0].Path != "team/kubernetes" {
		t.Errorf("%+v", r)
	}
	r := read(t, source(s, s.Token("rights", Rights)))
	if text := strings.Join(r.Incomplete, "\n"); !strings.Contains(text, "auth/team/kubernetes/role: no right") || !strings.Contains(text, "sys/mounts/auth/team/kubernetes/tune: no right") {
		t.Errorf("%v", r.Incomplete)
	}
	r = read(t, source(s, s.Token("nothing", `path "x" { capabilities = ["read"] }`)))
	if len(r.Incomplete) != 4 || len(r.Mounts)+len(r.Roles)+len(r.Policies) > 0 {
		t.Errorf("%+v", r)
	}
	kubernetes := methods["kubernetes"]
	delete(methods, "kubernetes") // as a method of a plugin
	defer func() { methods["kubernetes"] = kubernetes }()
	r = read(t, source(s, s.Root))
	if text := strings.Join(r.Incomplete, "\n"); !strings.Contains(text, "auth/team/kubernetes: its roles were not read: methods of type kubernetes are not known") {
		t.Errorf("%v", r.Incomplete)
	}
}

// A token in a file; a server on a socket.
func TestTokenFile(t *testing.T) {
	s := vaulttest.Start(t, vaulttest.Options{Socket: true})
	file := t.TempDir() + "/token"
	if err := os.WriteFile(file, []byte(s.Root+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	from := Source{Vault: project.Vault{Address: s.Address, Token: project.VaultToken{File: file}}}
	if r := read(t, from); len(r.Incomplete) > 0 || !slices.ContainsFunc(r.Mounts, func(m vaultauth.Mount) bool { return m.Type == "token" }) {
		t.Errorf("%+v", r)
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(t.Context(), from); err == nil || !strings.Contains(err.Error(), "others must not read it") {
		t.Error(err)
	}
}
