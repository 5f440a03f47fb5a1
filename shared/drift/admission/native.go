package admission

import (
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/clawql/clawql-workbench/shared/finding"
)

const (
	policyKind  = "ValidatingAdmissionPolicy"
	bindingKind = "ValidatingAdmissionPolicyBinding"
)

// use is a policy with one binding to it that denies.
type use struct {
	policy, binding *Resource
	tests           string
	watches, bound  scope
	down            string
	limits          truth
}

// denies says whether a binding has the action Deny.
func denies(r *Resource) bool {
	actions, _, _ := unstructured.NestedStringSlice(r.Raw, "spec", "validationActions")
	return slices.Contains(actions, "Deny")
}

// usesOf are a side's policies with their bindings that deny.
func usesOf(index map[finding.Object]*Resource, side []Resource) []use {
	var list []use
	for i := range side {
		binding := &side[i]
		if binding.Object.Kind != bindingKind || !denies(binding) {
			continue
		}
		policy := index[binding.policyObject()]
		if policy == nil {
			continue
		}
		u := use{
			policy: policy, binding: binding, limits: yes, down: policy.spec("failurePolicy"),
			watches: scopeOf(policy.field("matchConstraints")), bound: scopeOf(binding.field("matchResources")),
		}
		if u.down == "" {
			u.down = "Fail"
		}
		tests := without(policy.fields(), "matchConstraints", "failurePolicy", "validations")
		tests["validations"] = sortedTests(policy.field("validations"))
		tests["paramRef"] = binding.field("paramRef")
		u.tests = encoded(tests)
		if len(u.watches.rules) == 0 || policy.field("paramKind") != nil && binding.field("paramRef") == nil {
			u.limits = maybe
		}
		list = append(list, u)
	}
	return list
}

// policyObject is the policy that a binding names.
func (r *Resource) policyObject() finding.Object {
	return finding.Object{APIVersion: r.Object.APIVersion, Kind: policyKind, Name: r.spec("policyName")}
}

// sortedTests are validations without their words.
func sortedTests(raw any) []string {
	var list []string
	tests, _ := raw.([]any)
	for _, one := range tests {
		fields, _ := one.(map[string]any)
		list = append(list, encoded(without(fields, "message", "messageExpression", "reason")))
	}
	slices.Sort(list)
	return list
}

// alike says whether two uses are written the same.
func (u use) alike(other use) bool {
	return reflect.DeepEqual(u.policy.fields(), other.policy.fields()) && reflect.DeepEqual(without(u.binding.fields(), "policyName"), without(other.binding.fields(), "policyName"))
}

func (u use) refuses(q Request) truth {
	answer := min(u.watches.covers(q), u.bound.covers(q), u.limits)
	switch {
	case !q.Down || u.down == "Fail":
		return answer
	case u.down == "Ignore":
		return no
	}
	return min(answer, maybe)
}

// native compares by one use of the strict side after another. It is called
// once for a comparison, since a request is refused by any of them.
func (c *comparer) native() error {
	for permissive := range c.uses {
		for _, strict := range c.uses[1-permissive] {
			if slices.ContainsFunc(c.uses[permissive], strict.alike) {
				continue
			}
			told := false
			for _, down := range []bool{false, true} {
				if told && !c.failsOpen(permissive, strict) {
					break
				}
				q, found := c.searchUse(permissive, strict, down)
				if !found {
					continue
				}
				if err := c.claimUse(permissive, strict, q); err != nil {
					return err
				}
				told = true
			}
		}
	}
	return nil
}

// failsOpen says whether a side has the policy of a use, but lets in what it
// could not test.
func (c *comparer) failsOpen(side int, strict use) bool {
	policy := c.index[side][strict.policy.Object]
	return policy != nil && policy.spec("failurePolicy") == "Ignore" && strict.down == "Fail"
}

func (c *comparer) searchUse(permissive int, strict use, down bool) (found Request, ok bool) {
	var s space
	strict.watches.add(&s)
	strict.bound.add(&s)
	for _, u := range c.uses[permissive] {
		if u.policy.Object == strict.policy.Object {
			u.watches.add(&s)
			u.bound.add(&s)
		}
	}
	for _, k := range strict.watches.kinds() {
		s.tries(k, func(q Request) bool {
			q.Policy, q.Tests, q.Down = strict.policy.Object, strict.tests, down
			if strict.refuses(q) != yes || c.refusesUse(permissive, strict, q) != no {
				return false
			}
			found, ok = q, true
			return true
		})
		if ok {
			break
		}
	}
	return found, ok
}

// refusesUse says whether a side refuses what fails a strict use of the other
// side and passes all else. A policy that only this side has may test for the
// same in other words.
func (c *comparer) refusesUse(side int, strict use, q Request) truth {
	answer := no
	tested := q
	tested.Down = false
	for _, u := range c.uses[side] {
		switch {
		case u.tests == strict.tests:
			answer = max(answer, u.refuses(q))
		case answer != no || u.refuses(tested) == no:
		case !slices.ContainsFunc(c.uses[1-side], func(mine use) bool { return mine.tests == u.tests && mine.refuses(tested) == yes }):
			answer = maybe
		}
	}
	return answer
}

// claimUse says which object makes the difference.
func (c *comparer) claimUse(permissive int, strict use, q Request) error {
	policy, binding := strict.policy.Object, strict.binding.Object
	policies := c.pairOf(policy)
	bindings := c.pairOf(binding)
	says := func(strict, loose string) (s [2]string) {
		s[1-permissive], s[permissive] = strict, loose
		return s
	}
	left := slices.DeleteFunc(slices.Clone(c.uses[permissive]), func(u use) bool { return u.policy.Object != policy })
	switch loose := bindings[permissive]; {
	case policies[permissive] == nil:
		if loose == nil {
			c.result.Judge(binding, "")
		}
		return c.claim(policies, "existence", permissive, says("denies by it", "has no such policy"), q)
	case q.Down:
		return c.claim(policies, "failure policy", permissive, says("fails closed", "fails open"), q, "failure policy")
	case len(left) > 0 && slices.ContainsFunc(left, func(u use) bool { return u.watches.covers(q) == no }):
		return c.claim(policies, "match", permissive, says("tests "+q.Kind, "does not test "+q.Kind), q, "match")
	case loose == nil:
		return c.claim(bindings, "existence", permissive, says("denies", "has no such binding"), q)
	case !denies(loose):
		return c.claim(bindings, "actions", permissive, says("denies", "only warns or audits"), q, "actions")
	case loose.spec("policyName") != policy.Name:
		return c.claim(bindings, "policy", permissive, says("denies by "+policy.Name, "binds "+loose.spec("policyName")), q, "policy")
	}
	return c.claim(bindings, "match", permissive, says("binds "+q.Kind, "does not bind "+q.Kind), q, "match")
}
