package vaultauth

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/drift/vaultacl"
	"github.com/clawql/clawql-workbench/shared/oracletest"
)

// dice draws mounts and roles: few words, so that what they say overlaps in
// every way.
type dice struct{ *rand.Rand }

func rnd(seed int64) *rand.Rand { return rand.New(rand.NewSource(seed)) }

func (d dice) one(of ...string) string { return of[d.Intn(len(of))] }
func (d dice) in(n int) bool           { return d.Intn(n) == 0 }
func (d dice) number(of ...int) any    { return float64(of[d.Intn(len(of))]) }

// some of the words, none never.
func (d dice) some(of ...string) []any {
	list := []any{d.one(of...)}
	for d.in(2) {
		if word := d.one(of...); !slices.Contains(list, any(word)) && word != "*" && list[0] != "*" {
			list = append(list, word)
		}
	}
	return list
}

var cases = oracletest.Cases

var drawnKinds = []string{"kubernetes", "approle", "jwt", "token", "userpass", "cert", "ldap", "aws"}

// Each allows what no other does, so that one more never takes something away.
var drawnPolicies = []vaultacl.Policy{
	{Name: "p", Text: `path "kv/p" { capabilities = ["read"] }`},
	{Name: "q", Text: `path "kv/q" { capabilities = ["read", "update"] }`},
	{Name: "pq", Text: `path "kv/pq/*" { capabilities = ["list"] }`},
	{Name: "default", Text: `path "kv/default" { capabilities = ["read"] }`},
}

