package netpol

import (
	"math/rand"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// Must hold for any configuration, whatever the right verdict is. Compare
// checks each witness by itself; a check that fails is an error here.

// directionOf the side that allows more.
var directionOf = [2]finding.Direction{from: finding.MorePermissive, to: finding.Stricter}

func mustCompare(t *testing.T, seed int64, a, b small) *Result {
	t.Helper()
	return mustCompareSides(t, seed, a.render(), b.render())
}

func mustCompareSides(t *testing.T, seed int64, a, b Side) *Result {
	t.Helper()
	result, err := Compare(a, b, Options{})
	if err != nil || len(result.Incomplete) > 0 {
		t.Fatalf("seed %d: %v %v", seed, err, result)
	}
	for _, f := range result.Findings {
		if f.Witness == nil || f.Witness.Text == "" || f.ID == "" || f.Object.Name == "" {
			t.Fatalf("seed %d: a finding without witness, id or object: %+v", seed, f)
		}
	}
	return result
}

func count(r *Result, d finding.Direction) int {
	n := 0
	for _, f := range r.Findings {
		if f.Direction == d {
			n++
		}
	}
	return n
}

// each runs check on generated worlds.
func each(t *testing.T, check func(t *testing.T, seed int64, d dice, w small)) {
	t.Helper()
	for seed := range int64(cases(400, 10_000)) {
		d := dice{rand.New(rand.NewSource(seed))}
		check(t, seed, d, d.small(seed%3 == 0))
	}
}

func TestComparedWithItselfIsEqual(t *testing.T) {
	each(t, func(t *testing.T, seed int64, _ dice, w small) {
		if r := mustCompare(t, seed, w, w); len(r.Findings)+len(r.Silent) > 0 {
			t.Fatalf("seed %d: %+v", seed, r)
		}
	})
}

func TestSwappedSidesFlip(t *testing.T) {
	type said struct {
		direction finding.Direction
		object    finding.Object
	}
	for seed := range int64(cases(400, 10_000)) {
		sides := drawPair(seed, seed%3 == 0)
		there, back := map[said]bool{}, map[said]bool{}
		for _, f := range mustCompare(t, seed, sides[0], sides[1]).Findings {
			there[said{f.Direction, f.Object}] = true
		}
		for _, f := range mustCompare(t, seed, sides[1], sides[0]).Findings {
			back[said{f.Direction.Flip(), f.Object}] = true
		}
		if !reflect.DeepEqual(there, back) {
			t.Fatalf("seed %d: %v, swapped %v", seed, there, back)
		}
	}
}

// A rule more in a policy that isolates for its direction already.
func TestAddingARuleIsNeverStricter(t *testing.T) {
	grown := 0
	each(t, func(t *testing.T, seed int64, d dice, w small) {
		more, changed := w.withRule(d)
		if !changed {
			return
		}
		r := mustCompare(t, seed, more, w)
		if count(r, finding.Stricter) > 0 {
			t.Fatalf("seed %d: a rule more made it stricter: %+v", seed, r.Findings)
		}
		grown += count(r, finding.MorePermissive)
		if r := mustCompare(t, seed, w, more); count(r, finding.MorePermissive) > 0 {
			t.Fatalf("seed %d: a rule less made it more permissive: %+v", seed, r.Findings)
		}
	})
	if grown == 0 {
		t.Error("no rule let anything more through: the test shows nothing")
	}
}

func (w small) withRule(d dice) (small, bool) {
	if len(w.policies) == 0 {
		return w, false
	}
	w.policies = slices.Clone(w.policies)
	p := &w.policies[d.Intn(len(w.policies))]
	if strings.Contains(p.types, "I") || p.types == "" {
		p.ingress = append(slices.Clone(p.ingress), d.rule(true))
		return w, true
	}
	p.egress = append(slices.Clone(p.egress), d.rule(true))
	return w, true
}

// A policy that isolates for a direction and allows nothing in it.
func TestAddingADenyIsNeverMorePermissive(t *testing.T) {
	stricter := 0
	each(t, func(t *testing.T, seed int64, d dice, w small) {
		more := w
		more.policies = append(slices.Clone(w.policies), smallPolicy{namespace: "n1", name: "deny", subject: d.selector(smallKeys), types: d.one("I", "E", "IE")})
		r := mustCompare(t, seed, more, w)
		if count(r, finding.MorePermissive) > 0 {
			t.Fatalf("seed %d: %+v", seed, r.Findings)
		}
		stricter += count(r, finding.Stricter)
	})
	if stricter == 0 {
		t.Error("no deny denied anything: the test shows nothing")
	}
}

func TestReorderedAndSplitIsEqual(t *testing.T) {
	each(t, func(t *testing.T, seed int64, d dice, w small) {
		other := w.scrambled(d)
		if r := mustCompare(t, seed, w, other); len(r.Findings) > 0 {
			t.Fatalf("seed %d: %+v", seed, r.Findings)
		}
	})
}

// scrambled says the same in other words: policies, rules, peers and ports in
// another order, rules cut into one a peer and port, policies doubled.
func (w small) scrambled(d dice) small {
	policies := slices.Clone(w.policies)
	for i := range policies {
		p := &policies[i]
		if p.types == "" && len(p.egress) > 0 {
			p.types = "EI"
		}
		p.ingress, p.egress = d.scramble(p.ingress), d.scramble(p.egress)
	}
	if len(policies) > 0 {
		twin := policies[0]
		twin.name += "-twin"
		policies = append(policies, twin)
	}
	d.Shuffle(len(policies), func(i, j int) { policies[i], policies[j] = policies[j], policies[i] })
	w.policies = policies
	return w
}

func (d dice) scramble(rules []smallRule) []smallRule {
	var list []smallRule
	for _, r := range rules {
		list = append(list, r.pieces()...)
	}
	d.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// pieces of a rule: an empty list of peers or ports is everybody and every
// port, so it stays empty.
func (r smallRule) pieces() []smallRule {
	list := []smallRule{{ports: r.ports}}
	if len(r.peers) > 0 {
		list = nil
	}
	for _, p := range r.peers {
		list = append(list, smallRule{peers: []smallPeer{p}, ports: r.ports})
	}
	if len(r.ports) < 2 {
		return list
	}
	var cut []smallRule
	for _, one := range list {
		for _, p := range r.ports {
			cut = append(cut, smallRule{peers: one.peers, ports: []smallPort{p}})
		}
	}
	return cut
}

// A world is what it is, whatever the order in which it is listed.
func TestOrderOfInputDoesNotMatter(t *testing.T) {
	for seed := range int64(cases(300, 10_000)) {
		sides := drawPair(seed, seed%3 == 0)
		a, b := sides[0].render(), sides[1].render()
		one, err := Compare(a, b, Options{})
		if err != nil {
			t.Fatal(err)
		}
		slices.Reverse(a.Policies)
		slices.Reverse(a.Workloads)
		slices.Reverse(b.Namespaces)
		if two, err := Compare(a, b, Options{}); err != nil || !reflect.DeepEqual(one, two) {
			t.Fatalf("seed %d: %+v, then %+v (%v)", seed, one, two, err)
		}
	}
}
