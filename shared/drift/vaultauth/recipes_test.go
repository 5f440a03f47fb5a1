package vaultauth

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/drift/vaultacl"
	"github.com/clawql/clawql-workbench/shared/drift/verdict"
)

type table = map[string]any

// with is a table with some values changed; nil takes one away.
func with(base table, changes ...any) table {
	made := table{}
	for name, value := range base {
		made[name] = value
	}
	for i := 0; i < len(changes); i += 2 {
		made[changes[i].(string)] = changes[i+1]
		if changes[i+1] == nil {
			delete(made, changes[i].(string))
		}
	}
	return made
}

var policies = []vaultacl.Policy{
	{Name: "eso", Text: `path "secret/data/clawql/*" { capabilities = ["read"] }`},
	{Name: "wide", Text: `path "secret/data/*" { capabilities = ["read"] }`},
	{Name: "same", Text: `path "secret/data/clawql/*" { capabilities = ["read"] }`},
	{Name: "admin", Text: `path "sys/policies/acl/*" { capabilities = ["create", "update"] }`},
}

func side(kind string, config table, role table) Side {
	m := Mount{Path: kind, Type: kind, Config: config}
	name := map[string]string{"ldap": "users/ann"}[kind]
	if name == "" {
		name = "r"
	}
	s := Side{Mounts: []Mount{m}, Policies: policies}
	if role != nil {
		s.Roles = []Role{{Mount: kind, Name: name, Fields: role}}
	}
	return s
}

