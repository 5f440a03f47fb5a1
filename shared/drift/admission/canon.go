package admission

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// Two objects that say the same in another order, in other words for a default,
// or in more rules than one, have the same canonical form.

// residue is the canonical form of an object without what findings have told
// to the end, see settled.
// Of Kyverno's rules the names are part of it.
func (c *comparer) residue(r *Resource) any { return c.form(r, true) }

func (c *comparer) form(r *Resource, named bool) any {
	told := c.settled(r.Object)
	switch r.Object.Kind {
	case policyKind:
		return without(policyForm(r), told...)
	case bindingKind:
		return without(bindingForm(r), told...)
	}
	form := settings(r)
	form["failure policy"] = kyvernoDown(r)
	form = without(form, told...)
	forms := []string{}
	var order []any
	for i, raw := range rawRules(r) {
		name, _ := raw["name"].(string)
		if slices.Contains(told, "rule "+name) {
			continue
		}
		one := ruleForm(r, raw)
		for part, of := range map[string]string{"match": "match", "exclude": "match", "action": "action", "tests": "tests"} {
			if slices.Contains(told, of+" of "+name) {
				one = without(one, part)
			}
		}
		if tests, _ := testsOf(r, raw); tests == "" || i > 0 && r.spec("applyRules") == "One" {
			order = append(order, one)
		}
		if named {
			one["name"] = name
		}
		forms = append(forms, encoded(one))
	}
	slices.Sort(forms)
	form["rules"], form["order"] = forms, order
	return form
}

func kyvernoDown(r *Resource) string {
	for _, path := range [][]string{{"webhookConfiguration", "failurePolicy"}, {"failurePolicy"}} {
		if said := r.spec(path...); said != "" {
			return said
		}
	}
	return "Fail"
}

func rawRules(r *Resource) []map[string]any {
	var rules []map[string]any
	list, _, _ := unstructured.NestedSlice(r.Raw, "spec", "rules") // a copy
	for _, one := range list {
		if raw, ok := one.(map[string]any); ok {
			rules = append(rules, raw)
		}
	}
	return rules
}

// defaults of a Kyverno policy's spec.
var defaults = map[string]any{"admission": true, "background": true, "emitWarning": false, "applyRules": "All"}

// settings are what a Kyverno policy says beside its rules, actions and
// failure policy.
func settings(r *Resource) map[string]any {
	form := without(r.fields(), "rules", "validationFailureAction", "validationFailureActionOverrides", "failurePolicy", "webhookConfiguration")
	maps.DeleteFunc(form, func(name string, value any) bool { return defaults[name] == value })
	if hook, ok := r.field("webhookConfiguration").(map[string]any); ok {
		if hook = without(hook, "failurePolicy"); len(hook) > 0 {
			form["webhookConfiguration"] = hook
		}
	}
	return form
}

// ruleForm is a rule in parts: match, exclude, action, tests, rest.
func ruleForm(p *Resource, raw map[string]any) map[string]any {
	form := map[string]any{"rest": without(raw, "name", "match", "exclude", "validate", "verifyImages")}
	form["match"] = filterForms(raw["match"])
	if raw["exclude"] != nil {
		form["exclude"] = filterForms(raw["exclude"])
	}
	if tests, _ := testsOf(p, raw); tests == "" {
		form["tests"] = without(raw, "name", "match", "exclude")
		return form
	}
	var r rule
	r.setActions(p, raw)
	overrides, _, _ := unstructured.NestedSlice(p.Raw, "spec", "validationFailureActionOverrides")
	action := []any{strings.ToLower(r.action), overrides}
	var tests []any
	if validate, ok := raw["validate"].(map[string]any); ok {
		action = append(action, validate["failureActionOverrides"])
		if len(overrides) > 0 { // an action of the rule's own comes before them
			action = append(action, validate["failureAction"])
		}
		tests = append(tests, without(validate, "failureAction", "failureActionOverrides"))
	}
	for _, one := range asList(raw["verifyImages"]) {
		image, _ := one.(map[string]any)
		tests = append(tests, without(image, "failureAction"))
		if len(overrides) > 0 {
			action = append(action, image["failureAction"])
		}
	}
	form["action"], form["tests"] = action, tests
	return form
}

func asList(value any) []any {
	list, _ := value.([]any)
	return list
}

// filterForms are the filters of a match or exclude, sorted.
func filterForms(block any) []string {
	fields, _ := block.(map[string]any)
	word, list := "any", asList(fields["any"])
	if len(list) == 0 {
		if list = asList(fields["all"]); len(list) > 1 {
			word = "all"
		}
	}
	if len(list) == 0 {
		list = []any{block}
	}
	forms := []string{}
	for _, one := range list {
		forms = append(forms, word+" "+encoded(sortedWords(one)))
	}
	slices.Sort(forms)
	return slices.Compact(forms)
}

// sortedWords sorts the lists of words below a value; their order says nothing
// in a filter.
func sortedWords(value any) any {
	switch v := value.(type) {
	case map[string]any:
		sorted := map[string]any{}
		for key, one := range v {
			sorted[key] = sortedWords(one)
		}
		return sorted
	case []any:
		list := words(v)
		slices.Sort(list)
		for _, one := range v {
			if _, word := one.(string); !word {
				return v
			}
		}
		return slices.Compact(list)
	}
	return value
}

// policyForm is a ValidatingAdmissionPolicy's spec, in parts that findings tell.
func policyForm(r *Resource) map[string]any {
	form := without(r.fields(), "failurePolicy", "matchConstraints", "validations")
	form["failure policy"] = r.spec("failurePolicy")
	if form["failure policy"] == "" {
		form["failure policy"] = "Fail"
	}
	form["match"] = scopeForm(r.field("matchConstraints"))
	var tests []string
	for _, one := range asList(r.field("validations")) {
		tests = append(tests, encoded(one))
	}
	slices.Sort(tests)
	form["validations"] = tests
	return form
}

