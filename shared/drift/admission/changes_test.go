package admission

import (
	"fmt"
	"slices"
)

// Changes of drawn sides whose direction is known before anything is compared.

// loosened is a side that refuses no more than it did, and how.
func (d dice) loosened(w world) (world, string) {
	w = clone(w)
	at := d.Intn(len(w))
	o := w[at]
	spec := o["spec"].(m)
	switch o["kind"] {
	case policyKind:
		return d.looserPolicy(w, at, spec)
	case bindingKind:
		return d.looserBinding(w, at, spec)
	}
	return d.looserKyverno(w, at, spec)
}

func (d dice) looserPolicy(w world, at int, spec m) (world, string) {
	switch d.Intn(4) {
	case 0:
		return slices.Delete(w, at, at+1), "no policy"
	case 1:
		constraints := spec["matchConstraints"].(m)
		excluded, _ := constraints["excludeResourceRules"].(list)
		constraints["excludeResourceRules"] = append(excluded, d.resourceRule())
		return w, "a resource excluded"
	case 2:
		if tests := spec["validations"].(list); len(tests) > 1 {
			spec["validations"] = tests[:1]
		}
		return w, "a test fewer"
	}
	spec["failurePolicy"] = "Ignore"
	return w, "fails open"
}

func (d dice) looserBinding(w world, at int, spec m) (world, string) {
	switch d.Intn(4) {
	case 0:
		return slices.Delete(w, at, at+1), "no binding"
	case 1:
		scope, _ := spec["matchResources"].(m)
		if scope == nil {
			scope = m{}
		}
		if scope["namespaceSelector"] == nil {
			scope["namespaceSelector"] = d.selector("env")
		}
		spec["matchResources"] = scope
		return w, "bound to fewer namespaces"
	}
	spec["validationActions"] = list{d.one("Warn", "Audit")}
	return w, "denies no more"
}

func (d dice) looserKyverno(w world, at int, spec m) (world, string) {
	rules := spec["rules"].(list)
	i := d.Intn(len(rules))
	rule := rules[i].(m)
	test := rule["validate"].(m)
	switch d.Intn(10) {
	case 0:
		if len(w) > 1 {
			return slices.Delete(w, at, at+1), "no policy"
		}
	case 1:
		if len(rules) > 1 {
			spec["rules"] = slices.Delete(rules, i, i+1)
			return w, "no rule"
		}
	case 2:
		spec["validationFailureAction"] = "Audit"
		return w, "audits"
	case 3:
		test["failureAction"] = "Audit"
		delete(test, "failureActionOverrides")
		return w, "a rule audits"
	case 4:
		delete(spec, "failurePolicy")
		spec["webhookConfiguration"] = m{"failurePolicy": "Ignore"}
		return w, "fails open"
	case 5:
		spec["admission"] = false
		return w, "not at admission"
	case 6:
		narrowed, _ := rule["match"].(m)["any"].(list)
		if len(narrowed) > 1 {
			rule["match"] = m{"any": narrowed[:1]}
			return w, "a filter fewer"
		}
	case 7:
		if d.addException(w, at, rule, test) {
			return w, "audits in a namespace"
		}
	}
	excluded, _ := rule["exclude"].(m)
	if excluded == nil {
		excluded = m{"any": list{}}
	}
	excluded["any"] = append(excluded["any"].(list), d.exclusion(w[at]["kind"].(string)))
	rule["exclude"] = excluded
	return w, "an exclusion more"
}

// addException makes a rule audit in one namespace, where no other override
// speaks.
func (d dice) addException(w world, at int, _, test m) bool {
	spec := w[at]["spec"].(m)
	if spec["validationFailureActionOverrides"] != nil || test["failureActionOverrides"] != nil || w[at]["kind"] == "Policy" {
		return false
	}
	test["failureActionOverrides"] = list{m{"action": "Audit", "namespaces": list{d.one("a", "b")}}}
	return true
}

// reworded is a side that says the same in another way, and how.
func (d dice) reworded(w world) (world, string) {
	w = clone(w)
	o := w[d.Intn(len(w))]
	spec := o["spec"].(m)
	switch o["kind"] {
	case policyKind:
		return d.rewordedPolicy(w, spec)
	case bindingKind:
		return d.rewordedBinding(w, o, spec)
	}
	return d.rewordedKyverno(w, spec)
}

