package admission

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// note keeps what a request has told of an object, which side permissive admits.
func (c *comparer) note(object finding.Object, permissive int, parts ...string) {
	if c.told[object] == nil {
		c.told[object] = map[string][2]bool{}
	}
	for _, part := range parts {
		sides := c.told[object][part]
		sides[permissive] = true
		c.told[object][part] = sides
	}
}

// settled are the parts of an object of which nothing is left to be said:
// requests have told of them in both directions, or in one, and the other side
// is surely nowhere the more permissive one for it.
func (c *comparer) settled(object finding.Object) []string {
	var parts []string
	for part, sides := range c.told[object] {
		pair := c.pairOf(object)
		switch {
		case sides[0] && sides[1], pair[0] == nil || pair[1] == nil:
			parts = append(parts, part)
		case sides[0] && c.oneWay(part, pair, 0), sides[1] && c.oneWay(part, pair, 1):
			parts = append(parts, part)
		}
	}
	return parts
}

// oneWay says whether a part of a policy surely lets the strict side refuse
// whatever the permissive one does.
func (c *comparer) oneWay(part string, pair [2]*Resource, permissive int) bool {
	loose, strict := pair[permissive], pair[1-permissive]
	about, name, _ := strings.Cut(part, " of ")
	switch {
	case part == "match" && loose.Object.Kind == policyKind:
		return scopeWithin(loose.field("matchConstraints"), strict.field("matchConstraints"))
	case part == "match" && loose.Object.Kind == bindingKind:
		return scopeWithin(loose.field("matchResources"), strict.field("matchResources"))
	case part == "failure policy", part == "admission", part == "actions", part == "action":
		return true
	case part == "policy":
		return c.index[permissive][loose.policyObject()] == nil // it binds nothing
	case strings.HasPrefix(part, "rule "):
		return loose.spec("applyRules") != "One" && strict.spec("applyRules") != "One"
	}
	a, b := ruleNamed(loose, name), ruleNamed(strict, name)
	return a != nil && b != nil && (about == "action" && actionWithin(a, b) || about == "match" && matchWithin(a.raw, b.raw))
}

// ruleNamed is the one rule of a name that tests something.
func ruleNamed(p *Resource, name string) *rule {
	rules := slices.DeleteFunc(rulesOf(p, nil), func(r rule) bool { return r.name != name })
	if len(rules) != 1 {
		return nil
	}
	return &rules[0]
}

// actionWithin says whether a strict rule enforces wherever a loose one does.
func actionWithin(loose, strict *rule) bool {
	all := func(r *rule, want truth) bool {
		return enforced(r.action) == want && !slices.ContainsFunc(r.actions, func(o override) bool { return enforced(o.action) != want })
	}
	if loose.limits != yes || strict.limits != yes {
		return false
	}
	return all(loose, no) || all(strict, yes) || reflect.DeepEqual(loose.actions, strict.actions) && enforced(loose.action) == no
}

// matchWithin says whether a strict rule is asked about all that a loose one is.
func matchWithin(loose, strict map[string]any) bool {
	same := func(field string) bool {
		return encoded(filterForms(loose[field])) == encoded(filterForms(strict[field]))
	}
	pods, _ := filtersOf(loose["match"])
	made := slices.ContainsFunc(pods, namesPods) // Kyverno may make rules for controllers of it
	if strict["exclude"] != nil && !same("exclude") {
		a, fine := plainFilters(loose["exclude"], false)
		b, also := plainFilters(strict["exclude"], false)
		if made || !fine || !also || !allWithin(b, a) {
			return false
		}
	}
	if same("match") {
		return true
	}
	a, fine := plainFilters(loose["match"], true)
	b, also := plainFilters(strict["match"], true)
	return fine && also && allWithin(a, b) && (!made || makesAsMuch(a, b))
}

func allWithin(narrow, wide []map[string]any) bool {
	return !slices.ContainsFunc(narrow, func(a map[string]any) bool {
		return !slices.ContainsFunc(wide, func(b map[string]any) bool { return filterWithin(a, b) })
	})
}

// makesAsMuch says whether Kyverno surely makes rules for controllers of a
// strict match if it does of a loose one: it asks for one kind alone, and not
// for names or labels.
func makesAsMuch(loose, strict []map[string]any) bool {
	kinds := kindsOf(strict)
	return len(kinds) == 1 && slices.Equal(kinds, kindsOf(loose)) && !slices.ContainsFunc(strict, func(f map[string]any) bool {
		resources, _ := f["resources"].(map[string]any)
		return len(without(resources, "kinds", "namespaces", "operations", "namespaceSelector")) > 0
	})
}

// plainFilters are the filters of a block of which one is enough, each for one
// kind, namespace, name and operation; false where all have to fit, or one asks
// for nothing: for no kind, where kinds have to be.
func plainFilters(block any, kinds bool) (list []map[string]any, fine bool) {
	fields, _ := block.(map[string]any)
	if len(asList(fields["all"])) > 0 {
		return nil, false
	}
	some := asList(fields["any"])
	if len(some) == 0 {
		some = []any{block}
	}
	for _, one := range some {
		filter, _ := one.(map[string]any)
		resources, _ := filter["resources"].(map[string]any)
		if len(resources) == 0 || kinds && len(words(resources["kinds"])) == 0 {
			return nil, false
		}
		list = append(list, taken(filter, "kinds", "namespaces", "names", "operations")...)
	}
	return list, true
}

// taken is a filter with its lists taken apart.
func taken(filter map[string]any, fields ...string) []map[string]any {
	list := []map[string]any{filter}
	for _, field := range fields {
		var next []map[string]any
		for _, one := range list {
			resources, _ := one["resources"].(map[string]any)
			values := words(resources[field])
			if len(values) == 0 {
				next = append(next, one)
			}
			for _, value := range values {
				narrow, of := maps.Clone(one), maps.Clone(resources)
				of[field], narrow["resources"] = []any{value}, of
				next = append(next, narrow)
			}
		}
		list = next
	}
	return list
}

func kindsOf(filters []map[string]any) []string {
	var kinds []string
	for _, f := range filters {
		resources, _ := f["resources"].(map[string]any)
		kinds = append(kinds, words(resources["kinds"])...)
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// filterWithin says whether a filter asks for all that a wider one asks for.
func filterWithin(narrow, wide map[string]any) bool {
	a, _ := narrow["resources"].(map[string]any)
	b, _ := wide["resources"].(map[string]any)
	if !reflect.DeepEqual(without(narrow, "resources"), without(wide, "resources")) {
		return false
	}
	for field, value := range b {
		if !reflect.DeepEqual(a[field], value) {
			return false
		}
	}
	return true
}
