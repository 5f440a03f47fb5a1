package admission

import (
	"reflect"
	"slices"
	"strings"
)

// kyverno compares two forms of one policy, rule by rule.
func (c *comparer) kyverno(pair [2]*Resource) error {
	for permissive := range pair {
		strict := pair[1-permissive]
		if strict == nil {
			continue
		}
		rules := slices.Clone(c.rules[1-permissive][strict.Object])
		slices.SortStableFunc(rules, func(a, b rule) int { return strings.Compare(a.name, b.name) })
		for _, r := range rules {
			if err := c.rule(pair, permissive, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// rule looks for a request that a rule of the strict side refuses and nothing
// of the other side does, and for one that could not be tested.
func (c *comparer) rule(pair [2]*Resource, permissive int, strict rule) error {
	loose := c.twin(permissive, strict)
	if loose != nil && reflect.DeepEqual(strict.raw, loose.raw) && reflect.DeepEqual(without(strict.policy.fields(), "rules"), without(loose.policy.fields(), "rules")) {
		return nil
	}
	for _, down := range []bool{false, true} {
		if down && (loose == nil || loose.down == strict.down) {
			continue
		}
		if q, found := c.search(permissive, strict, loose, down); found {
			aspect, says, places := c.words(pair, permissive, strict, loose, q)
			if err := c.claim(pair, aspect, permissive, says, q, places...); err != nil {
				return err
			}
			if !down && aspect != "match of "+strict.name {
				return nil
			}
		}
	}
	return nil
}

// twin is the rule of the same policy and name on another side.
func (c *comparer) twin(side int, r rule) *rule {
	list := c.rules[side][r.policy.Object]
	at := slices.IndexFunc(list, func(other rule) bool { return other.name == r.name })
	if at < 0 {
		return nil
	}
	return &list[at]
}

// search tries requests about each kind that the strict rule may ask about.
func (c *comparer) search(permissive int, strict rule, loose *rule, down bool) (found Request, ok bool) {
	var s space
	for _, r := range []*rule{&strict, loose} {
		if r != nil {
			r.add(&s)
		}
	}
	for _, k := range strict.kinds() {
		s.tries(k, func(q Request) bool {
			q.Policy, q.Rule, q.Tests, q.Down = strict.policy.Object, strict.name, strict.tests, down
			if strict.readsLabels(q.Labels) || strict.refuses(q) != yes || c.refuses(permissive, 1-permissive, strict, q) != no {
				return false
			}
			found, ok = q, true
			return true
		})
		if ok {
			return found, ok
		}
	}
	return found, false
}

// refuses says whether a side refuses what fails a strict rule of the other
// side and passes all else. A rule that only this side has may test for the
// same in other words, and one that looks at the same fields may fail with it.
func (c *comparer) refuses(side, strictSide int, strict rule, q Request) truth {
	answer := no
	tested := q
	tested.Down = false
	for _, rules := range c.rules[side] {
		for _, r := range rules {
			switch {
			case answer == yes:
				return yes
			case r.tests == strict.tests:
				answer = max(answer, r.refuses(q))
			case answer == maybe || r.refuses(tested) == no || r.reads.apart(strict.reads):
			case r.reads.known && strict.reads.known || !c.alsoOf(strictSide, r, tested):
				answer = maybe
			}
		}
	}
	return answer
}

// alsoOf says whether a side surely refuses what fails the tests of another
// side's rule.
func (c *comparer) alsoOf(side int, r rule, q Request) bool {
	for _, rules := range c.rules[side] {
		for _, mine := range rules {
			if mine.tests == r.tests && mine.refuses(q) == yes {
				return true
			}
		}
	}
	return false
}

func (r rule) add(to *space) {
	for _, f := range slices.Concat(r.match, r.exclude) {
		f.add(to)
	}
	for _, o := range r.actions {
		for _, p := range o.namespaces {
			to.namespaces = append(to.namespaces, example(p))
		}
	}
	if r.policy.Object.Kind == "Policy" {
		to.namespaces = append(to.namespaces, r.policy.Object.Namespace)
	}
}

func (r rule) readsLabels(set map[string]string) bool {
	for name := range set {
		if r.reads.label(name) {
			return true
		}
	}
	return false
}

// kinds are those that the rule names, and one or two for its patterns.
func (r rule) kinds() []kind {
	var list []kind
	add := func(k kind) {
		if !slices.Contains(list, k) {
			list = append(list, k)
		}
	}
	for _, f := range r.match {
		for _, p := range f.kinds {
			if !strings.ContainsAny(p.kind, "*?") {
				k, _ := known(p.kind)
				add(k)
				continue
			}
			for _, k := range kinds {
				if p.matches(k.on()) == yes {
					add(k)
				}
			}
		}
		if len(f.kinds) == 0 {
			for _, k := range kinds {
				add(k)
			}
		}
	}
	return list
}

// words are what a finding says of a request: the aspect, the two sides, and
// what of the policy it has spoken of.
func (c *comparer) words(pair [2]*Resource, permissive int, strict rule, loose *rule, q Request) (aspect string, says [2]string, told []string) {
	name := strict.name
	says[1-permissive] = "enforces rule " + name
	switch {
	case pair[permissive] == nil:
		says[permissive] = "has no such policy"
		return "existence", says, nil
	case loose == nil:
		says[permissive] = "has no such rule"
		return "rule " + name, says, []string{"rule " + name}
	case q.Down:
		says[1-permissive], says[permissive] = "fails closed", "fails open"
		return "failure policy", says, []string{"failure policy"}
	case loose.tests != strict.tests && loose.refuses(q) == yes:
		says[permissive] = "tests for something else in rule " + name
		return "tests of " + name, says, []string{"tests of " + name}
	case loose.off:
		says[permissive] = "tests nothing at admission"
		return "admission", says, []string{"admission"}
	case loose.covers(q) != no:
		says[permissive] = "only audits rule " + name
		if pair[0].spec("validationFailureAction") != pair[1].spec("validationFailureAction") {
			return "action", says, []string{"action of " + name}
		}
		return "action of " + name, says, []string{"action of " + name}
	}
	what := q.Kind
	if q.Namespace != "" && q.Namespace != someNamespace {
		what += " in namespace " + q.Namespace
	}
	says[1-permissive], says[permissive] = "tests "+what, "does not test "+what
	return "match of " + name, says, []string{"match of " + name}
}
