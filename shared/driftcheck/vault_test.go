package driftcheck

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/clusterread"
	"github.com/clawql/clawql-workbench/shared/drift/vaultacl"
	"github.com/clawql/clawql-workbench/shared/drift/vaultauth"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/vaultread"
)

const vaultManifests = `
apiVersion: clawql.io/v1alpha1
kind: VaultAuthMount
metadata: {name: kubernetes}
spec: {path: kubernetes, type: kubernetes, config: {kubernetes_host: "https://10.0.0.1:6443", token_reviewer_jwt_set: true}, tune: {default_lease_ttl: 2764800, max_lease_ttl: 2764800}}
---
apiVersion: clawql.io/v1alpha1
kind: VaultAuthRole
metadata: {name: kubernetes-gateway}
spec:
  mount: kubernetes
  name: gateway
  fields: {bound_service_account_names: [gateway], bound_service_account_namespaces: [clawql], token_policies: [read], token_ttl: 600, audience: vault}
`

const readPolicy = `path "secret/data/clawql/providers" { capabilities = ["read"] }`

// vaultFolder is a side with a policy and manifests of auth methods.
func vaultFolder(t *testing.T, r *Reader, policy, manifests string) Side {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("all.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---"+manifests)
	if policy != "" {
		write("read.hcl", policy)
	}
	side, err := r.Folder(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	side.Name = t.Name()
	return side
}

func compared(t *testing.T, from, to Side) *Report {
	t.Helper()
	from.Name, to.Name = "staging", "production"
	r, err := Compare(t.Context(), from, to, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Roles in a folder, and in a snapshot of it: equal, without their secrets.
func TestVaultAuthOfFoldersAndSnapshots(t *testing.T) {
	reader := NewReader()
	from, to := vaultFolder(t, reader, readPolicy, vaultManifests), vaultFolder(t, reader, readPolicy, vaultManifests)
	if r := compared(t, from, to); r.Status != finding.Equal || len(r.Notes)+len(r.Incomplete) > 0 || r.Objects != 8 {
		t.Errorf("%+v", r)
	}
	packed, err := Pack(from, "test", time.Unix(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	_, unpacked, err := Unpack("a", packed)
	if err != nil {
		t.Fatal(err)
	}
	if r := compared(t, unpacked, to); r.Status != finding.Equal {
		t.Errorf("%+v", r)
	}
	more := strings.Replace(vaultManifests, "[clawql]", "[clawql, default]", 1)
	r := compared(t, vaultFolder(t, reader, readPolicy, more), unpacked)
	hit := slices.ContainsFunc(r.Findings, func(f finding.Finding) bool {
		return f.Control == vaultauth.Control && f.Object == finding.Object{Kind: vaultauth.KindRole, Name: "kubernetes/gateway"}
	})
	if r.Status != finding.Drift || !hit {
		t.Errorf("%+v", r)
	}
}

// A side that says nothing about Vault is not equal to one that does; two that
// say nothing are compared in the rest, and the report says so.
func TestVaultThatIsNotNamed(t *testing.T) {
	reader := NewReader()
	whole := vaultFolder(t, reader, readPolicy, vaultManifests)
	policies, none := vaultFolder(t, reader, readPolicy, ""), vaultFolder(t, reader, "", "")
	roles := vaultFolder(t, reader, "", vaultManifests)
	for _, c := range []struct {
		from, to   Side
		status     finding.Status
		incomplete string
		notes      string
	}{
		{none, none, finding.Equal, "", "Vault: not named, not compared"},
		{policies, policies, finding.Equal, "", "Vault auth methods: not named, not compared"},
		{whole, none, finding.Incomplete, "Vault policies and auth methods: only staging has any; production was read without Vault", ""},
		{none, whole, finding.Incomplete, "Vault policies and auth methods: only production has any; staging was read without Vault", ""},
		{whole, policies, finding.Incomplete, "Vault auth methods: only staging has any; production was read without Vault", ""},
		{policies, whole, finding.Incomplete, "Vault auth methods: only production has any; staging was read without Vault", ""},
		{roles, whole, finding.Incomplete, "Vault policies: only production has any; staging was read without Vault", ""},
		{roles, policies, finding.Incomplete, "Vault policies: only production has any; staging was read without Vault\nVault auth methods: only staging has any; production was read without Vault", ""},
	} {
		r := compared(t, c.from, c.to)
		if r.Status != c.status || strings.Join(r.Incomplete, "\n") != c.incomplete || strings.Join(r.Notes, "\n") != c.notes {
			t.Errorf("want %s %q %q: %s %q %q", c.status, c.incomplete, c.notes, r.Status, r.Incomplete, r.Notes)
		}
	}
}

// The other comparers' text of a namespace that is mapped: production's role is
// bound to the namespace that stands for staging's.
func TestVaultAuthMapsNamespaces(t *testing.T) {
	reader := NewReader()
	from := vaultFolder(t, reader, readPolicy, strings.Replace(vaultManifests, "[clawql]", "[clawql-staging]", 1))
	to := vaultFolder(t, reader, readPolicy, vaultManifests)
	if r := compared(t, from, to); r.Status != finding.Drift {
		t.Errorf("unmapped: %+v", r)
	}
	r, err := Compare(t.Context(), from, to, Options{Namespaces: map[string]string{"clawql-staging": "clawql"}})
	if err != nil || r.Status != finding.Equal {
		t.Errorf("mapped: %v %+v", err, r)
	}
}

// Manifests of Vault that cannot be understood are errors, not objects.
func TestBrokenVaultManifests(t *testing.T) {
	for what, text := range map[string]string{
		"no type":       strings.Replace(vaultManifests, "type: kubernetes,", "", 1),
		"no mount":      strings.Replace(vaultManifests, "mount: kubernetes", "mount: ''", 1),
		"a typing slip": strings.Replace(vaultManifests, "fields:", "feilds:", 1),
		"beside spec":   strings.Replace(vaultManifests, "spec:\n", "data: {}\nspec:\n", 1),
		"fields a list": strings.Replace(vaultManifests, "tune: {", "tune: [1], x: {", 1),
		"no spec":       "\napiVersion: clawql.io/v1alpha1\nkind: VaultAuthRole\nmetadata: {name: x}\n",
	} {
		dir := t.TempDir()
		if text == vaultManifests {
			t.Fatalf("%s: nothing is broken", what)
		}
		if err := os.WriteFile(filepath.Join(dir, "all.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if side, err := NewReader().Folder(t.Context(), dir, nil); err == nil || !strings.Contains(err.Error(), "all.yaml: VaultAuth") || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v %+v", what, err, side.Auth)
		}
	}
}

// A secret in a manifest is not kept, and that it was not compared is said.
func TestSecretsInVaultManifests(t *testing.T) {
	text := strings.Replace(vaultManifests, "token_reviewer_jwt_set: true", "token_reviewer_jwt: canary", 1)
	side := vaultFolder(t, NewReader(), readPolicy, text)
	if kept := side.Auth.Mounts[0].Config["token_reviewer_jwt"]; kept != "[secret]" {
		t.Errorf("kept: %v", kept)
	}
	if r := compared(t, side, side); r.Status != finding.Incomplete {
		t.Errorf("%+v", r)
	}
}

// A snapshot with a secret is neither written nor read.
func TestNoSecretOfVaultInSnapshots(t *testing.T) {
	side := vaultFolder(t, NewReader(), readPolicy, vaultManifests)
	side.Auth.Roles[0].Fields["password"] = "canary"
	if _, err := Pack(side, "test", time.Unix(1, 0)); err == nil || strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), "kubernetes/gateway holds a secret") {
		t.Error(err)
	}
	var auth VaultAuth
	err := auth.UnmarshalJSON([]byte(`{"mounts":[{"path":"ldap","type":"ldap","config":{"bindpass":"canary"}}],"roles":[]}`))
	if err == nil || strings.Contains(err.Error(), "canary") {
		t.Error(err)
	}
}

func sides(local bool) (from, to Side) {
	auth := func() *VaultAuth { return &VaultAuth{Mounts: []vaultauth.Mount{{Path: "token", Type: "token"}}} }
	wide := `path "secret/*" { capabilities = ["read"] }`
	from = Side{Name: "local", Policies: map[string]string{"read": wide}, Auth: auth(), localVault: local}
	to = Side{Name: "production", Policies: map[string]string{"read": readPolicy}, Auth: auth()}
	return from, to
}

// The standing exception takes what is said of Vault out of the verdict, and
// nothing else; other exceptions count beside it.
func TestStandingException(t *testing.T) {
	from, to := sides(true)
	from.Namespaces, to.Namespaces = []string{"a"}, []string{"a"}
	r, err := Compare(t.Context(), from, to, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Status != finding.Equal || len(r.Excepted) == 0 || r.Excepted[0].Control != vaultacl.Control || r.Excepted[0].Exception.Reason != Standing || !r.Excepted[0].Standing {
		t.Errorf("%+v", r)
	}
	r.Except(nil, time.Now())
	if r.Status != finding.Equal || len(r.Excepted) != 1 || len(r.Warnings) > 0 {
		t.Errorf("%+v", r)
	}
	from.Incomplete = []string{"Vault: auth/kubernetes/role: no right to read it"}
	if r, err = Compare(t.Context(), from, to, Options{}); err != nil || r.Status != finding.Incomplete {
		t.Errorf("what was not read is excepted: %v %+v", err, r)
	}
}

// Two sides whose method kubernetes asks their own cluster are the same in
// that; one that asks another cluster is not.
func TestOwnCluster(t *testing.T) {
	const server = "https://10.0.0.1:6443"
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("authority")})
	at := clusterread.Place{Server: server, CA: ca}
	for host, own := range map[string]bool{server: true, server + "/": true, "https://10.0.0.2:6443": false, "": false, server + ".example.com": false} {
		for authority, ownCA := range map[string]bool{string(ca) + "\n": true, "": false, "-----BEGIN CERTIFICATE-----\neA==\n-----END CERTIFICATE-----": false} {
			m := vaultauth.Mount{Type: "kubernetes", Config: map[string]any{"kubernetes_host": host, "kubernetes_ca_cert": authority}}
			ownCluster(m, at)
			if (m.Config["kubernetes_host"] == ownServer) != own || (m.Config["kubernetes_ca_cert"] == ownAuthority) != ownCA {
				t.Errorf("%s: %v", host, m.Config)
			}
		}
	}
	m := vaultauth.Mount{Type: "kubernetes", Config: map[string]any{"kubernetes_host": "", "kubernetes_ca_cert": ""}}
	if ownCluster(m, clusterread.Place{}); m.Config["kubernetes_host"] != "" {
		t.Errorf("%v", m.Config)
	}
}

// Groups and entities that add policies: equal, other policies, one side only;
// in a snapshot too.
func TestVaultIdentities(t *testing.T) {
	group := func(policies ...string) vaultread.Identity {
		return vaultread.Identity{Kind: "group", Name: "admins", Type: "internal", Policies: policies}
	}
	for name, c := range map[string]struct {
		from, to []vaultread.Identity
		objects  string
	}{
		"equal":          {[]vaultread.Identity{group("a")}, []vaultread.Identity{group("a")}, ""},
		"other policies": {[]vaultread.Identity{group("a", "b")}, []vaultread.Identity{group("a")}, "VaultIdentityGroup admins: adds a, b (internal) -> adds a (internal)"},
		"only here":      {[]vaultread.Identity{group("a")}, nil, "VaultIdentityGroup admins: adds a (internal) -> adds nothing"},
		"only there":     {nil, []vaultread.Identity{{Kind: "entity", Name: "ann", Policies: []string{"a"}}}, "VaultIdentityEntity ann: adds nothing -> adds a"},
	} {
		from, to := vaultFolder(t, NewReader(), readPolicy, vaultManifests), vaultFolder(t, NewReader(), readPolicy, vaultManifests)
		from.Auth.Identities, to.Auth.Identities = c.from, c.to
		packed, err := Pack(from, "test", time.Unix(1, 0))
		if err != nil {
			t.Fatal(err)
		}
		_, from, err = Unpack("a", packed)
		if err != nil {
			t.Fatal(err)
		}
		var objects []string
		for _, f := range compared(t, from, to).Findings {
			if f.Control != vaultauth.Control || f.Direction != finding.Different {
				t.Errorf("%s: %+v", name, f)
			}
			objects = append(objects, f.Object.Kind+" "+f.Object.Name+": "+f.From+" -> "+f.To)
		}
		if strings.Join(objects, "\n") != c.objects {
			t.Errorf("%s: %v", name, objects)
		}
	}
}

// What one side did not read is in no finding, for it looks as if it were not
// there; the rest is compared, and a snapshot remembers.
func TestWhatWasNotReadOfVaultIsNoFinding(t *testing.T) {
	other := strings.ReplaceAll(vaultManifests, "name: gateway", "name: other")
	for what, c := range map[string]struct {
		lose     func(s *Side)
		unread   string
		findings []string
	}{
		"a policy":       {func(s *Side) { delete(s.Policies, "read") }, vaultread.UnreadPolicy("read"), nil},
		"all policies":   {func(s *Side) { s.Policies = map[string]string{} }, vaultread.AllPolicies, nil},
		"all methods":    {func(s *Side) { s.Auth.Mounts, s.Auth.Roles = nil, nil }, vaultread.AllMounts, nil},
		"a method":       {func(s *Side) { s.Auth.Mounts, s.Auth.Roles = s.Auth.Mounts[1:], s.Auth.Roles[1:] }, vaultread.UnreadMount("kubernetes"), []string{"VaultAuthRole other/gateway"}},
		"a role":         {func(s *Side) { s.Auth.Roles = s.Auth.Roles[1:] }, vaultread.UnreadRole("kubernetes", "gateway"), []string{"VaultAuthRole other/gateway"}},
		"nothing is not": {func(s *Side) { s.Auth.Roles = s.Auth.Roles[1:] }, "", []string{"VaultAuthRole kubernetes/gateway", "VaultAuthRole other/gateway"}},
	} {
		text := vaultManifests + "---" + strings.ReplaceAll(strings.ReplaceAll(other, "name: other", "name: gateway"), "kubernetes", "other")
		text = strings.ReplaceAll(text, "type: other", "type: kubernetes")
		from := vaultFolder(t, NewReader(), readPolicy, strings.Replace(text, "{name: other-gateway}\nspec:\n  mount: other\n  name: gateway\n  fields: {bound_service_account_names: [gateway]", "{name: other-gateway}\nspec:\n  mount: other\n  name: gateway\n  fields: {bound_service_account_names: ['*']", 1))
		to := vaultFolder(t, NewReader(), readPolicy, text)
		c.lose(&from)
		if c.unread != "" {
			from.Auth.Unread, from.Incomplete = []string{c.unread}, []string{"Vault: x: no right to read it"}
		}
		packed, err := Pack(from, "test", time.Unix(1, 0))
		if err != nil {
			t.Fatal(err)
		}
		_, unpacked, err := Unpack("a", packed)
		if err != nil {
			t.Fatal(err)
		}
		for _, sides := range [][2]Side{{from, to}, {to, from}, {unpacked, to}} {
			var objects []string
			r := compared(t, sides[0], sides[1])
			for _, f := range r.Findings {
				objects = append(objects, f.Object.Kind+" "+f.Object.Name)
			}
			slices.Sort(objects)
			if !slices.Equal(slices.Compact(objects), c.findings) || (r.Status == finding.Incomplete) != (c.unread != "") {
				t.Errorf("%s: %s %v %v", what, r.Status, objects, r.Incomplete)
			}
		}
	}
}
