package admission

import (
	"reflect"
	"slices"
	"strings"
)

// scopeWithin says whether a wide scope surely covers all that a narrow one
// does.
func scopeWithin(narrow, wide any) bool {
	a, b := scopeForm(narrow), scopeForm(wide)
	for _, field := range []string{"namespaceSelector", "objectSelector"} {
		if b[field] == nil {
			delete(a, field)
		}
	}
	if b["matchPolicy"] == "Equivalent" {
		a["matchPolicy"] = "Equivalent"
	}
	lists := []string{"resourceRules", "excludeResourceRules"}
	if !reflect.DeepEqual(without(a, lists...), without(b, lists...)) {
		return false
	}
	x, y := scopeOf(narrow), scopeOf(wide)
	if reflect.DeepEqual(y.excluded, x.excluded) || partsWithin(y.excluded, x.excluded) {
		return len(y.rules) == 0 || len(x.rules) > 0 && partsWithin(x.rules, y.rules)
	}
	return false
}

// partsWithin takes rules apart, and looks for a wider one for each part.
func partsWithin(narrow, wide []resourceRule) bool {
	all := eachPart(wide)
	return !slices.ContainsFunc(eachPart(narrow), func(a resourceRule) bool {
		return !slices.ContainsFunc(all, func(b resourceRule) bool { return a.within(b) })
	})
}

func eachPart(rules []resourceRule) (parts []resourceRule) {
	for _, r := range rules {
		for _, group := range r.groups {
			for _, version := range r.versions {
				for _, operation := range r.operations {
					for _, resource := range r.resources {
						parts = append(parts, resourceRule{[]string{group}, []string{version}, []string{operation}, []string{resource}, r.names, r.scope})
					}
				}
			}
		}
	}
	return parts
}

// within compares two parts, each of one group, version, operation and resource.
func (r resourceRule) within(wide resourceRule) bool {
	word := func(a, b []string) bool { return a[0] == b[0] || b[0] == "*" }
	resource, of := r.resources[0], wide.resources[0]
	switch {
	case !word(r.groups, wide.groups) || !word(r.versions, wide.versions) || !word(r.operations, wide.operations):
		return false
	case resource != of && of != "*/*" && (of != "*" || strings.Contains(resource, "/")):
		return false
	case r.scope != wide.scope && wide.scope != "*":
		return false
	}
	return len(wide.names) == 0 || len(r.names) > 0 && !slices.ContainsFunc(r.names, func(n string) bool { return !slices.Contains(wide.names, n) })
}
