package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/vaultread"
	"github.com/clawql/clawql-workbench/shared/vaultread/vaulttest"
)

// vaults is a pair of clusters with a real Vault each, whose method kubernetes
// asks its cluster, and the clawql.yaml that names both.
type vaults struct {
	*pair
	servers [2]*vaulttest.Server
	dir     string
}

// vaultWrite is one write to Vault; without fields the path is deleted.
type vaultWrite struct {
	path   string
	fields map[string]any
}

// vaultBase is what both Vaults have.
var vaultBase = []vaultWrite{
	{"sys/mounts/secret", map[string]any{"type": "kv", "options": map[string]any{"version": "1"}}},
	{"secret/clawql/providers", map[string]any{"value": "canary"}},
	{"sys/auth/approle", map[string]any{"type": "approle"}},
	{"sys/auth/userpass", map[string]any{"type": "userpass"}},
	{"sys/policies/acl/operators", map[string]any{"policy": `path "secret/clawql/providers" { capabilities = ["create", "update"] }`}},
	{"auth/approle/role/job", map[string]any{"token_policies": "clawql-eso-read", "secret_id_ttl": "1h", "token_ttl": "10m", "token_max_ttl": "1h", "token_bound_cidrs": "10.0.0.0/8"}},
	{"auth/userpass/users/ann", map[string]any{"token_policies": "clawql-eso-read", "password": "canary"}},
	{"auth/token/roles/short", map[string]any{"allowed_policies": "clawql-eso-read", "token_explicit_max_ttl": "1h"}},
	{vaultPolicy, esoPolicy(`["read"]`, `["deny"]`)},
	{vaultRole, gatewayRole("", "")},
}

const (
	vaultPolicy = "sys/policies/acl/clawql-eso-read"
	vaultRole   = "auth/kubernetes/role/clawql-eso-read"
)

func esoPolicy(providers, legacy string) map[string]any {
	return map[string]any{"policy": `path "secret/clawql/+" { capabilities = ` + providers + ` }` + "\n" + `path "secret/clawql/legacy" { capabilities = ` + legacy + ` }`}
}

// gatewayRole is the role of the service account gateway, with one field of
// another value.
func gatewayRole(field string, value any) map[string]any {
	role := map[string]any{
		"bound_service_account_names": "gateway", "bound_service_account_namespaces": "clawql", "audience": "vault",
		"token_policies": "clawql-eso-read", "token_ttl": "10m", "token_max_ttl": "1h",
	}
	if field != "" {
		role[field] = value
	}
	return role
}

// Single changes of staging's Vault, one at a time.
var vaultChanges = []struct {
	control, what string
	change        vaultWrite
	direction     finding.Direction
	real          bool // the witness is a login with a service account's token: log in
}{
	{"Vault policy", "a policy gains a capability", vaultWrite{vaultPolicy, esoPolicy(`["read", "update"]`, `["deny"]`)}, finding.MorePermissive, false},
	{"Vault policy", "a deny removed", vaultWrite{vaultPolicy, esoPolicy(`["read"]`, `["read"]`)}, finding.MorePermissive, false},
	{"Vault policy", "a policy loses a capability", vaultWrite{vaultPolicy, esoPolicy(`["deny"]`, `["deny"]`)}, finding.Stricter, false},
	{"VaultAuth", "one more namespace", vaultWrite{vaultRole, gatewayRole("bound_service_account_namespaces", "clawql,monitoring")}, finding.MorePermissive, true},
	{"VaultAuth", "one more service account", vaultWrite{vaultRole, gatewayRole("bound_service_account_names", "gateway,other")}, finding.MorePermissive, true},
	{"VaultAuth", "any service account", vaultWrite{vaultRole, gatewayRole("bound_service_account_names", "*")}, finding.MorePermissive, true},
	{"VaultAuth", "another namespace instead", vaultWrite{vaultRole, gatewayRole("bound_service_account_namespaces", "monitoring")}, finding.Stricter, true},
	{"VaultAuth", "no audience asked for", vaultWrite{vaultRole, gatewayRole("audience", "")}, finding.MorePermissive, true},
	{"VaultAuth", "a role gains a policy", vaultWrite{vaultRole, gatewayRole("token_policies", "clawql-eso-read,operators")}, finding.MorePermissive, true},
	{"VaultAuth", "tokens live longer", vaultWrite{vaultRole, gatewayRole("token_max_ttl", "24h")}, finding.MorePermissive, false},
	{"VaultAuth", "a role less", vaultWrite{path: vaultRole}, finding.Stricter, true},
	{"VaultAuth", "a role of an approle from anywhere", vaultWrite{"auth/approle/role/job", map[string]any{"token_bound_cidrs": ""}}, finding.MorePermissive, false},
	{"VaultAuth", "an approle without a secret id", vaultWrite{"auth/approle/role/job", map[string]any{"bind_secret_id": false}}, finding.MorePermissive, false},
	{"VaultAuth", "a token role that allows one policy more", vaultWrite{"auth/token/roles/short", map[string]any{"allowed_policies": "clawql-eso-read,operators", "token_explicit_max_ttl": "1h"}}, finding.MorePermissive, false},
	{"VaultAuth", "one more user", vaultWrite{"auth/userpass/users/eve", map[string]any{"token_policies": "clawql-eso-read", "password": "canary"}}, finding.MorePermissive, false},
	{"VaultAuth", "a group that adds a policy", vaultWrite{"identity/group/name/admins", map[string]any{"policies": "operators"}}, finding.Different, false},
	{"VaultAuth", "an auth method more", vaultWrite{"sys/auth/people", map[string]any{"type": "userpass"}}, finding.Different, false},
}

