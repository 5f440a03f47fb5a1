package vaultacl

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/finding"
)

func path(name, capabilities string, more ...string) string {
	return fmt.Sprintf("path %q {\n capabilities = [%s]\n %s\n}\n", name, capabilities, strings.Join(more, "\n "))
}

func TestRecipes(t *testing.T) {
	const read, write = `"read"`, `"create", "update"`
	cases := []struct {
		name     string
		from, to string
		want     []string // severity direction: the witness
	}{
		{"a path more", path("secret/data/clawql/providers", read) + path("secret/data/clawql/legacy", read), path("secret/data/clawql/providers", read), []string{"high more-permissive: read secret/data/clawql/legacy"}},
		{"a rule less may allow more", path("secret/*", read), path("secret/*", read) + path("secret/prod/*", `"deny"`), []string{"high more-permissive: read secret/prod/other"}},
		{"the exact path wins", path("secret/*", read) + path("secret/a", `"list"`), path("secret/*", read), []string{"warning more-permissive: list secret/a", "warning stricter: read secret/a"}},
		{"the longest prefix wins", path("secret/*", read) + path("secret/a*", `"deny"`), path("secret/*", read), []string{"warning stricter: read secret/aother"}},
		{"a plus is one segment", path("secret/+/key", read), path("secret/*", read), []string{"warning stricter: read secret/other"}},
		{"a later plus wins", path("secret/+/b", `"deny"`) + path("secret/a/+", read), path("secret/a/+", read), nil},
		{"a star beats an earlier plus", path("secret/a*", read) + path("secret/+", `"deny"`), path("secret/a*", read), nil},
		{"a leading slash says nothing", path("/secret/a", read), path("secret/a", read), nil},
		{"old words", `path "secret/a" { policy = "write" }`, path("secret/a", `"create", "read", "update", "delete", "list"`), nil},
		{"deny takes all", path("secret/a", `"read", "deny"`), "", nil},
		{"sudo", path("sys/raw/*", `"read", "sudo"`), path("sys/raw/*", read), []string{"critical more-permissive: sudo sys/raw/other"}},
		{"policies may be written", path("sys/policies/acl/*", write), "", []string{"critical more-permissive: update sys/policies/acl/other"}},
		{"everything", path("*", `"update"`), "", []string{"critical more-permissive: update other"}},
		{"a parameter more", path("auth/token/create", `"update"`, `allowed_parameters = { "ttl" = [] "policies" = ["a"] }`), path("auth/token/create", `"update"`, `allowed_parameters = { "ttl" = [] }`),
			[]string{`critical more-permissive: update auth/token/create policies="a"`}},
		{"a value's glob", path("kv/a", write, `allowed_parameters = { "x" = ["prod-*"] }`), path("kv/a", write, `allowed_parameters = { "x" = ["prod-1"] }`), []string{`high more-permissive: update kv/a x="prod-`}},
		{"every value of a parameter", path("kv/a", write, `allowed_parameters = { "x" = [] }`), path("kv/a", write, `allowed_parameters = { "x" = ["p"] }`), []string{`high more-permissive: update kv/a x="other"`}},
		{"a denied list that is empty denies every value", path("kv/a", write, `denied_parameters = { "x" = ["p"] }`), path("kv/a", write, `denied_parameters = { "x" = [] }`), []string{`high more-permissive: update kv/a x="other"`}},
		{"denied no more", path("kv/a", write), path("kv/a", write, `denied_parameters = { "x" = ["root"] }`), []string{`high more-permissive: update kv/a x="root"`}},
		{"required no more", path("kv/a", write), path("kv/a", write, `required_parameters = ["reason"]`), []string{"high more-permissive: update kv/a"}},
		{"case of parameters", path("kv/a", write, `required_parameters = ["Reason"]`), path("kv/a", write, `required_parameters = ["reason"]`), nil},
		{"wrapping no more", path("kv/a", read), path("kv/a", read, `min_wrapping_ttl = "1m"`, `max_wrapping_ttl = 90`), []string{"high more-permissive: read kv/a"}},
		{"wrapped for longer", path("kv/a", read, `max_wrapping_ttl = "2h"`), path("kv/a", read, `max_wrapping_ttl = "60m"`), []string{"high more-permissive: read kv/a wrapped for 1h30m0s"}},
		{"the same time", path("kv/a", read, `max_wrapping_ttl = "1d"`), path("kv/a", read, `max_wrapping_ttl = 86400`), nil},
		{"JSON", `{"path": {"kv/a": {"capabilities": ["read"]}}}`, path("kv/a", read), nil},
		{"templates alike", path("secret/{{identity.entity.name}}/*", read), path("secret/{{identity.entity.name}}/+", read), []string{"high more-permissive: read secret/{{identity.entity.name}}/other/other"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r, err := Compare([]Policy{{"p", c.from}}, []Policy{{"p", c.to}}, Options{})
			if err != nil || len(r.Incomplete) > 0 {
				t.Fatalf("%v %+v", err, r)
			}
			var got []string
			for _, f := range r.Findings {
				got = append(got, fmt.Sprintf("%s %s: %s", f.Severity, f.Direction, f.Witness.Text))
			}
			if len(got) != len(c.want) {
				t.Fatalf("found %q, want %q", got, c.want)
			}
			for _, w := range c.want {
				if !slices.ContainsFunc(got, func(g string) bool { return strings.HasPrefix(g, w) }) {
					t.Errorf("found %q, want %q", got, w)
				}
			}
		})
	}
}

func TestPoliciesByName(t *testing.T) {
	a := []Policy{{"one", path("kv/a", `"read"`)}, {"two", path("kv/b", `"read"`)}}
	b := []Policy{{"two", path("kv/b", `"read"`)}, {"three", path("kv/c", `"read"`)}}
	r, err := Compare(a, b, Options{Names: [2]string{"staging", "production"}})
	if err != nil || len(r.Findings) != 2 {
		t.Fatalf("%v %+v", err, r)
	}
	f := r.Findings[0]
	if f.Object.Name != "one" || f.Object.Kind != "VaultPolicy" || f.From != `allowed: path "kv/a" of one decides` || f.To != "denied: no path matches" ||
		f.Explanation != "staging allows, and production does not: read kv/a" || f.Witness.Details["path"] != "kv/a" {
		t.Errorf("%+v %+v", f, f.Witness)
	}
	if r.Findings[1].Object.Name != "three" || r.Findings[1].Direction != finding.Stricter {
		t.Errorf("%+v", r.Findings[1])
	}
}

func TestRootMayDoEverything(t *testing.T) {
	r, err := Compare([]Policy{{Name: "root"}}, nil, Options{})
	if err != nil || len(r.Findings) != 1 || r.Findings[0].Severity != finding.Critical {
		t.Errorf("%v %+v", err, r)
	}
}

// A token's policies are one: a deny in the one takes the other's path.
func TestSetsAreMerged(t *testing.T) {
	a := []Policy{{"one", path("kv/a", `"read"`)}, {"two", path("kv/a", `"deny"`)}}
	r, err := CompareSets(finding.Object{Kind: "VaultRole", Name: "r"}, a, nil, Options{})
	if err != nil || len(r.Findings) > 0 {
		t.Errorf("%v %+v", err, r)
	}
}
