package atrroles

import (
	"slices"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/finding"
)

var names = [2]string{"staging", "production"}

const base = `{"rules":[{"actorType":"agent","roles":["underwriter"],"verticals":["lending"],"operations":["lending__*__read"]}]}`

func side(document string) []Config {
	return []Config{{Object: finding.Object{APIVersion: "v1", Kind: "ConfigMap", Name: "clawql-abac-policy"}, Data: map[string]string{Key: document}}}
}

func compare(t *testing.T, from, to []Config) *verdict.Result {
	t.Helper()
	result, err := Compare(from, to, names)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestChanges(t *testing.T) {
	const by = " by an actor agent with role "
	for _, one := range []struct {
		name, old, new string
		want           []string
	}{
		{"nothing", "", "", nil},
		{"a role more", `"underwriter"`, `"underwriter","clerk"`, []string{"more-permissive: lending__anything__read" + by + "clerk in vertical lending"}},
		{"a vertical more", `"lending"`, `"lending","cards"`, []string{"more-permissive: lending__anything__read" + by + "underwriter in vertical cards"}},
		{"a wider pattern", "lending__*__read", "lending__*__*", []string{"more-permissive: lending__anything__anything" + by + "underwriter in vertical lending"}},
		{"a narrower pattern", "lending__*__read", "lending__loans__read", []string{"stricter: lending__anything__read" + by + "underwriter in vertical lending"}},
		{"another role", "underwriter", "clerk", []string{"more-permissive: lending__anything__read" + by + "clerk in vertical lending", "stricter: lending__anything__read" + by + "underwriter in vertical lending"}},
		{"no rule", `{"actorType":"agent","roles":["underwriter"],"verticals":["lending"],"operations":["lending__*__read"]}`, "", []string{"stricter: lending__anything__read" + by + "underwriter in vertical lending"}},
		{"a condition", `"operations"`, `"conditions":{"amount":{"max":5}},"operations"`, nil},
		{"an unknown field", `"operations"`, `"unless":"night","operations"`, nil},
		{"no document", base, "x", nil},
		{"roles of nobody", `["underwriter"]`, "[]", nil},
	} {
		t.Run(one.name, func(t *testing.T) {
			r := compare(t, side(strings.Replace(base, one.old, one.new, 1)), side(base))
			var got []string
			for _, f := range r.Findings {
				got = append(got, string(f.Direction)+": "+f.Witness.Text)
			}
			if !slices.Equal(got, one.want) {
				t.Errorf("%q, not %q", got, one.want)
			}
			if judged := len(r.Judged) > 0; judged != (len(one.want) > 0 || one.old == one.new) {
				t.Errorf("judged: %v", r.Judged)
			}
		})
	}
}

// A field that is not known here is not overlooked.
func TestUnknownFieldsCount(t *testing.T) {
	from, to := strings.Replace(base, `"roles"`, `"unless":"night","roles"`, 1), strings.Replace(base, `"roles"`, `"unless":"day","roles"`, 1)
	if r := compare(t, side(from), side(to)); len(r.Judged) > 0 {
		t.Errorf("%+v", r)
	}
}

// A star for the actor is nobody's type: what it stands for is not settled.
func TestAStarForTheActorIsNoActor(t *testing.T) {
	if r := compare(t, side(strings.Replace(base, `"agent"`, `"*"`, 1)), side(base)); len(r.Findings) > 0 || len(r.Judged) > 0 {
		t.Errorf("%+v", r)
	}
}

// The same grants, ordered and split otherwise, are equal; with another
// condition they are not.
func TestSplitRulesAreEqual(t *testing.T) {
	one := `{"rules":[{"actorType":"agent","roles":["a","b"],"verticals":["x"],"operations":["o","p"],"conditions":{"k":1}}]}`
	two := `{"rules":[{"actorType":"agent","roles":["b"],"verticals":["x"],"operations":["p","o"],"conditions":{"k":1}},{"conditions":{"k":1},"actorType":"agent","roles":["a","a"],"verticals":["x"],"operations":["o","p"]}]}`
	if r := compare(t, side(one), side(two)); len(r.Findings) > 0 || len(r.Judged) == 0 {
		t.Errorf("%+v", r)
	}
	if r := compare(t, side(one), side(strings.Replace(two, `"k":1`, `"k":2`, 1))); len(r.Judged) > 0 {
		t.Errorf("%+v", r)
	}
}