// changesOfVault are rows of the table of single changes, on two real Vaults.
func (p *pair) changesOfVault() {
	v := newVaults(p)
	if report, code := v.drift(); code != 0 || report.Status != finding.Equal || len(report.Notes) > 0 {
		p.Fatalf("equal Vaults: exit %d, %+v", code, report)
	}
	for _, row := range vaultChanges {
		v.do(0, row.change)
		report, code := v.drift()
		hit, others := pick(report.Findings, row.control, row.direction)
		if code != 1 || hit == nil || len(others) > 0 || len(report.Incomplete) > 0 {
			p.Errorf("%s, %s: exit %d, %v %+v", row.control, row.what, code, report.Incomplete, report.Findings)
		} else {
			v.row(row.control, row.what, hit, row.real)
		}
		v.do(0, vaultWrite{path: row.change.path})
		for _, base := range vaultBase {
			if base.path == row.change.path {
				v.do(0, base)
			}
		}
	}
	v.otherCluster()
	v.snapshot()
	v.partly()
	v.local()
	if report, code := v.drift(); code != 0 {
		p.Errorf("after all: exit %d, %+v", code, report)
	}
}

// row prints a row of the table, and asks the real Vaults about its witness.
func (v *vaults) row(control, what string, hit *finding.Finding, real bool) {
	witness := "-"
	if hit.Witness != nil {
		witness = hit.Witness.Text
	}
	if (hit.Witness == nil) != (hit.Direction == finding.Different) {
		v.Errorf("%s: witness %v", what, hit.Witness)
	}
	if real {
		v.really(what, hit)
		witness += " (really asked)"
	}
	v.Logf("%-16s %-42s %-16s %s", control, what, hit.Direction, witness)
}

// really logs in to both Vaults with the service account's token that the
// witness tells of, and makes its request: one side lets it, the other does not.
func (v *vaults) really(what string, hit *finding.Finding) {
	v.Helper()
	if hit.Witness == nil {
		v.Errorf("%s: no witness", what)
		return
	}
	for side := range v.servers {
		want := (side == 0) == (hit.Direction == finding.MorePermissive)
		if got, why := v.allows(side, hit.Witness.Details); got != want {
			v.Errorf("%s: %s: Vault of %s says %v (%s), the witness %v; %v", what, hit.Witness.Text, v.contexts[side], got, why, want, hit.Witness.Details)
		}
	}
}

func (v *vaults) allows(side int, d map[string]string) (bool, string) {
	v.Helper()
	namespace, account := d["namespace"], d["serviceAccount"]
	v.ensure(side, "namespace", namespace)
	v.ensure(side, "serviceaccount", account, "-n", namespace)
	args := []string{"--context", v.contexts[side], "-n", namespace, "create", "token", account}
	for _, audience := range strings.Split(d["audiences"], ",") {
		if audience != "" {
			args = append(args, "--audience", audience)
		}
	}
	var login struct {
		Auth struct {
			Token string `json:"client_token"`
		} `json:"auth"`
	}
	jwt := strings.TrimSpace(v.must("kubectl", args...))
	if _, err := v.servers[side].Call("", "POST", "auth/"+d["mount"]+"/login", map[string]any{"role": d["role"], "jwt": jwt}, &login); err != nil {
		return false, err.Error()
	}
	if d["path"] == "" {
		return true, ""
	}
	method := map[string]string{"read": "GET", "list": "LIST", "delete": "DELETE"}[d["capability"]]
	if method == "" {
		method = http.MethodPost
	}
	status, err := v.servers[side].Call(login.Auth.Token, method, d["path"], map[string]any{"value": "x"}, nil)
	return status != http.StatusForbidden, fmt.Sprint(status, err)
}

