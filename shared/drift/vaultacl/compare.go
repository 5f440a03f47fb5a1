package vaultacl

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// Control is the name under which findings of this package stand.
const Control = "Vault policy"

// from and to number the sides.
const (
	from = 0
	to   = 1
)

// Intersections is how many intersections of patterns, for paths of one length,
// are looked at. Beyond it the result is incomplete, never equal.
const Intersections = 20_000

// Options are what a comparison needs to know besides the sides.
type Options struct {
	// Names of the sides in texts, "from" and "to" by default.
	Names [2]string
	// Intersections is the limit; 0 is the constant of that name.
	Intersections int
}

func (o Options) filled() Options {
	if o.Names == [2]string{} {
		o.Names = [2]string{"from", "to"}
	}
	if o.Intersections == 0 {
		o.Intersections = Intersections
	}
	return o
}

// Result is what a comparison says. It is equal only if both lists are empty.
type Result struct {
	Findings   []finding.Finding // in the order of finding.Sort
	Incomplete []string          // what was not compared, and why
}

// Compare holds policies of one name against one another; one that a side lacks
// grants nothing there. There is one finding a policy and direction. A policy
// that cannot be read is an error; so is a witness that fails its check
// (finding.ErrBug).
func Compare(a, b []Policy, o Options) (*Result, error) {
	named := map[string]*[2][]Policy{}
	for s, list := range [2][]Policy{a, b} {
		for _, p := range list {
			if named[p.Name] == nil {
				named[p.Name] = &[2][]Policy{}
			}
			if p.Name == "" || named[p.Name][s] != nil {
				return nil, fault.Unable("comparing Vault policies: policy %q of side %s has no name, or is there twice", p.Name, o.filled().Names[s])
			}
			named[p.Name][s] = []Policy{p}
		}
	}
	result := &Result{}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		one, err := CompareSets(finding.Object{Kind: "VaultPolicy", Name: name}, named[name][from], named[name][to], o)
		if err != nil {
			return nil, err
		}
		result.Findings = append(result.Findings, one.Findings...)
		result.Incomplete = append(result.Incomplete, one.Incomplete...)
	}
	finding.Sort(result.Findings)
	return result, nil
}

// CompareSets holds what a token with all of a's policies may do against one
// with all of b's. The findings are about object: a policy, or a role that
// gives the policies out.
func CompareSets(object finding.Object, a, b []Policy, o Options) (*Result, error) {
	e := &engine{object: object, sides: [2][]Policy{a, b}, options: o.filled(), skipped: map[string]bool{}}
	var patterns []pattern
	for s, list := range e.sides {
		m, err := merge(list)
		if err != nil {
			return nil, fault.Unable("comparing Vault policies: side %s: %w", e.options.Names[s], err)
		}
		e.rules[s] = newLookup(m)
		patterns = append(patterns, e.rules[s].patterns...)
	}
	slices.SortFunc(patterns, byPriority)
	patterns = slices.CompactFunc(patterns, func(a, b pattern) bool { return a.path == b.path })
	var within [2]bool
	e.paths, within[0] = representatives(patterns, false, e.options.Intersections)
	e.listed, within[1] = representatives(patterns, true, e.options.Intersections)
	if within != [2]bool{true, true} {
		return &Result{Incomplete: []string{fmt.Sprintf("%s %s: its paths have more than %d intersections", object.Kind, object, e.options.Intersections)}}, nil
	}
	e.fresh = freshWord(patterns)
	return e.result()
}

// lookup is a side's rules, the deciding one first.
type lookup struct {
	root     bool
	patterns []pattern
	rules    map[string]*rule
}

func newLookup(m *merged) *lookup {
	l := &lookup{root: m.root, rules: m.rules}
	for path := range m.rules {
		l.patterns = append(l.patterns, patternOf(path))
	}
	slices.SortFunc(l.patterns, byPriority)
	return l
}

// everything is what root may do.
var everything = func() *rule {
	all := capabilities{}
	for _, c := range granted {
		all[c] = true
	}
	return &rule{perms: perms{capabilities: all}, policies: []string{"root"}}
}()

// deciding is the rule for a capability on a path, nil for none.
func (l *lookup) deciding(path string, c Capability) *rule {
	if l.root {
		return everything
	}
	words := strings.Split(path, "/")
	slashed := append(slices.Clone(words), "")
	if c != List {
		return l.first(words, nil)
	}
	for _, try := range []struct {
		words []string
		exact bool
	}{{slashed, true}, {words, true}, {words, false}, {slashed, false}} {
		if r := l.first(try.words, &try.exact); r != nil {
			return r
		}
	}
	return nil
}

// first rule that matches; only exact ones, or only others, where that is
// asked.
func (l *lookup) first(words []string, exact *bool) *rule {
	for _, p := range l.patterns {
		if (exact == nil || p.exact() == *exact) && p.matches(words) {
			return l.rules[p.path]
		}
	}
	return nil
}
