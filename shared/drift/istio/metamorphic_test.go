package istio

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// What must hold for any configuration. Every witness is held against Allows by
// Compare, which ends with an error otherwise.

func count(r *verdict.Result, d finding.Direction) int {
	n := 0
	for _, f := range r.Findings {
		if f.Direction == d {
			n++
		}
	}
	return n
}

// each runs check on drawn configurations.
func each(t *testing.T, check func(t *testing.T, seed int, d dice)) {
	t.Helper()
	for seed := range cases(400, 10_000) {
		check(t, seed, newDice(seed))
	}
}

func TestComparedWithItselfIsEqual(t *testing.T) {
	each(t, func(t *testing.T, seed int, d dice) {
		a := d.side()
		if r := compare(t, a, copied(a)); len(r.Findings)+len(r.Incomplete) > 0 {
			t.Fatalf("seed %d: %+v", seed, r)
		}
	})
}

// TestSwappedSidesFlipEveryDirection also counts what was drawn: a generator of
// configurations that are all equal or all unclear would show nothing.
func TestSwappedSidesFlipEveryDirection(t *testing.T) {
	kinds, incomplete, all := map[finding.Direction]int{}, 0, 0
	each(t, func(t *testing.T, seed int, d dice) {
		a, b := d.pair()
		there, back := compare(t, a, b), compare(t, b, a)
		if x, y := told(there, true), told(back, false); !reflect.DeepEqual(x, y) {
			t.Fatalf("seed %d: swapped: %q, not %q", seed, y, x)
		}
		all++
		for _, f := range there.Findings {
			kinds[f.Direction]++
		}
		if len(there.Incomplete) > 0 {
			incomplete++
		}
	})
	t.Logf("%d pairs: %v, incomplete %d", all, kinds, incomplete)
	if kinds[finding.MorePermissive] < all/8 || kinds[finding.Stricter] < all/8 || kinds[finding.Different] > all/4 || incomplete > all/50 {
		t.Errorf("the drawn configurations show too little: %v of %d, %d incomplete", kinds, all, incomplete)
	}
}

// told are directions, objects and witnesses.
func told(r *verdict.Result, flip bool) []string {
	var list []string
	for _, f := range r.Findings {
		direction, text := f.Direction, ""
		if flip {
			direction = direction.Flip()
		}
		if f.Witness != nil {
			text = f.Witness.Text
		}
		list = append(list, string(direction)+" "+f.Object.String()+" "+text)
	}
	slices.Sort(list)
	return list
}

// What one side lets through and the other does not, of requests drawn without
// looking at the policies, is among the findings.
func TestNoDifferenceIsMissed(t *testing.T) {
	differ, unclear := 0, 0
	each(t, func(t *testing.T, seed int, d dice) {
		if seed >= 4000 { // each takes twenty questions
			return
		}
		a, b := d.pair()
		r := compare(t, a, b)
		for range 20 {
			q := d.ask()
			for kind, direction := range map[string]map[[2]bool]finding.Direction{"AuthorizationPolicy": byVerdicts, "PeerAuthentication": byVerdicts} {
				want, differs := direction[[2]bool{Allows(a, kind, q), Allows(b, kind, q)}]
				if !differs {
					continue
				}
				differ++
				if count(r, want) == 0 && !unsureOf(a, b, kind) {
					t.Fatalf("seed %d: %s: %s %q, not among %q", seed, kind, want, q.text(kind), told(r, false))
				}
				if unsureOf(a, b, kind) {
					unclear++
				}
			}
		}
	})
	t.Logf("%d requests told sides apart, %d where a policy is not understood", differ, unclear)
	if differ < cases(400, 4_000) || unclear > differ/3 {
		t.Errorf("%d requests told sides apart, %d where a policy is not understood", differ, unclear)
	}
}

var byVerdicts = map[[2]bool]finding.Direction{{true, false}: finding.MorePermissive, {false, true}: finding.Stricter}

// unsureOf says whether a policy of a kind is not understood, or the tokens
// that are verified differ.
func unsureOf(a, b []Resource, kind string) bool {
	tokens := [2][]any{}
	for i, side := range [][]Resource{a, b} {
		for j, r := range side {
			p := read(r)
			if p.unsure && r.Object.Kind == kind || kind == "PeerAuthentication" && r.Object.Kind == kind && slices.ContainsFunc(side[:j], func(o Resource) bool { q := read(o); return o.Object.Kind == kind && p.rivals(&q) }) {
				return true
			}
			if r.Object.Kind == "RequestAuthentication" {
				tokens[i] = append(tokens[i], r.Object, r.Raw["spec"])
			}
		}
	}
	return !reflect.DeepEqual(tokens[0], tokens[1])
}

