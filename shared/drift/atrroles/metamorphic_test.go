package atrroles

import (
	"encoding/json"
	"math/rand"
	"slices"
	"testing"

	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/oracletest"
)

// What must hold for any documents. Every witness is held against Allows by
// Compare, which ends with an error otherwise.

var cases = oracletest.Cases

type dice struct{ *rand.Rand }

func (d dice) of(list ...string) string { return list[d.Intn(len(list))] }
func (d dice) in(n int) bool            { return d.Intn(n) == 0 }

type object = map[string]any

// some are one to three of a list, now and then none.
func (d dice) some(list ...string) []any {
	words := []any{}
	for range 1 + d.Intn(3) {
		if !d.in(20) {
			words = append(words, d.of(list...))
		}
	}
	return words
}

func (d dice) rule() object {
	rule := object{
		"actorType": d.of("agent", "agent", "agent", "human", "*"), "roles": d.some("clerk", "underwriter", "Clerk", "a*"), "verticals": d.some("lending", "cards", "lend", "*"),
		"operations": d.some("lending__loans__read", "lending__*__read", "lending__*__*", "lending__*", "*", "*__read", "cards__a__write", "lend*", "lending____read"),
	}
	switch d.Intn(12) {
	case 0:
		rule["conditions"] = object{"amount": object{"max": d.Intn(5)}}
	case 1:
		rule["conditions"] = object{}
	case 2:
		rule["unless"] = "night"
	case 3:
		delete(rule, d.of("actorType", "roles", "verticals", "operations"))
	}
	return rule
}

func (d dice) document() []any {
	rules := []any{}
	for range d.Intn(4) {
		rules = append(rules, d.rule())
	}
	return rules
}

func (d dice) pair() (a, b []any) {
	a = d.document()
	if d.in(4) || len(a) == 0 {
		return a, d.document()
	}
	b = copied(a)
	rule, anew, field := b[d.Intn(len(b))].(object), d.rule(), d.of("actorType", "roles", "verticals", "operations", "conditions")
	if delete(rule, field); anew[field] != nil {
		rule[field] = anew[field]
	}
	return a, b
}

func copied(rules []any) []any {
	var list []any
	if json.Unmarshal([]byte(text(rules)), &list) != nil {
		panic("a document that cannot be read")
	}
	return list
}

