package panguard

import (
	"slices"
	"testing"

	"github.com/clawql/clawql-workbench/shared/drift/verdict"
)

// A tool that one side blocks hides none that the other blocks, and of which an
// allow list leaves open what becomes of it.
func TestABlockedToolHidesNoneOnAnAllowList(t *testing.T) {
	from := policy("mode", "protection", KeyBlocked, `["a","c"]`, KeyAllowed, `["b"]`)
	to := policy("mode", "protection", KeyBlocked, `["a","b"]`, KeyAllowed, `["b"]`)
	for _, sides := range [][2]Side{{from, to}, {to, from}} {
		r := compare(t, sides[0], sides[1])
		if len(r.Findings) != 1 {
			t.Errorf("%+v", r.Findings)
		}
		for _, places := range r.Judged {
			if slices.ContainsFunc(places, func(p string) bool { return verdict.Speaks(p, ".data."+KeyBlocked) }) {
				t.Errorf("judged: %v", places)
			}
		}
	}
}

// Whether "true" asks for a JWT as "1" does no source says: they are not equal.
func TestASwitchInOtherWordsIsNotCalledEqual(t *testing.T) {
	for _, value := range []string{"true", "yes", "TRUE"} {
		from, to := gateway("CLAWQL_MCP_JWT_ENABLED", value), gateway("CLAWQL_MCP_JWT_ENABLED", "1")
		for _, sides := range [][2]Side{{from, to}, {to, from}, {from, gateway()}} {
			if r := compare(t, sides[0], sides[1]); len(r.Findings) > 0 || len(r.Judged) > 0 {
				t.Errorf("%s: %+v", value, r)
			}
		}
	}
}
