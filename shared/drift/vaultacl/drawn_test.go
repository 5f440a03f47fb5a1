package vaultacl

import (
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/oracletest"
)

// dice draws small policies: few words, so that paths overlap in every way.
type dice struct{ *rand.Rand }

func (d dice) one(of ...string) string { return of[d.Intn(len(of))] }
func (d dice) in(n int) bool           { return d.Intn(n) == 0 }

// drawnStanza is a stanza before it is text.
type drawnStanza struct {
	path         string
	capabilities []string
	more         []string // lines
}

type drawn []drawnStanza

var drawnPaths = []string{
	"kv/a", "kv/b", "kv/ab", "kv/a/b", "kv/a*", "kv/ab*", "kv/a/*", "kv/*", "*", "k*", "kv/+", "kv/+/b", "kv/+/a*", "kv/+/*", "+/a", "+/*", "kv/a/+", "kv/+/+",
	"kv/a/", "kv/a/b/*", "kv/a/b/c", "kv/a/+/c", "kv/+b/a", "+",
}

func (d dice) stanza() drawnStanza {
	s := drawnStanza{path: drawnPaths[d.Intn(len(drawnPaths))]}
	for range 1 + d.Intn(3) {
		s.capabilities = append(s.capabilities, d.one("create", "read", "update", "delete", "list", "patch", "sudo", "read", "deny", "recover"))
	}
	if d.in(4) {
		s.more = append(s.more, fmt.Sprintf(`allowed_parameters = { %s }`, d.parameters()))
	}
	if d.in(6) {
		s.more = append(s.more, fmt.Sprintf(`denied_parameters = { %s }`, d.parameters()))
	}
	if d.in(6) {
		s.more = append(s.more, fmt.Sprintf(`required_parameters = [%q]`, d.one("x", "y")))
	}
	if d.in(8) {
		s.more = append(s.more, fmt.Sprintf(`min_wrapping_ttl = %q`, d.one("60", "90s")), fmt.Sprintf(`max_wrapping_ttl = %q`, d.one("90", "5m")))
	}
	return s
}

func (d dice) parameters() string {
	first := d.one("x", "y", "*")
	list := fmt.Sprintf(`%q = [%s]`, first, d.values())
	if second := d.one("x", "y", "*"); second != first && d.in(2) {
		list += fmt.Sprintf("\n%q = [%s]", second, d.values())
	}
	return list
}

func (d dice) values() string {
	return d.one(``, `"p"`, `"p", "q"`, `"p*"`, `"*q"`, `"*p*"`, `"p,q"`)
}

func (d dice) policy() drawn {
	var p drawn
	for range 1 + d.Intn(4) {
		p = append(p, d.stanza())
	}
	return p.distinct()
}

// distinct paths: Vault refuses a policy that has one twice.
func (p drawn) distinct() drawn {
	seen := map[string]bool{}
	return slices.DeleteFunc(p, func(s drawnStanza) bool {
		twice := seen[s.path]
		seen[s.path] = true
		return twice
	})
}

func (p drawn) text() string {
	var text strings.Builder
	for _, s := range p {
		fmt.Fprintf(&text, "path %q {\n  capabilities = [\"%s\"]\n", s.path, strings.Join(s.capabilities, `", "`))
		for _, line := range s.more {
			text.WriteString("  " + line + "\n")
		}
		text.WriteString("}\n")
	}
	return text.String()
}

func (p drawn) policies() []Policy { return []Policy{{"p", p.text()}} }

// pair is two policies; every other time the second is an edit of the first.
func pair(seed int64) (drawn, drawn) {
	d := dice{rand.New(rand.NewSource(seed))}
	a := d.policy()
	if d.in(2) {
		return a, d.policy()
	}
	b := slices.Clone(a)
	switch d.Intn(3) {
	case 0:
		b = append(b, d.stanza()).distinct()
	case 1:
		b = b[1:]
	default:
		b[0].capabilities = []string{d.one("read", "update", "list", "deny")}
	}
	return a, b
}

var cases = oracletest.Cases

func mustCompare(t *testing.T, seed int64, a, b []Policy) []finding.Finding {
	t.Helper()
	r, err := CompareSets(finding.Object{Kind: "VaultPolicy", Name: "p"}, a, b, Options{})
	if err != nil || len(r.Incomplete) > 0 {
		t.Fatalf("seed %d: %v %+v\n%v\n%v", seed, err, r, a, b)
	}
	return r.Findings
}

func said(list []finding.Finding, flip bool) []string {
	var all []string
	for _, f := range list {
		if flip {
			f.Direction = f.Direction.Flip()
		}
		all = append(all, string(f.Direction)+" "+f.Witness.Text)
	}
	slices.Sort(all)
	return all
}

func none(t *testing.T, seed int64, list []finding.Finding, d finding.Direction) {
	t.Helper()
	for _, f := range list {
		if f.Direction == d {
			t.Fatalf("seed %d: %s %s", seed, d, f.Witness.Text)
		}
	}
}