func mustCompare(t *testing.T, a, b Side, o Options) *verdict.Result {
	t.Helper()
	r, err := Compare(a, b, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func said(r *verdict.Result) []string {
	var all []string
	for _, f := range r.Findings {
		text := fmt.Sprintf("%s %s %s", f.Severity, f.Direction, f.Object)
		if f.Witness != nil {
			text += ": " + f.Witness.Text
		} else {
			text += ": " + f.Explanation
		}
		all = append(all, text)
	}
	slices.Sort(all)
	return append(all, r.Incomplete...)
}

var (
	kubeRole = table{
		"bound_service_account_names": []any{"eso"}, "bound_service_account_namespaces": []any{"clawql"}, "token_policies": []any{"eso"},
		"token_ttl": 3600.0, "token_max_ttl": 0.0, "token_type": "default", "alias_name_source": "serviceaccount_uid",
	}
	kubeConfig = table{"kubernetes_host": "https://k", "disable_iss_validation": true}
	appRole    = table{"bind_secret_id": true, "secret_id_num_uses": 10.0, "secret_id_ttl": 600.0, "token_policies": []any{"eso"}}
	jwtRole    = table{"role_type": "jwt", "bound_audiences": []any{"vault"}, "user_claim": "sub", "token_policies": "eso", "bound_claims_type": "string"}
	jwtConfig  = table{"jwt_validation_pubkeys": []any{"k1"}, "bound_issuer": ""}
	tokenRole  = table{"allowed_policies": []any{"eso"}, "orphan": false, "renewable": true, "token_type": "service"}
	userRole   = table{"token_policies": []any{"eso"}, "token_ttl": "1h"}
	certRole   = table{"token_policies": []any{"eso"}, "allowed_common_names": []any{"*.clawql"}}
	ldapConfig = table{"url": "ldap://x", "token_policies": []any{}, "token_ttl": 3600}
)

func TestRecipes(t *testing.T) {
	cases := []struct {
		name     string
		kind     string
		from, to [2]table // configuration and role
		want     []string // the beginning of each finding
	}{
		{"equal", "kubernetes", [2]table{kubeConfig, kubeRole}, [2]table{kubeConfig, kubeRole}, nil},
		{"numbers and lists in other forms", "kubernetes", [2]table{kubeConfig, kubeRole},
			[2]table{kubeConfig, with(kubeRole, "bound_service_account_names", "eso", "token_ttl", "1h", "policies", []any{"eso"}, "token_num_uses", 0)}, nil},
		{"any service account", "kubernetes", [2]table{kubeConfig, with(kubeRole, "bound_service_account_names", []any{"*"})}, [2]table{kubeConfig, kubeRole},
			[]string{"high more-permissive kubernetes/r: service account clawql/other logs in at kubernetes role kubernetes/r"}},
		{"a glob", "kubernetes", [2]table{kubeConfig, kubeRole}, [2]table{kubeConfig, with(kubeRole, "bound_service_account_namespaces", []any{"claw*"})},
			[]string{"warning stricter kubernetes/r: service account clawother/eso logs in"}},
		{"no audience", "kubernetes", [2]table{kubeConfig, kubeRole}, [2]table{kubeConfig, with(kubeRole, "audience", "vault")},
			[]string{"high more-permissive kubernetes/r: service account clawql/eso of audience not-vault logs in"}},
		{"a selector beside names", "kubernetes", [2]table{kubeConfig, with(kubeRole, "bound_service_account_namespace_selector", `{"matchLabels":{"team":"a"}}`)}, [2]table{kubeConfig, kubeRole},
			[]string{"high more-permissive kubernetes/r: service account other/eso (namespace labelled team=a) logs in"}},
		{"a longer time", "kubernetes", [2]table{kubeConfig, with(kubeRole, "token_ttl", 7200)}, [2]table{kubeConfig, kubeRole},
			[]string{"high more-permissive kubernetes/r: service account clawql/eso logs in at kubernetes role kubernetes/r and the token, never renewed, still lives after 1h30m0s"}},
		{"no end of renewals", "kubernetes", [2]table{kubeConfig, with(kubeRole, "token_period", 3600)}, [2]table{kubeConfig, kubeRole},
			[]string{"high more-permissive kubernetes/r: service account clawql/eso logs in at kubernetes role kubernetes/r and the token, renewed in time, still lives after 1536h"}},
		{"a policy more", "kubernetes", [2]table{kubeConfig, with(kubeRole, "token_policies", []any{"eso", "wide"})}, [2]table{kubeConfig, kubeRole},
			[]string{"high more-permissive kubernetes/r: service account clawql/eso logs in at kubernetes role kubernetes/r and may then read secret/data/x"}},
		{"a grave policy", "kubernetes", [2]table{kubeConfig, with(kubeRole, "token_policies", []any{"eso", "admin"})}, [2]table{kubeConfig, kubeRole},
			[]string{"critical more-permissive kubernetes/r: service account clawql/eso logs in at kubernetes role kubernetes/r and may then update sys/policies/acl/x"}},
		{"another name for the same", "kubernetes", [2]table{kubeConfig, with(kubeRole, "token_policies", "same")}, [2]table{kubeConfig, kubeRole}, []string{"warning different kubernetes/r: no request"}},
		{"a policy that is not there", "kubernetes", [2]table{kubeConfig, with(kubeRole, "token_policies", "eso,gone")}, [2]table{kubeConfig, kubeRole}, []string{"warning different kubernetes/r: no request"}},
		{"without default", "kubernetes", [2]table{kubeConfig, kubeRole}, [2]table{kubeConfig, with(kubeRole, "token_no_default_policy", true)},
			[]string{"warning more-permissive kubernetes/r: service account clawql/eso logs in at kubernetes role kubernetes/r and may then"}},
		{"root is refused", "kubernetes", [2]table{kubeConfig, kubeRole}, [2]table{kubeConfig, with(kubeRole, "token_policies", "root")},
			[]string{"high more-permissive kubernetes/r: service account clawql/eso logs in"}},
		{"the role alone", "kubernetes", [2]table{kubeConfig, kubeRole}, [2]table{kubeConfig, nil}, []string{"high more-permissive kubernetes/r: service account clawql/eso logs in"}},
		{"an issuer", "kubernetes", [2]table{kubeConfig, kubeRole}, [2]table{with(kubeConfig, "issuer", "https://i", "disable_iss_validation", false), kubeRole},
			[]string{"high more-permissive kubernetes: service account clawql/eso of issuer other logs in"}},
		{"another cluster", "kubernetes", [2]table{kubeConfig, kubeRole}, [2]table{with(kubeConfig, "kubernetes_host", "https://j"), kubeRole}, []string{"warning different kubernetes: these differ"}},
		{"what is not known", "kubernetes", [2]table{kubeConfig, kubeRole}, [2]table{kubeConfig, with(kubeRole, "bound_moon", "full")},
			[]string{"warning different kubernetes/r: these differ", "VaultAuthRole kubernetes/r: field bound_moon differs"}},
		{"what cannot be read", "kubernetes", [2]table{kubeConfig, kubeRole}, [2]table{kubeConfig, with(kubeRole, "token_ttl", "soon")}, []string{"VaultAuthRole kubernetes/r: to: token_ttl"}},
		{"no secret_id", "approle", [2]table{nil, with(appRole, "bind_secret_id", false)}, [2]table{nil, appRole},
			[]string{"high more-permissive approle/r: the role_id alone, without a secret_id, logs in"}},
		{"secret_id for ever", "approle", [2]table{nil, with(appRole, "secret_id_ttl", 0)}, [2]table{nil, appRole}, []string{"high more-permissive approle/r: a secret_id that is 20m0s old logs in"}},
		{"secret_id more often", "approle", [2]table{nil, appRole}, [2]table{nil, with(appRole, "secret_id_num_uses", 3)}, []string{"high more-permissive approle/r: a secret_id, for the 4th time, logs in"}},
		{"from everywhere", "approle", [2]table{nil, appRole}, [2]table{nil, with(appRole, "secret_id_bound_cidrs", "10.0.0.0/8")}, []string{"high more-permissive approle/r: a secret_id logs in at approle role approle/r from 192.0.2.1"}},
		{"token from everywhere", "approle", [2]table{nil, appRole}, [2]table{nil, with(appRole, "token_bound_cidrs", "10.0.0.0/8")},
			[]string{"high more-permissive approle/r: a secret_id logs in at approle role approle/r and the token works from 192.0.2.1"}},
		{"more uses", "approle", [2]table{nil, with(appRole, "token_num_uses", 5)}, [2]table{nil, with(appRole, "token_num_uses", 2)},
			[]string{"high more-permissive approle/r: a secret_id logs in at approle role approle/r and the token works for the 3rd time"}},
		{"an audience more", "jwt", [2]table{jwtConfig, with(jwtRole, "bound_audiences", []any{"vault", "ci"})}, [2]table{jwtConfig, jwtRole}, []string{"high more-permissive jwt/r: a JWT of audience ci logs in"}},
		{"a claim less", "jwt", [2]table{jwtConfig, jwtRole}, [2]table{jwtConfig, with(jwtRole, "bound_claims", table{"repo": "a"})}, []string{"high more-permissive jwt/r: a JWT of audience vault, with repo=other logs in"}},
		{"a claim of truth", "jwt", [2]table{jwtConfig, with(jwtRole, "bound_claims", table{"ok": []any{true, false}})}, [2]table{jwtConfig, with(jwtRole, "bound_claims", table{"ok": true})},
			[]string{"high more-permissive jwt/r: a JWT of audience vault, with ok=false logs in"}},
		{"globs in claims", "jwt", [2]table{jwtConfig, with(jwtRole, "bound_claims", table{"ref": "refs/*"}, "bound_claims_type", "glob")}, [2]table{jwtConfig, with(jwtRole, "bound_claims", table{"ref": "refs/*"})},
			[]string{"high more-permissive jwt/r: a JWT of audience vault, with ref=refs/other logs in"}},
		{"a key more", "jwt", [2]table{with(jwtConfig, "jwt_validation_pubkeys", "k1,k2"), jwtRole}, [2]table{jwtConfig, jwtRole}, []string{"high more-permissive jwt: a JWT of audience vault, signed by key sha256:"}},
		{"after the end", "jwt", [2]table{jwtConfig, with(jwtRole, "clock_skew_leeway", 600)}, [2]table{jwtConfig, jwtRole}, []string{"high more-permissive jwt/r: a JWT of audience vault, that expired"}},
		{"in a browser", "jwt", [2]table{jwtConfig, jwtRole}, [2]table{jwtConfig, with(jwtRole, "role_type", "oidc", "bound_audiences", nil)},
			[]string{"high more-permissive jwt/r: a JWT of audience vault logs in", "warning stricter jwt/r: a JWT by OIDC"}},
		{"a token policy more", "token", [2]table{nil, with(tokenRole, "allowed_policies", "eso,admin")}, [2]table{nil, tokenRole}, []string{"critical more-permissive token/r: a token creates a token of policy admin"}},
		{"only disallowed", "token", [2]table{nil, with(tokenRole, "allowed_policies", nil, "disallowed_policies", "admin")}, [2]table{nil, tokenRole}, []string{"high more-permissive token/r: a token creates a token of policy same"}},
		{"any policy by glob", "token", [2]table{nil, with(tokenRole, "allowed_policies_glob", "team-*")}, [2]table{nil, tokenRole}, []string{"warning more-permissive token/r: a token creates a token of policy team-other"}},
		{"an orphan", "token", [2]table{nil, with(tokenRole, "orphan", true)}, [2]table{nil, tokenRole}, []string{"high more-permissive token/r: a token creates a token of policy eso at token role token/r and the token lives on"}},
		{"either type", "token", [2]table{nil, with(tokenRole, "token_type", "default-service", "token_explicit_max_ttl", 60)}, [2]table{nil, with(tokenRole, "token_explicit_max_ttl", 60)},
			[]string{"high more-permissive token/r: a token creates a token of policy eso at token role token/r and the token, renewed in time, still lives after 2m0s", "warning different token/r: a batch"}},
		{"an alias", "token", [2]table{nil, with(tokenRole, "allowed_entity_aliases", "web-*")}, [2]table{nil, tokenRole}, []string{"high more-permissive token/r: a token creates a token of policy eso for the entity alias web-other"}},
		{"a user's address", "userpass", [2]table{nil, userRole}, [2]table{nil, with(userRole, "token_bound_cidrs", []any{"10.0.0.0/8"})}, []string{"high more-permissive userpass/r: whoever has the password logs in at userpass role userpass/r from 192.0.2.1"}},
		{"a common name", "cert", [2]table{nil, with(certRole, "allowed_common_names", nil)}, [2]table{nil, certRole}, []string{"high more-permissive cert/r: a client certificate with commonName=other logs in"}},
		{"names of a certificate in two ways", "cert", [2]table{nil, with(certRole, "allowed_common_names", nil, "allowed_names", "*.clawql")}, [2]table{nil, certRole}, []string{"VaultAuthRole cert/r: it is not told which names"}},
		{"another authority", "cert", [2]table{nil, with(certRole, "certificate", "A")}, [2]table{nil, with(certRole, "certificate", "B")}, []string{"warning different cert/r: these differ"}},
		{"a directory's user", "ldap", [2]table{ldapConfig, table{"policies": []any{"eso"}}}, [2]table{ldapConfig, nil}, []string{"high more-permissive ldap/users/ann: whoever has the password logs in at ldap role ldap/users/ann and may then read"}},
		{"a whole directory", "ldap", [2]table{with(ldapConfig, "token_policies", "wide"), table{"policies": []any{"eso"}}}, [2]table{ldapConfig, table{"policies": []any{"eso"}}},
			[]string{"high more-permissive ldap: whoever has the password logs in at ldap mount ldap and may then read"}},
		{"a cloud's role", "aws", [2]table{nil, table{"bound_ami_id": "a", "token_policies": "eso"}}, [2]table{nil, table{"bound_ami_id": "a", "token_policies": "eso", "token_ttl": 60}},
			[]string{"high more-permissive aws/r: whoever meets the method's own conditions logs in at aws role aws/r and the token, never renewed, still lives after 2m0s"}},
		{"a method that is not known", "github", [2]table{nil, table{"value": "a"}}, [2]table{nil, table{"value": "b"}}, []string{"warning different github/r: these differ", "VaultAuthRole github/r: field value differs"}},
		{"its role alone", "github", [2]table{nil, table{"value": "a"}}, [2]table{nil, nil}, []string{"warning different github/r: what it decides"}},
		{"the mount alone", "kubernetes", [2]table{kubeConfig, kubeRole}, [2]table{}, []string{"high more-permissive kubernetes: service account clawql/eso logs in"}},
	}
	for _, c := range cases {
		a, b := side(c.kind, c.from[0], c.from[1]), side(c.kind, c.to[0], c.to[1])
		if c.name == "the mount alone" {
			b = Side{Policies: policies}
		}
		got := said(mustCompare(t, a, b, Options{}))
		same := len(got) == len(c.want)
		for i := range c.want {
			same = same && i < len(got) && strings.HasPrefix(got[i], c.want[i])
		}
		if !same {
			t.Errorf("%s:\n got %s\nwant %s", c.name, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
	}
}