// ensure makes an object that may be there already.
func (v *vaults) ensure(side int, kind, name string, more ...string) {
	v.Helper()
	args := append([]string{"--context", v.contexts[side], "create", kind, name}, more...)
	if out, err := exec.Command(filepath.Join(v.bin, "kubectl"), args...).CombinedOutput(); err != nil && !strings.Contains(string(out), "already exists") {
		v.Fatalf("kubectl %v: %s", args, out)
	}
}

// otherCluster lets staging's Vault ask production's cluster: whoever that one
// knows may log in.
func (v *vaults) otherCluster() {
	v.do(0, vaultWrite{"auth/kubernetes/config", v.cluster(1)})
	report, code := v.drift()
	hit, others := pick(report.Findings, "VaultAuth", finding.Different)
	if code != 1 || hit == nil || hit.Object.Name != "kubernetes" || len(others) > 0 {
		v.Errorf("the other cluster: exit %d, %+v", code, report)
	} else {
		v.row("VaultAuth", "a method that asks another cluster", hit, false)
	}
	v.do(0, vaultWrite{"auth/kubernetes/config", v.cluster(0)})
}

// snapshot of staging is equal to production, and holds no secret.
func (v *vaults) snapshot() {
	file := filepath.Join(v.dir, "staging.snap")
	if _, code := v.execute("snapshot", "staging", "-o", file, "--unsigned", "--key", v.key()); code != 0 {
		v.Errorf("snapshot: exit %d", code)
	}
	text, err := exec.Command("gzip", "-dc", file).Output()
	if err != nil || !strings.Contains(string(text), `"name":"clawql-eso-read"`) || strings.Contains(string(text), "canary") || strings.Contains(string(text), "hvs.") {
		v.Errorf("%v: the snapshot lacks the role, or holds a secret: %s", err, text)
	}
	if report, code := v.drift("--from", "file:"+file, "--unsigned", "--key", v.key()); code != 0 || report.Status != finding.Equal {
		v.Errorf("a snapshot of staging: exit %d, %+v", code, report)
	}
}

// key hashes the values of Secrets in snapshots.
func (v *vaults) key() string {
	file := filepath.Join(v.dir, "key")
	if err := os.WriteFile(file, []byte(strings.Repeat("0123456789abcdef", 4)), 0o600); err != nil {
		v.Fatal(err)
	}
	return file
}

// partly: without a right the answer is not whole, and says where; without a
// token that counts there is none.
func (v *vaults) partly() {
	less := strings.Replace(vaultread.Rights, `path "auth/+/role/+"`, `path "auth/none"`, 1)
	v.project([2]string{v.servers[0].Token("less", less), v.servers[1].Root})
	v.servers[0].Do("DELETE", "sys/policies/acl/less", nil)
	report, code := v.drift()
	if code != 3 || report.Status != finding.Incomplete || len(report.Findings) > 0 {
		v.Errorf("without a policy: exit %d, %+v", code, report)
	}
	v.servers[0].Do("PUT", "sys/policies/acl/less", map[string]any{"policy": less})
	report, code = v.drift()
	if text := strings.Join(report.Incomplete, "\n"); code != 3 || len(report.Findings) != 1 || report.Findings[0].Object.Name != "less" || !strings.Contains(text, "auth/kubernetes/role/clawql-eso-read: no right to read it") {
		v.Errorf("without the right to read roles: exit %d, %+v", code, report)
	}
	v.servers[0].Do("DELETE", "sys/policies/acl/less", nil)
	v.project([2]string{"hvs.nobody", v.servers[1].Root})
	if report, code := v.drift(); code != 3 || report.Status == finding.Equal || len(report.Findings) > 0 {
		v.Errorf("without a token: exit %d, %+v", code, report)
	}
	v.limited()
}

// local: a development server on this machine, beside a cluster of this
// machine, may differ. With the token of root it tells of its machine. The same
// one is not excepted when it is called staging.
func (v *vaults) local() {
	v.do(0, vaultWrite{vaultPolicy, esoPolicy(`["read", "update"]`, `["deny"]`)})
	defer v.do(0, vaultWrite{vaultPolicy, esoPolicy(`["read"]`, `["deny"]`)})
	v.project([2]string{v.servers[0].Root, v.servers[1].Root})
	report, code := v.drift("--from", "local")
	if code != 0 || len(report.Excepted) != 1 || !report.Excepted[0].Standing {
		v.Errorf("a local Vault: exit %d, %+v", code, report)
	}
	if report, code := v.drift(); code != 1 || len(report.Excepted) > 0 {
		v.Errorf("a local Vault that is staging's: exit %d, %+v", code, report)
	}
	out, _ := v.execute("--from", "local", "-o", "table")
	if !strings.Contains(out, "local Vault in dev mode (standing exception)") {
		v.Errorf("the exception is not printed:\n%s", out)
	}
	v.limited()
}

