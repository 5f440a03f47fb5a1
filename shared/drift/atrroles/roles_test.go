package atrroles

import (
	"fmt"
	"math/rand"
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

func drawn(random *rand.Rand) []string {
	pick := func(list ...string) string { return list[random.Intn(len(list))] }
	var rules []string
	for range random.Intn(4) {
		rules = append(rules, fmt.Sprintf(`{"actorType":%q,"roles":["%s","%s"],"verticals":["%s"],"operations":["%s"]%s}`, pick("agent", "human", ""), pick("a", "b", "*"), pick("a", "c"),
			pick("x", "y", "*"), pick("x__*__*", "x__*", "x__l__read", "*", "*__read"), pick("", "", `,"conditions":{"k":1}`, `,"conditions":{}`, `,"other":1`)))
	}
	return rules
}

// A side equals itself, swapped sides flip every direction, a rule more is
// never stricter, and every witness holds (Compare ends with an error
// otherwise).
func TestMetamorphic(t *testing.T) {
	random := rand.New(rand.NewSource(10))
	document := func(rules []string) []Config { return side(`{"rules":[` + strings.Join(rules, ",") + `]}`) }
	found := 0
	for range 4000 {
		a, b := drawn(random), drawn(random)
		if r := compare(t, document(a), document(a)); len(r.Findings) > 0 {
			t.Fatalf("unequal to itself: %+v", r)
		}
		there, back := compare(t, document(a), document(b)), compare(t, document(b), document(a))
		found += len(there.Findings)
		var x, y []string
		for _, f := range there.Findings {
			x = append(x, string(f.Direction.Flip())+f.Witness.Text)
		}
		for _, f := range back.Findings {
			y = append(y, string(f.Direction)+f.Witness.Text)
		}
		slices.Sort(x)
		slices.Sort(y)
		if !slices.Equal(x, y) {
			t.Fatalf("swapped: %q, not %q", y, x)
		}
		for _, f := range compare(t, document(append(slices.Clone(a), b...)), document(a)).Findings {
			if f.Direction == finding.Stricter {
				t.Fatalf("rules more, and stricter: %+v", f)
			}
		}
	}
	if found < 1000 {
		t.Errorf("only %d differences were drawn", found)
	}
}