func text(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func written(rules []any) []Config { return side(text(object{"rules": rules})) }

func each(t *testing.T, check func(t *testing.T, seed int, d dice)) {
	t.Helper()
	for seed := range cases(2000, 10_000) {
		check(t, seed, dice{rand.New(rand.NewSource(int64(seed)))})
	}
}

func told(r *verdict.Result, flip bool) []string {
	var list []string
	for _, f := range r.Findings {
		direction := f.Direction
		if flip {
			direction = direction.Flip()
		}
		list = append(list, string(direction)+" "+f.Witness.Text)
	}
	slices.Sort(list)
	return list
}

func count(r *verdict.Result, d finding.Direction) int {
	n := 0
	for _, f := range r.Findings {
		if f.Direction == d {
			n++
		}
	}
	return n
}

func TestSwappedSidesFlipEveryDirection(t *testing.T) {
	more, stricter, silent, all := 0, 0, 0, 0
	each(t, func(t *testing.T, seed int, d dice) {
		a, b := d.pair()
		if r := compare(t, written(a), written(copied(a))); len(r.Findings) > 0 || len(r.Judged) == 0 {
			t.Fatalf("seed %d: unequal to itself: %+v", seed, r)
		}
		there, back := compare(t, written(a), written(b)), compare(t, written(b), written(a))
		if x, y := told(there, true), told(back, false); !slices.Equal(x, y) {
			t.Fatalf("seed %d: swapped: %q, not %q", seed, y, x)
		}
		all, more, stricter = all+1, more+count(there, finding.MorePermissive), stricter+count(there, finding.Stricter)
		if len(there.Findings) == 0 {
			silent++
		}
	})
	t.Logf("%d pairs: more permissive %d, stricter %d, left to the structural comparison or equal %d", all, more, stricter, silent)
	if more < all/8 || stricter < all/8 || silent > all*3/4 {
		t.Errorf("the drawn documents show too little: %d, %d, %d of %d", more, stricter, silent, all)
	}
}

// A request that the one document surely allows, and the other could not, is
// among the findings: drawn without looking at the documents.
func TestNoDifferenceIsMissed(t *testing.T) {
	differ := 0
	each(t, func(t *testing.T, seed int, d dice) {
		a, b := d.pair()
		from, to := text(object{"rules": a}), text(object{"rules": b})
		r := compare(t, side(from), side(to))
		for range 20 {
			q := Request{d.of("agent", "human"), d.of("clerk", "underwriter", "Clerk"), d.of("lending", "cards", "lend"), d.of("lending__loans__read", "cards__a__write", "lending__x__write")}
			if Allows(from, q, false) && !Allows(to, q, true) {
				differ++
				if count(r, finding.MorePermissive) == 0 {
					t.Fatalf("seed %d: %s is missed: %q", seed, q, told(r, false))
				}
			}
			if Allows(to, q, false) && !Allows(from, q, true) {
				differ++
				if count(r, finding.Stricter) == 0 {
					t.Fatalf("seed %d: %s is missed: %q", seed, q, told(r, false))
				}
			}
		}
	})
	t.Logf("%d requests told documents apart", differ)
	if differ < cases(2000, 10_000)/4 {
		t.Errorf("only %d requests told documents apart", differ)
	}
}

func TestMoreIsNeverStricter(t *testing.T) {
	shown := map[string]int{}
	each(t, func(t *testing.T, seed int, d dice) {
		a := d.document()
		b, how := d.widened(copied(a))
		there, back := compare(t, written(b), written(a)), compare(t, written(a), written(b))
		if count(there, finding.Stricter)+count(back, finding.MorePermissive) > 0 {
			t.Fatalf("seed %d: %s: %q %q", seed, how, told(there, false), told(back, false))
		}
		shown[how] += count(there, finding.MorePermissive)
	})
	t.Logf("shown: %v", shown)
	for _, how := range []string{"a rule more", "a word more"} {
		if shown[how] == 0 {
			t.Errorf("%s was never shown", how)
		}
	}
}

func (d dice) widened(rules []any) ([]any, string) {
	if len(rules) == 0 || d.in(3) {
		return append(rules, d.rule()), "a rule more"
	}
	rule := rules[d.Intn(len(rules))].(object)
	if d.in(3) {
		delete(rule, "conditions")
		return rules, "no condition"
	}
	field := d.of("roles", "verticals", "operations")
	if list, _ := rule[field].([]any); len(list) > 0 { // none at all may be any
		rule[field] = append(list, d.rule()[field])
		if inner, ok := rule[field].([]any)[len(list)].([]any); ok {
			rule[field] = append(list, inner...)
		} else {
			rule[field] = list
		}
	}
	return rules, "a word more"
}

// Rules and words in another order, and a rule for two roles made two rules.
func TestOrderAndSplitsChangeNothing(t *testing.T) {
	each(t, func(t *testing.T, seed int, d dice) {
		a := d.document()
		var b []any
		for _, one := range copied(a) {
			roles, _ := one.(object)["roles"].([]any)
			for _, role := range roles {
				half := copied([]any{one})[0].(object)
				half["roles"] = []any{role}
				if operations, ok := half["operations"].([]any); ok {
					slices.Reverse(operations)
				}
				b = append(b, half)
			}
			if len(roles) == 0 {
				b = append(b, one)
			}
		}
		slices.Reverse(b)
		if b == nil {
			b = []any{}
		}
		if r := compare(t, written(a), written(b)); len(r.Findings) > 0 || len(r.Judged) == 0 {
			t.Fatalf("seed %d: %q, judged %v", seed, told(r, false), r.Judged)
		}
	})
}