func newVaults(p *pair) *vaults {
	p.Helper()
	v := &vaults{pair: p, dir: p.TempDir()}
	for i := range v.servers {
		v.servers[i] = vaulttest.Start(p, vaulttest.Options{})
		p.apply(p.contexts[i], reviewer)
		v.do(i, vaultWrite{"sys/auth/kubernetes", map[string]any{"type": "kubernetes"}})
		v.do(i, vaultWrite{"auth/kubernetes/config", v.cluster(i)})
		for _, one := range vaultBase {
			v.do(i, one)
		}
	}
	v.limited()
	return v
}

// limited gives both sides tokens with exactly the rights that `drift rbac
// --vault` prints.
func (v *vaults) limited() {
	v.project([2]string{})
	rights, _ := v.execute("rbac", "staging", "--vault")
	if rights != vaultread.Rights {
		v.Errorf("the rights: %s", rights)
	}
	var tokens [2]string
	for i, s := range v.servers {
		tokens[i] = s.Token("clawql-drift", rights)
	}
	v.project(tokens)
}

// reviewer is who asks the API server on behalf of Vault.
const reviewer = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: vault-reviewer, namespace: kube-system}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: vault-reviewer}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: 'system:auth-delegator'}
subjects: [{kind: ServiceAccount, name: vault-reviewer, namespace: kube-system}]
`

// cluster is the configuration with which a method kubernetes asks a cluster.
func (v *vaults) cluster(side int) map[string]any {
	v.Helper()
	var config struct {
		Clusters []struct {
			Cluster struct {
				Server string
				CA     string `json:"certificate-authority-data"`
			}
		}
	}
	text := v.must("kubectl", "config", "view", "--raw", "--minify", "--flatten", "--context", v.contexts[side], "-o", "json")
	if err := json.Unmarshal([]byte(text), &config); err != nil {
		v.Fatal(err)
	}
	ca, err := base64.StdEncoding.DecodeString(config.Clusters[0].Cluster.CA)
	if err != nil {
		v.Fatal(err)
	}
	jwt := v.must("kubectl", "--context", v.contexts[side], "-n", "kube-system", "create", "token", "vault-reviewer", "--duration", "2h")
	return map[string]any{
		"kubernetes_host": config.Clusters[0].Cluster.Server, "kubernetes_ca_cert": string(ca),
		"token_reviewer_jwt": strings.TrimSpace(jwt), "disable_local_ca_jwt": true,
	}
}

func (v *vaults) do(side int, w vaultWrite) {
	v.Helper()
	method := http.MethodPost
	if w.fields == nil {
		method = http.MethodDelete
	}
	v.servers[side].Do(method, w.path, w.fields)
}

// project writes clawql.yaml, and the tokens of both sides to files.
func (v *vaults) project(tokens [2]string) {
	v.Helper()
	text := "apiVersion: clawql.io/v1alpha1\nkind: Project\nenvironments:\n"
	for i, name := range [...]string{"staging", "production", "local"} {
		file := filepath.Join(v.dir, fmt.Sprint("token", i%2))
		if err := os.WriteFile(file, []byte(tokens[i%2]), 0o600); err != nil {
			v.Fatal(err)
		}
		text += fmt.Sprintf("  %s:\n    context: %s\n    namespace: clawql\n    overlay: none\n    vault: {address: %q, token: {file: %s}}\n", name, v.contexts[i%2], v.servers[i%2].Address, file)
	}
	if err := os.WriteFile(filepath.Join(v.dir, "clawql.yaml"), []byte(text), 0o600); err != nil {
		v.Fatal(err)
	}
}

// execute runs the command beside clawql.yaml.
func (v *vaults) execute(args ...string) (stdout string, code int) {
	v.Helper()
	c := exec.Command(filepath.Join(v.bin, "kubectl-clawql-drift"), args...)
	var out, diagnostics strings.Builder
	c.Dir, c.Stdout, c.Stderr = v.dir, &out, &diagnostics
	if err := c.Run(); err != nil && c.ProcessState == nil {
		v.Fatal(err)
	}
	if strings.Contains(out.String()+diagnostics.String(), "canary") || strings.Contains(out.String()+diagnostics.String(), "hvs.") {
		v.Errorf("a secret is printed:\n%s%s", out.String(), diagnostics.String())
	}
	if code = c.ProcessState.ExitCode(); code > 1 {
		v.Logf("%v: exit %d: %s", args, code, diagnostics.String())
	}
	return out.String(), code
}

// drift compares the environments of clawql.yaml.
func (v *vaults) drift(args ...string) (report driftReport, code int) {
	v.Helper()
	text, code := v.execute(append([]string{"-o", "json"}, args...)...)
	if err := json.Unmarshal([]byte(text), &report); err != nil {
		v.Fatalf("%v\n%s", err, text)
	}
	return report, code
}