func (d dice) rewordedPolicy(w world, spec m) (world, string) {
	constraints := spec["matchConstraints"].(m)
	rules := constraints["resourceRules"].(list)
	switch d.Intn(4) {
	case 0:
		slices.Reverse(rules)
		slices.Reverse(spec["validations"].(list))
		return w, "another order"
	case 1:
		first := rules[0].(m)
		if resources := first["resources"].(list); len(resources) > 1 {
			second := clone(world{first})[0]
			first["resources"], second["resources"] = resources[:1], resources[1:]
			constraints["resourceRules"] = append(rules, second)
		}
		return w, "a rule split by resources"
	case 2:
		if constraints["namespaceSelector"] == nil {
			constraints["namespaceSelector"] = m{}
		}
		if constraints["matchPolicy"] == nil {
			constraints["matchPolicy"] = "Equivalent"
		}
		return w, "defaults are said"
	}
	if spec["failurePolicy"] == nil {
		spec["failurePolicy"] = "Fail"
	}
	return w, "the failure policy is said"
}

func (d dice) rewordedBinding(w world, o, spec m) (world, string) {
	actions := spec["validationActions"].(list)
	if d.in(2) || len(actions) == 1 {
		slices.Reverse(actions)
		if d.in(2) {
			second := clone(world{o})[0]
			second["metadata"] = m{"name": w.unused(o, "-again")}
			return append(w, second), "bound twice"
		}
		return w, "another order of actions"
	}
	second := clone(world{o})[0]
	second["metadata"] = m{"name": w.unused(o, "-second")}
	spec["validationActions"] = actions[:1]
	second["spec"].(m)["validationActions"] = actions[1:]
	return append(w, second), "a binding split by actions"
}

func (d dice) rewordedKyverno(w world, spec m) (world, string) {
	rules := spec["rules"].(list)
	rule := rules[d.Intn(len(rules))].(m)
	switch d.Intn(7) {
	case 0:
		if spec["applyRules"] != "One" {
			slices.Reverse(rules)
		}
		return w, "another order of rules"
	case 1:
		if some, _ := rule["match"].(m)["any"].(list); len(some) > 1 {
			slices.Reverse(some)
		}
		return w, "another order of filters"
	case 2:
		if rule["match"].(m)["resources"] != nil {
			rule["match"] = m{"any": list{rule["match"]}}
		}
		return w, "an old match in the new form"
	case 3:
		if splitRule(spec, rule) {
			return w, "a rule split by filters"
		}
		return w, "nothing"
	case 4:
		rule["name"] = fmt.Sprint(rule["name"], "-renamed")
		return w, "another name"
	case 5:
		if splitPolicy(&w, w[d.Intn(len(w))]) {
			return w, "a policy split by rules"
		}
		return w, "nothing"
	}
	if spec["background"] == nil {
		spec["background"] = true
	}
	if spec["emitWarning"] == nil {
		spec["emitWarning"] = false
	}
	return w, "defaults are said"
}

// unused is a name of no object yet, after that of another.
func (w world) unused(o m, suffix string) string {
	name := o["metadata"].(m)["name"].(string)
	for {
		name += suffix
		if !slices.ContainsFunc(w, func(other m) bool { return other["metadata"].(m)["name"] == name }) {
			return name
		}
	}
}

// splitRule makes two rules of one with two filters, where Kyverno makes no
// rules for controllers of it.
func splitRule(spec, rule m) bool {
	some, _ := rule["match"].(m)["any"].(list)
	if len(some) < 2 || spec["applyRules"] == "One" || podsIn(spec) {
		return false
	}
	second := clone(world{rule})[0]
	rule["match"], second["match"] = m{"any": some[:1]}, m{"any": some[1:]}
	second["name"] = fmt.Sprint(rule["name"], "-", len(spec["rules"].(list)))
	spec["rules"] = append(spec["rules"].(list), second)
	return true
}

func splitPolicy(w *world, o m) bool {
	spec := o["spec"].(m)
	rules, _ := spec["rules"].(list)
	if len(rules) < 2 || spec["applyRules"] == "One" || podsIn(spec) {
		return false
	}
	second := clone(world{o})[0]
	second["metadata"].(m)["name"] = w.unused(o, "-second")
	spec["rules"] = rules[:1]
	second["spec"].(m)["rules"] = second["spec"].(m)["rules"].(list)[1:]
	*w = append(*w, second)
	return true
}

func podsIn(spec m) bool {
	return slices.ContainsFunc(spec["rules"].(list), func(rule any) bool { return touchesPods(rule.(m)["match"]) })
}