func bindingForm(r *Resource) map[string]any {
	form := without(r.fields(), "policyName", "validationActions", "matchResources")
	form["policy"], form["actions"], form["match"] = r.spec("policyName"), sortedWords(r.field("validationActions")), scopeForm(r.field("matchResources"))
	return form
}

// scopeForm is a scope with each rule taken apart: one group, version,
// operation and resource.
func scopeForm(raw any) map[string]any {
	fields, _ := raw.(map[string]any)
	form := map[string]any{"matchPolicy": "Equivalent"}
	for name, value := range fields {
		switch name {
		case "resourceRules", "excludeResourceRules":
			if parts := ruleParts(value); len(parts) > 0 {
				form[name] = parts
			}
		case "namespaceSelector", "objectSelector":
			if selector, ok := value.(map[string]any); !ok || len(selector) > 0 {
				form[name] = value
			}
		default:
			form[name] = value
		}
	}
	return form
}

func ruleParts(value any) []string {
	var parts []string
	for _, r := range resourceRules(value) {
		slices.Sort(r.names)
		for _, group := range r.groups {
			for _, version := range r.versions {
				for _, operation := range r.operations {
					for _, resource := range r.resources {
						parts = append(parts, encoded([]any{group, version, operation, resource, r.names, r.scope}))
					}
				}
			}
		}
	}
	slices.Sort(parts)
	return slices.Compact(parts)
}

// same says whether what an object of either side says is also said by the
// other side, by whatever objects.
func (c *comparer) same(object finding.Object) bool {
	pair := c.pairOf(object)
	if pair[0] != nil && pair[1] != nil && encoded(c.form(pair[0], c.named)) == encoded(c.form(pair[1], c.named)) {
		return true
	}
	for side := range c.sides {
		if c.atoms[side] == nil {
			c.atoms[side] = c.atomsOf(side)
		}
	}
	for side := range c.sides {
		if pair[side] == nil {
			continue
		}
		mine, theirs := c.atoms[side][object], c.atoms[1-side]
		if len(mine) == 0 {
			return false
		}
		for _, atom := range mine {
			if !contains(theirs, atom) {
				return false
			}
		}
	}
	return true
}

func contains(all map[finding.Object][]string, atom string) bool {
	for _, atoms := range all {
		if slices.Contains(atoms, atom) {
			return true
		}
	}
	return false
}

// atomsOf takes a side's policies apart into what each alone refuses, audits or
// warns of. None of policies whose parts depend on one another, or whose rules
// somebody else calls by name.
func (c *comparer) atomsOf(side int) map[finding.Object][]string {
	atoms := map[finding.Object][]string{}
	for i := range c.sides[side] {
		r := &c.sides[side][i]
		switch {
		case r.Object.Kind == bindingKind:
			policy := c.index[side][r.policyObject()]
			if policy == nil {
				continue
			}
			form := bindingForm(r)
			for _, action := range words(r.field("validationActions")) {
				form["policy"], form["actions"] = policyForm(policy), action
				atoms[r.Object] = append(atoms[r.Object], encoded(form))
				atoms[policy.Object] = append(atoms[policy.Object], encoded(form))
			}
		case kyvernos(r.Object) && !c.named:
			atoms[r.Object] = kyvernoAtoms(r)
		}
	}
	return atoms
}

func kyvernoAtoms(r *Resource) []string {
	var atoms []string
	rules := rawRules(r)
	whole := r.spec("applyRules") == "One" || slices.ContainsFunc(rules, func(raw map[string]any) bool { return touchesPods(raw["match"]) })
	notes, _, _ := unstructured.NestedStringMap(r.Raw, "metadata", "annotations")
	for _, raw := range rules {
		if tests, _ := testsOf(r, raw); tests == "" || whole && len(rules) > 1 {
			return nil
		}
		form := ruleForm(r, raw)
		form["of"] = []any{r.Object.Kind, r.Object.Namespace, settings(r), kyvernoDown(r), notes["pod-policies.kyverno.io/autogen-controllers"]}
		parts := filterForms(raw["match"])
		if !whole {
			parts = matchParts(raw["match"])
		}
		for _, part := range parts {
			form["match"] = part
			atoms = append(atoms, encoded(form))
		}
	}
	return atoms
}

// touchesPods says whether Kyverno may make other rules of a match.
func touchesPods(match any) bool {
	list, _ := filtersOf(match)
	return slices.ContainsFunc(list, func(f filter) bool {
		return len(f.kinds) == 0 || slices.ContainsFunc(f.kinds, func(k kindPattern) bool {
			return slices.ContainsFunc(append(controllers, "Pod"), func(name string) bool { return glob(k.kind, name) })
		})
	})
}

// matchParts are the filters of a match, each for one kind.
func matchParts(match any) []string {
	fields, _ := match.(map[string]any)
	list := asList(fields["any"])
	if len(list) == 0 {
		if len(asList(fields["all"])) > 0 {
			return []string{encoded(filterForms(match))}
		}
		list = []any{match}
	}
	var parts []string
	for _, one := range list {
		filter, _ := one.(map[string]any)
		resources, _ := filter["resources"].(map[string]any)
		for _, kind := range words(resources["kinds"]) {
			alone := without(filter, "resources")
			narrow := without(resources, "kinds")
			narrow["kinds"] = []any{kind}
			alone["resources"] = narrow
			parts = append(parts, encoded(sortedWords(alone)))
		}
	}
	slices.Sort(parts)
	return slices.Compact(parts)
}