var drawnBlocks = []string{"10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "127.0.0.0/8", "2001:db8::/32", "10.2.0.0/15"}

// drawn is a mount with one role.
type drawn struct {
	kind               string
	config, tune, role table
}

func (d dice) draw(kind string) drawn {
	one := drawn{kind: kind, role: table{}}
	switch kind {
	case "kubernetes":
		d.kubernetes(&one)
	case "approle":
		one.role = table{"bind_secret_id": !d.in(4), "secret_id_num_uses": d.number(0, 0, 1, 3), "secret_id_ttl": d.number(0, 60, 600)}
		if d.in(3) || one.role["bind_secret_id"] == false {
			one.role["secret_id_bound_cidrs"] = d.some("10.0.0.0/8", "10.1.0.0/16", "127.0.0.0/8", "10.1.2.3/32")
		}
	case "jwt":
		d.jwt(&one)
	case "token":
		d.token(&one)
	case "cert":
		for _, field := range []string{"allowed_common_names", "allowed_dns_sans", "allowed_organizational_units"} {
			if d.in(2) {
				one.role[field] = d.some("a", "a*", "*", "b", "*a")
			}
		}
	case "ldap":
		one.config = d.tokens(table{"url": "ldap://x"})
		one.role["policies"] = d.some("p", "q", "pq")
	}
	if kind != "token" && kind != "ldap" {
		one.role = d.tokens(one.role)
	}
	if d.in(3) {
		one.tune = table{"default_lease_ttl": d.number(300, 7200), "max_lease_ttl": d.number(7200, 36000), "token_type": d.one("default-service", "default-batch", "service")}
		if kind == "token" {
			delete(one.tune, "token_type")
		}
	}
	return one
}

func (d dice) tokens(role table) table {
	role["token_policies"] = d.some("p", "q", "pq", "gone", "p")
	role["token_ttl"], role["token_max_ttl"] = d.number(0, 60, 600), d.number(0, 0, 600, 7200)
	role["token_no_default_policy"] = d.in(3)
	if d.in(4) {
		role["token_period"] = d.number(120, 3600)
	}
	if d.in(4) {
		role["token_explicit_max_ttl"] = d.number(90, 5000)
	}
	if d.in(4) {
		role["token_num_uses"] = d.number(0, 2, 5)
	}
	if d.in(4) {
		role["token_bound_cidrs"] = d.some(drawnBlocks...)
	}
	if d.in(5) && role["token_period"] == nil && role["token_num_uses"] == nil {
		role["token_type"] = d.one("batch", "service", "default")
	}
	if d.in(30) {
		role["token_policies"] = append(role["token_policies"].([]any), "root")
	}
	return role
}

func (d dice) kubernetes(one *drawn) {
	one.config = table{"kubernetes_host": "https://k", "disable_iss_validation": !d.in(3), "issuer": d.one("", "i", "j")}
	if d.in(4) {
		one.config["pem_keys"] = d.some("key one", "key two")
	}
	words := []string{"a", "ab", "a*", "*b", "*", "b", "c-*-d", "a*b"}
	one.role["bound_service_account_names"] = d.some(words...)
	if d.in(3) {
		one.role["bound_service_account_namespace_selector"] = d.one(`{"matchLabels":{"t":"1"}}`, `matchLabels: {t: "1", u: "2"}`, `{"matchLabels":{"t":"2"}}`, `{}`, `{"matchLabels":{"kubernetes.io/metadata.name":"b"}}`)
	}
	if one.role["bound_service_account_namespace_selector"] == nil || d.in(2) {
		one.role["bound_service_account_namespaces"] = d.some(words...)
	}
	if d.in(3) {
		one.role["audience"] = d.one("x", "y")
	}
}

func (d dice) jwt(one *drawn) {
	one.config = table{"jwt_validation_pubkeys": d.some("key one", "key two"), "bound_issuer": d.one("", "i", "j")}
	if d.in(4) {
		one.config["jwt_supported_algs"] = d.some("ES256", "ES384", "RS256")
	}
	one.role = table{"role_type": "jwt", "user_claim": "sub", "bound_claims_type": d.one("string", "glob")}
	if !d.in(4) {
		one.role["bound_audiences"] = d.some("x", "y", "z")
	}
	if d.in(3) {
		one.role["bound_subject"] = d.one("s", "st")
	}
	claims := table{}
	for _, name := range []string{"repo", "/deep/ref", "sub"} {
		if d.in(3) {
			claims[name] = d.some("a", "a*", "*", "b", "s")
		}
	}
	if d.in(5) && one.role["bound_claims_type"] == "string" {
		claims["ok"] = d.Intn(2) == 0
	}
	one.role["bound_claims"] = claims
	if len(claims) == 0 && one.role["bound_audiences"] == nil && one.role["bound_subject"] == nil {
		one.role["bound_subject"] = "s"
	}
	for _, name := range []string{"clock_skew_leeway", "expiration_leeway", "not_before_leeway"} {
		if d.in(5) {
			one.role[name] = d.number(-1, 0, 30, 600)
		}
	}
}

func (d dice) token(one *drawn) {
	for _, field := range []string{"allowed_policies", "disallowed_policies"} {
		if d.in(2) {
			one.role[field] = d.some("p", "q", "pq", "default", "gone")
		}
		if d.in(3) {
			one.role[field+"_glob"] = d.some("p*", "*q", "g*", "d*")
		}
	}
	one.role["orphan"], one.role["renewable"] = d.in(2), !d.in(3)
	one.role["token_no_default_policy"] = d.in(3)
	one.role["token_type"] = d.one("default-service", "service", "batch", "default-batch", "service")
	batch := strings.HasSuffix(one.role["token_type"].(string), "batch")
	if d.in(4) && !batch {
		one.role["token_period"] = d.number(120, 3600)
	}
	if d.in(3) && !batch {
		one.role["token_explicit_max_ttl"] = d.number(90, 5000)
	}
	if d.in(4) && !batch {
		one.role["token_num_uses"] = d.number(2, 5)
	}
	if d.in(4) {
		one.role["token_bound_cidrs"] = d.some(drawnBlocks...)
	}
	if d.in(3) {
		one.role["allowed_entity_aliases"] = d.some("e", "e*", "f")
	}
}

// side has the mount with its role, and all policies.
func (one drawn) side() Side {
	s := Side{Mounts: []Mount{{Path: one.kind, Type: one.kind, Config: one.config, Tune: one.tune}}, Policies: drawnPolicies}
	if one.role != nil {
		s.Roles = []Role{{Mount: one.kind, Name: roleName(one.kind), Fields: one.role}}
	}
	return s
}

func roleName(kind string) string {
	if kind == "ldap" {
		return "users/ann"
	}
	return "r"
}

// pair is two of a kind; every other time the second is an edit of the first.
func (d dice) pair(kind string) (drawn, drawn) {
	a, b := d.draw(kind), d.draw(kind)
	if d.in(2) {
		return a, b
	}
	edited := drawn{kind, with(a.config), with(a.tune), with(a.role)}
	for range 1 + d.Intn(2) {
		parts := [][2]table{{edited.role, b.role}}
		if a.config != nil {
			parts = append(parts, [2]table{edited.config, b.config})
		}
		part := parts[d.Intn(len(parts))]
		if names := slices.Sorted(keys(part[1])); len(names) > 0 {
			name := names[d.Intn(len(names))]
			part[0][name] = part[1][name]
		}
	}
	if a.config == nil {
		edited.config = nil
	}
	if a.tune == nil {
		edited.tune = nil
	}
	return a, edited
}

func keys(t table) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range t {
			if !yield(name) {
				return
			}
		}
	}
}

func (one drawn) String() string {
	return fmt.Sprintf("%s config %v tune %v role %v", one.kind, one.config, one.tune, one.role)
}
