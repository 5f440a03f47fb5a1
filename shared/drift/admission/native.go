package admission

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/clawql/clawql-workbench/shared/finding"
)

func objectOf(pair [2]*Resource) finding.Object {
	if pair[0] != nil {
		return pair[0].Object
	}
	return pair[1].Object
}

// denies says whether a binding has the action Deny.
func denies(r *Resource) bool {
	if r == nil {
		return false
	}
	actions, _, _ := unstructured.NestedStringSlice(r.Raw, "spec", "validationActions")
	return slices.Contains(actions, "Deny")
}

// bound are a side's bindings to a policy that deny.
func (c *comparer) bound(side int, policy string) []*Resource {
	var list []*Resource
	for i := range c.sides[side] {
		r := &c.sides[side][i]
		if r.Object.Kind == "ValidatingAdmissionPolicyBinding" && r.spec("policyName") == policy && denies(r) {
			list = append(list, r)
		}
	}
	return list
}

// native compares two forms of one ValidatingAdmissionPolicy.
func (c *comparer) native(pair [2]*Resource) error {
	object := objectOf(pair)
	request := Request{Policy: object}
	for permissive := range pair {
		strict, loose := pair[1-permissive], pair[permissive]
		if strict == nil || len(c.bound(1-permissive, object.Name)) == 0 {
			continue
		}
		says := [2]string{}
		if loose == nil {
			says[permissive], says[1-permissive] = "has no such policy", "denies by it"
			return c.claim(pair, "existence", permissive, says, request)
		}
		if len(c.bound(permissive, object.Name)) > 0 && strict.spec("failurePolicy") != "Ignore" && loose.spec("failurePolicy") == "Ignore" {
			request.Down = true
			says[permissive], says[1-permissive] = "fails open", "fails closed"
			return c.claim(pair, "failure policy", permissive, says, request)
		}
	}
	return nil
}

// binding compares two forms of one binding. Where the other side has another
// binding that denies by the same policy, nothing is certain.
func (c *comparer) binding(pair [2]*Resource) error {
	for permissive := range pair {
		strict, loose := pair[1-permissive], pair[permissive]
		if !denies(strict) || denies(loose) {
			continue
		}
		policy := finding.Object{APIVersion: strict.Object.APIVersion, Kind: "ValidatingAdmissionPolicy", Name: strict.spec("policyName")}
		if len(c.bound(permissive, policy.Name)) > 0 || find(c.sides[1-permissive], policy) == nil {
			continue
		}
		if find(c.sides[permissive], policy) == nil { // the policy itself is missing, and said to be
			c.result.Judge(strict.Object, "")
			continue
		}
		says := [2]string{}
		says[permissive], says[1-permissive] = "only warns or audits", "denies"
		if loose == nil {
			says[permissive] = "has no such binding"
		}
		if err := c.claim(pair, "actions", permissive, says, Request{Policy: policy}); err != nil {
			return err
		}
	}
	return nil
}
