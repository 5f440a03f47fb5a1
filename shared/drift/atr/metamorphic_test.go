package atr

import (
	"reflect"
	"slices"
	"testing"

	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// What must hold for any configuration. Every witness is held against Evaluate
// by Compare, which ends with an error otherwise.

func each(t *testing.T, check func(t *testing.T, seed int, d dice)) {
	t.Helper()
	for seed := range cases(300, 10_000) {
		check(t, seed, newDice(seed))
	}
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

// TestSwappedSidesFlipEveryDirection also looks at a side beside itself, and
// counts what was drawn: rules that all say the same would show nothing.
func TestSwappedSidesFlipEveryDirection(t *testing.T) {
	t.Parallel()
	kinds, incomplete, all := map[finding.Direction]int{}, 0, 0
	each(t, func(t *testing.T, seed int, d dice) {
		x, y := d.pair()
		a, b := written(x), written(y)
		if r := compare(t, a, written(x)); len(r.Findings)+len(r.Incomplete) > 0 {
			t.Fatalf("seed %d: unequal to itself: %+v", seed, r)
		}
		there, back := compare(t, a, b), compare(t, b, a)
		if p, q := keys(there, true), keys(back, false); !reflect.DeepEqual(p, q) || len(there.Incomplete) != len(back.Incomplete) {
			t.Fatalf("seed %d: swapped: %q, not %q", seed, q, p)
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
	if kinds[finding.MorePermissive] < all/8 || kinds[finding.Stricter] < all/8 || kinds[finding.Different] > all || incomplete > all/8 {
		t.Errorf("the drawn rules show too little: %v of %d, %d incomplete", kinds, all, incomplete)
	}
}

func TestWeakerIsNeverStricter(t *testing.T) {
	t.Parallel()
	weakened, shown := map[string]int{}, map[string]int{}
	each(t, func(t *testing.T, seed int, d dice) {
		x := d.side()
		y, how := d.weaken(copied(x))
		weakened[how]++
		there, back := compare(t, written(y), written(x)), compare(t, written(x), written(y))
		if count(there, finding.Stricter)+count(back, finding.MorePermissive) > 0 {
			t.Fatalf("seed %d: %s: %+v %+v", seed, how, there.Findings, back.Findings)
		}
		shown[how] += min(1, count(there, finding.MorePermissive))
	})
	t.Logf("weakened: %v; shown to be: %v", weakened, shown)
	for _, how := range []string{"a rule less", "switched off", "an action less", "less severe", "a narrower regex", "a condition less of any", "it waits for a person"} {
		if shown[how] == 0 {
			t.Errorf("%s: it was never shown, of %d times", how, weakened[how])
		}
	}
}

func TestOrderChangesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, seed int, d dice) {
		x := d.side()
		y := copied(x)
		for _, rule := range y {
			turned(rule)
		}
		slices.Reverse(y)
		if r := compare(t, written(x), written(y)); len(r.Findings)+len(r.Incomplete) > 0 {
			t.Fatalf("seed %d: %+v", seed, r)
		}
	})
}

// turned turns conditions, actions and test cases round.
func turned(v any) {
	switch v := v.(type) {
	case []any:
		slices.Reverse(v)
	case object:
		for _, one := range v {
			turned(one)
		}
	}
}

// weaken changes a rule so that it never triggers on more, never does more.
func (d dice) weaken(rules []object) ([]object, string) {
	i := d.Intn(len(rules))
	rule := rules[i]
	detection, response := rule["detection"].(object), rule["response"].(object)
	list := detection["conditions"].([]any)
	actions := response["actions"].([]any)
	one := list[d.Intn(len(list))].(object)
	_, isRegex := one["value"].(string)
	switch d.Intn(9) {
	case 0:
		return slices.Delete(rules, i, i+1), "a rule less"
	case 1:
		rule["status"] = d.of("draft", "deprecated")
		return rules, "switched off"
	case 2:
		if len(actions) > 0 {
			response["actions"] = actions[1:]
		}
		return rules, "an action less"
	case 3:
		at := slices.Index(severities, rule["severity"].(string))
		rule["severity"] = severities[min(at+1, len(severities)-1)]
		return rules, "less severe"
	case 4:
		if isRegex && one["operator"] == "regex" {
			one["value"] = d.of(`^(?=[\s\S]*end)[\s\S]*?`, `^(?![\s\S]*safe)[\s\S]*?`) + one["value"].(string)
		}
		return rules, "a narrower regex"
	case 5:
		if detection["condition"] != "all" && len(list) > 1 {
			detection["conditions"] = list[1:]
		}
		return rules, "a condition less of any"
	case 6:
		if more, _ := d.condition(); detection["condition"] == "all" && len(list) > 1 {
			detection["conditions"] = append(list, more)
		}
		return rules, "a condition more of all"
	case 7:
		if at, is := one["threshold"].(float64); is {
			one["threshold"] = at + map[bool]float64{true: 1, false: -1}[one["operator"] == "gt" || one["operator"] == "gte"]
		}
		return rules, "another threshold"
	}
	delete(response, "auto_response_threshold")
	return rules, "it waits for a person"
}