func TestMetamorphic(t *testing.T) {
	found := 0
	for seed := range int64(cases(400, 10_000)) {
		d := dice{rand.New(rand.NewSource(seed))}
		a, b := pair(seed)
		if same := mustCompare(t, seed, a.policies(), a.policies()); len(same) > 0 {
			t.Fatalf("seed %d: a policy differs from itself: %v", seed, said(same, false))
		}
		there, back := mustCompare(t, seed, a.policies(), b.policies()), mustCompare(t, seed, b.policies(), a.policies())
		if !slices.Equal(said(there, false), said(back, true)) {
			t.Fatalf("seed %d: %v, swapped %v", seed, said(there, false), said(back, true))
		}
		found += len(there)
		if other := mustCompare(t, seed, a.policies(), a.scrambled(d)); len(other) > 0 {
			t.Fatalf("seed %d: reordered and split: %v", seed, said(other, false))
		}
		more, less := slices.Clone(a), slices.Clone(a)
		i := d.Intn(len(a))
		more[i].capabilities = append(slices.Clone(a[i].capabilities), d.one("read", "update", "sudo"))
		none(t, seed, mustCompare(t, seed, more.policies(), a.policies()), finding.Stricter)
		less[i].capabilities = []string{"deny"}
		none(t, seed, mustCompare(t, seed, less.policies(), a.policies()), finding.MorePermissive)
	}
	if found == 0 {
		t.Error("nothing ever differed: the test shows nothing")
	}
}

// scrambled says the same in other words: in another order, capabilities
// doubled and turned round, each path in a policy of its own.
func (p drawn) scrambled(d dice) []Policy {
	p = slices.Clone(p)
	d.Shuffle(len(p), func(i, j int) { p[i], p[j] = p[j], p[i] })
	var list []Policy
	for i, s := range p {
		s.capabilities = append(slices.Clone(s.capabilities), s.capabilities...)
		slices.Reverse(s.capabilities)
		list = append(list, Policy{fmt.Sprint("p", i), drawn{s}.text()})
	}
	return list
}

// TestAgainstBruteForce: there is a finding in a direction exactly when some
// request of a small universe shows it.
func TestAgainstBruteForce(t *testing.T) {
	paths, demands, differ := smallPaths(), smallDemands(), 0
	for seed := range int64(cases(80, 2000)) {
		a, b := pair(seed)
		var got, want [2]bool
		for _, f := range mustCompare(t, seed, a.policies(), b.policies()) {
			got[0] = got[0] || f.Direction == finding.MorePermissive
			got[1] = got[1] || f.Direction == finding.Stricter
		}
		shown := [2]Request{}
		ma, mb := mustMerge(t, a), mustMerge(t, b)
		asked := map[[3]string]bool{} // which rules decide, and on what
		for _, path := range paths {
			for _, c := range granted {
				r := Request{Path: path, Capability: c}
				one, two := ma.find(r), mb.find(r)
				if key := [3]string{one, two, string(c)}; asked[key] {
					continue
				} else {
					asked[key] = true
				}
				for _, d := range demands {
					r.Data, r.Wrap = d.data, d.wrap
					if x, y := one != "" && ma.rules[one].permits(r), two != "" && mb.rules[two].permits(r); x != y {
						side := map[bool]int{true: 0, false: 1}[x]
						want[side], shown[side] = true, r
						differ++
					}
				}
			}
		}
		if got != want {
			t.Fatalf("seed %d: found %v, brute force %v by %s, %s\n%s---\n%s", seed, got, want, shown[0], shown[1], a.text(), b.text())
		}
	}
	if differ == 0 {
		t.Error("nothing ever differed: the test shows nothing")
	}
}

func mustMerge(t *testing.T, p drawn) *merged {
	t.Helper()
	m, err := merge(p.policies())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func smallPaths() []string {
	var paths []string
	words := []string{"kv", "a", "b", "ab", "abz", "c", "z", "kz", "+b"}
	for _, one := range words {
		paths = append(paths, one)
		for _, two := range words {
			paths = append(paths, one+"/"+two)
			for _, three := range words {
				paths = append(paths, one+"/"+two+"/"+three, one+"/"+two+"/"+three+"/c", one+"/"+two+"/"+three+"/z", one+"/"+two+"/"+three+"/z/z")
			}
		}
	}
	return paths
}

// smallDemands are parameters of two names and a third that no policy knows,
// with the values that the drawn lists can tell apart, at all wrapping times.
func smallDemands() []demand {
	values := []string{"", "p", "q", "z", "pz", "zq", "zpz", "p,q", "p,z", "q,p"}
	var list []demand
	for _, x := range values {
		for _, y := range values {
			for _, z := range []string{"", "z"} {
				data := map[string]string{"x": x, "y": y, "z": z}
				maps.DeleteFunc(data, func(_, value string) bool { return value == "" })
				for _, wrap := range []time.Duration{0, 30, 60, 75, 90, 120, 300, 600} {
					list = append(list, demand{data, wrap * time.Second})
				}
			}
		}
	}
	return list
}
