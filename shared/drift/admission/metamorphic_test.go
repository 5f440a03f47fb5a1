package admission

import (
	"math/rand"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// Must hold for any configuration, whatever the right verdict is. Compare
// checks each witness by itself; a check that fails is an error here.
func each(t *testing.T, check func(seed int64, d dice)) {
	t.Helper()
	t.Parallel()
	upTo(cases(400, 10_000), check)
}

func upTo(n int, check func(seed int64, d dice)) {
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	for seed := range int64(n) {
		check(seed, dice{rand.New(rand.NewSource(seed))})
	}
}

func TestComparedWithItselfIsEqual(t *testing.T) {
	each(t, func(seed int64, d dice) {
		w := d.world()
		if found := mustCompare(t, seed, w, w); len(found) > 0 {
			t.Fatalf("seed %d: %+v", seed, found)
		}
	})
}

func TestSwappedSidesFlipEveryDirection(t *testing.T) {
	each(t, func(seed int64, d dice) {
		a, b := d.pair(d.world)
		there, back := mustCompare(t, seed, a, b), mustCompare(t, seed, b, a)
		if p, q := keysOf(there, true), keysOf(back, false); !slices.Equal(p, q) {
			t.Fatalf("seed %d: %q, not %q", seed, q, p)
		}
	})
}

func keysOf(findings []finding.Finding, flip bool) []string {
	var list []string
	for _, f := range findings {
		d, text := f.Direction, ""
		if flip {
			d = d.Flip()
		}
		if f.Witness != nil {
			text = f.Witness.Text
		}
		list = append(list, string(d)+" "+f.Object.String()+" "+text)
	}
	slices.Sort(list)
	return list
}

// To loosen is never stricter; to undo it never more permissive.
func TestLooseningIsNeverStricter(t *testing.T) {
	told := map[string]int{}
	each(t, func(seed int64, d dice) {
		a := d.world()
		b, how := d.loosened(a)
		for _, f := range mustCompare(t, seed, b, a) {
			if f.Direction == finding.Stricter {
				t.Fatalf("seed %d: %s, and stricter: %+v\n%s\n%s", seed, how, f, encoded(b), encoded(a))
			}
			told[how+": "+string(f.Direction)]++
		}
		for _, f := range mustCompare(t, seed, a, b) {
			if f.Direction == finding.MorePermissive {
				t.Fatalf("seed %d: %s undone, and more permissive: %+v", seed, how, f)
			}
		}
	})
	for _, how := range []string{"no policy", "a resource excluded", "fails open", "no binding", "bound to fewer namespaces", "denies no more", "no rule", "audits", "a rule audits", "not at admission", "a filter fewer", "audits in a namespace", "an exclusion more"} {
		if told[how+": more-permissive"] == 0 && cases(0, 1) == 1 {
			t.Errorf("%q is never found: %v", how, told)
		}
	}
	t.Log(told)
}

// Other words, another order, rules split in two: all of it is equal.
func TestRewordingIsEqual(t *testing.T) {
	hows := map[string]int{}
	each(t, func(seed int64, d dice) {
		a := d.world()
		b, how := d.reworded(a)
		if found, left := mustCompareAll(t, seed, a, b); len(found) > 0 || left {
			t.Fatalf("seed %d: %s: %+v\n%s\n%s", seed, how, found, encoded(a), encoded(b))
		}
		hows[how]++
	})
	t.Log(hows)
}

// What is more permissive is not equal for being said in other words as well.
func TestRewordingHidesNothing(t *testing.T) {
	found := 0
	each(t, func(seed int64, d dice) {
		a := d.world()
		b, loosened := d.loosened(a)
		if len(b) == 0 || !slices.ContainsFunc(mustCompare(t, seed, b, a), func(f finding.Finding) bool { return f.Witness != nil }) {
			return
		}
		found++
		c, reworded := b, ""
		for range 3 {
			c, reworded = d.reworded(c)
		}
		if again, left := mustCompareAll(t, seed, c, a); len(again) == 0 && !left {
			t.Fatalf("seed %d: %s, then %s: equal\n%s\n%s", seed, loosened, reworded, encoded(c), encoded(a))
		}
	})
	t.Log(found, "pairs")
}

// What the generator reaches, so that the tests above test something.
func TestDrawnPairsAreRich(t *testing.T) {
	seen := map[string]int{}
	upTo(cases(400, 2000), func(seed int64, d dice) {
		a, b := d.pair(d.world)
		found := mustCompare(t, seed, a, b)
		if len(found) == 0 {
			seen["equal"]++
		}
		for _, f := range found {
			seen[string(f.Direction)]++
			if f.Witness != nil {
				for _, part := range []string{"in namespace", "in a namespace with", "could not test", "ValidatingAdmissionPolicy", "ClusterPolicy", "of Policy", " Policy a/", " with tier", "a Secret", "a Pod", "a Deployment", "a Namespace"} {
					if strings.Contains(f.Witness.Text, part) {
						seen[part]++
					}
				}
			}
		}
		text := encoded(a)
		for _, part := range []string{`"exclude"`, "excludeResourceRules", `"Audit"`, `"Enforce"`, `"Ignore"`, "matchResources", "namespaceSelector", "objectSelector", "failureActionOverrides", "validationFailureActionOverrides", `"admission":false`, `"applyRules":"One"`, "matchConditions", "paramRef", `"all":`} {
			if strings.Contains(text, part) {
				seen[part]++
			}
		}
	})
	t.Log(seen)
	for _, want := range []string{"equal", "different", "more-permissive", "stricter", "in namespace", "in a namespace with", "could not test", "ValidatingAdmissionPolicy", "ClusterPolicy", " Policy a/", " with tier", "a Deployment"} {
		if seen[want] < 5 {
			t.Errorf("%q was seen %d times", want, seen[want])
		}
	}
}
