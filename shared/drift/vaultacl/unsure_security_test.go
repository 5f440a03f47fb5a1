package vaultacl

import (
	"fmt"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// What cannot be told is never equal.

func TestBrokenPoliciesAreErrors(t *testing.T) {
	broken := map[string]string{
		"no HCL":                         `path "a" {`,
		"an unknown key at the root":     `paths "a" { capabilities = ["read"] }`,
		"an unknown key of a path":       `path "a" { capability = ["read"] }`,
		"an unknown capability":          `path "a" { capabilities = ["write"] }`,
		"an unknown capability, denied":  `path "a" { capabilities = ["deny", "write"] }`,
		"an unknown policy":              `path "a" { policy = "admin" }`,
		"a wildcard that is none":        `path "a/+*" { capabilities = ["read"] }`,
		"a key twice":                    `path "a" { capabilities = ["read"]` + "\n" + `capabilities = ["list"] }`,
		"a parameter twice":              `path "a" { capabilities = ["update"]` + "\n" + `allowed_parameters = { "x" = [] "X" = ["1"] } }`,
		"a wrapping time that is none":   `path "a" { capabilities = ["read"]` + "\n" + `min_wrapping_ttl = "soon" }`,
		"a negative wrapping time":       `path "a" { capabilities = ["read"]` + "\n" + `min_wrapping_ttl = "-5m" }`,
		"wrapping times the wrong way":   `path "a" { capabilities = ["read"]` + "\n" + `min_wrapping_ttl = "5m"` + "\n" + `max_wrapping_ttl = "1m" }`,
		"a path that is no block":        `path = "a"`,
		"capabilities that are no words": `path "a" { capabilities = { read = true } }`,
		"a path of two names":            `path "a" "b" { capabilities = ["read"] }`,
	}
	for name, text := range broken {
		list := []Policy{{"p", text}}
		for _, sides := range [][2][]Policy{{list, nil}, {nil, list}, {list, list}} {
			if r, err := Compare(sides[0], sides[1], Options{}); err == nil || fault.Code(err) != fault.CodeUnable || !strings.Contains(err.Error(), "policy p") {
				t.Errorf("%s: %v, %+v", name, err, r)
			}
		}
	}
}

func TestTwoPoliciesOfOneNameAreAnError(t *testing.T) {
	list := []Policy{{"p", path("a", `"read"`)}, {"p", path("a", `"read"`)}}
	if _, err := Compare(list, list, Options{}); err == nil {
		t.Error("which of the two counts?")
	}
}

func TestWhatOnlyEnterpriseEnforcesIsIncomplete(t *testing.T) {
	for _, line := range []string{`mfa_methods = ["totp"]`, `control_group = { factor "a" { identity { group_names = ["g"] approvals = 1 } } }`, `subscribe_event_types = ["kv*"]`} {
		a, b := []Policy{{"p", path("kv/a", `"read", "subscribe"`)}}, []Policy{{"p", path("kv/a", `"read", "subscribe"`, line)}}
		if r, err := Compare(a, b, Options{}); err != nil || len(r.Incomplete) == 0 {
			t.Errorf("%s: %v %+v", line, err, r)
		}
		if r, err := Compare(b, b, Options{}); err != nil || len(r.Incomplete) > 0 {
			t.Errorf("%s on both sides: %v %+v", line, err, r)
		}
	}
}

func TestValuesThatAreNoStringsAreIncomplete(t *testing.T) {
	side := func(value string) []Policy {
		return []Policy{{"p", path("kv/a", `"update"`, `allowed_parameters = { "x" = [`+value+`] }`)}}
	}
	if r, err := Compare(side("5"), side("6"), Options{}); err != nil || len(r.Incomplete) == 0 {
		t.Errorf("%v %+v", err, r)
	}
}

func TestTooManyIntersectionsAreIncomplete(t *testing.T) {
	var text string
	for i := range 40 {
		segments := make([]string, 40)
		for j := range segments {
			segments[j] = "+"
		}
		segments[i] = fmt.Sprint("w", i)
		text += path(strings.Join(segments, "/"), `"read"`)
	}
	r, err := Compare([]Policy{{"p", text}}, []Policy{{"p", text}}, Options{})
	if err != nil || len(r.Incomplete) == 0 {
		t.Errorf("%v %+v", err, r)
	}
}