func TestMoreIsNeverStricter(t *testing.T) {
	weakened, shown := 0, 0
	each(t, func(t *testing.T, seed int, d dice) {
		a := d.side()
		b, how := copied(a), ""
		for range 5 {
			if how == "" {
				b, how = d.weaken(b)
			}
		}
		if how == "" {
			return
		}
		weakened++
		there, back := compare(t, b, a), compare(t, a, b)
		if count(there, finding.Stricter)+count(back, finding.MorePermissive) > 0 {
			t.Fatalf("seed %d: %s: %q %q", seed, how, told(there, false), told(back, false))
		}
		shown += min(count(there, finding.MorePermissive), 1)
	})
	t.Logf("%d weakened, %d of them shown to be", weakened, shown)
	if weakened < cases(400, 10_000)/2 || shown < weakened/3 {
		t.Errorf("%d weakened, %d of them shown to be", weakened, shown)
	}
}

func TestOrderAndSplitsChangeNothing(t *testing.T) {
	each(t, func(t *testing.T, seed int, d dice) {
		a := d.side()
		b := d.reordered(copied(a))
		for _, r := range []*verdict.Result{compare(t, a, b), compare(t, b, a)} {
			if n := len(r.Findings) + len(r.Incomplete); n > 0 && !unsureOf(a, a, "AuthorizationPolicy") {
				t.Fatalf("seed %d: %q %q", seed, told(r, false), r.Incomplete)
			} else if count(r, finding.MorePermissive)+count(r, finding.Stricter) > 0 {
				t.Fatalf("seed %d: %q", seed, told(r, false))
			}
		}
	})
}

// weaken lets something more through, or nothing; "" is that nothing was found
// to weaken.
func (d dice) weaken(side []Resource) ([]Resource, string) {
	if len(side) == 0 {
		return side, ""
	}
	i := d.Intn(len(side))
	spec := side[i].Raw["spec"].(object)
	rules, _ := spec["rules"].([]any)
	switch action, _ := spec["action"].(string); {
	case side[i].Object.Kind == "RequestAuthentication":
		return side, ""
	case side[i].Object.Kind == "PeerAuthentication":
		return side, d.weakenPeer(spec)
	case action == "DENY" && d.in(3):
		return slices.Delete(side, i, i+1), "a DENY less"
	case action == "DENY" && d.in(3):
		side[i].Raw["metadata"].(object)["annotations"] = object{"istio.io/dry-run": "true"}
		return side, "a DENY in a dry run"
	case action == "DENY" && d.in(2) && len(rules) > 1:
		spec["rules"] = rules[1:]
		return side, "a rule of a DENY less"
	case action == "DENY":
		rule := rules[0].(object)
		when, _ := rule["when"].([]any)
		rule["when"] = append(when, d.condition())
		if unknown := read(side[i]); unknown.unsure {
			return side, ""
		}
		return side, "a DENY with one condition more"
	case action == "ALLOW" && d.in(2):
		spec["rules"] = append(rules, d.rule())
		return side, "a rule of an ALLOW more"
	case action == "ALLOW" && len(rules) > 0:
		delete(rules[d.Intn(len(rules))].(object), d.of("from", "to", "when"))
		return side, "an ALLOW with less to ask"
	}
	return side, ""
}

func (d dice) weakenPeer(spec object) string {
	modes := spec["mtls"].(object)
	if ports, ok := spec["portLevelMtls"].(object); ok && d.in(2) {
		modes = ports[sortedKeys(ports)[0]].(object)
	}
	if modes["mode"] != "STRICT" {
		return ""
	}
	modes["mode"] = d.of("PERMISSIVE", "DISABLE")
	return "plain text"
}

// reordered turns lists round, and makes of a rule for two callers two rules.
func (d dice) reordered(side []Resource) []Resource {
	for _, r := range side {
		spec := r.Raw["spec"].(object)
		rules, _ := spec["rules"].([]any)
		var split []any
		for _, one := range rules {
			rule := one.(object)
			from, _ := rule["from"].([]any)
			if strings.Contains(fmt.Sprint(from), "equestPrincipals") {
				from = nil // in TCP the one would match without the other
			}
			for _, f := range from {
				half := copied([]Resource{{Raw: rule}})[0].Raw
				half["from"] = []any{f}
				split = append(split, half)
			}
			if len(from) == 0 {
				split = append(split, rule)
			}
		}
		if rules != nil {
			turned(split)
			spec["rules"] = split
		}
	}
	slices.Reverse(side)
	return side
}

// turned turns every list of values round.
func turned(v any) {
	switch v := v.(type) {
	case []any:
		slices.Reverse(v)
		for _, one := range v {
			turned(one)
		}
	case object:
		for _, one := range v {
			turned(one)
		}
	}
}
