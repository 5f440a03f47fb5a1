package admission

import (
	"fmt"
	"strings"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// Request is one that fails the tests of a policy, or of one rule of it, or
// that could not be tested.
type Request struct {
	Policy finding.Object
	Rule   string // of a Kyverno policy
	Kind   string // that a rule matches
	Down   bool   // the tests could not be run
}

func (r Request) String() string {
	what := "create an object"
	if r.Kind != "" {
		what = "create a " + r.Kind
	}
	fails := " that fails " + r.Policy.Kind + " " + r.Policy.String()
	if r.Down {
		fails = " that " + r.Policy.Kind + " " + r.Policy.String() + " could not test"
	}
	if r.Rule != "" {
		fails += ", rule " + r.Rule
	}
	return what + fails
}

// Refuses says whether a side's objects refuse a request. It walks the objects
// as they are written, and shares nothing with the comparison.
func Refuses(side []Resource, r Request) bool {
	for _, one := range side {
		if one.Object != r.Policy {
			continue
		}
		if r.Policy.Kind == "ValidatingAdmissionPolicy" {
			return !(r.Down && word(one.Raw, "spec", "failurePolicy") == "ignore") && bindingDenies(side, r.Policy.Name)
		}
		return kyvernoRefuses(one.Raw, r)
	}
	return false
}

// bindingDenies looks for a binding with the action Deny.
func bindingDenies(side []Resource, policy string) bool {
	for _, one := range side {
		spec, _ := one.Raw["spec"].(map[string]any)
		if one.Object.Kind == "ValidatingAdmissionPolicyBinding" && spec["policyName"] == policy && strings.Contains(encoded(spec["validationActions"]), `"Deny"`) {
			return true
		}
	}
	return false
}

func kyvernoRefuses(raw map[string]any, r Request) bool {
	spec, _ := raw["spec"].(map[string]any)
	if r.Down && (word(raw, "spec", "webhookConfiguration", "failurePolicy") == "ignore" || word(raw, "spec", "webhookConfiguration", "failurePolicy") == "" && word(raw, "spec", "failurePolicy") == "ignore") {
		return false
	}
	rules, _ := spec["rules"].([]any)
	for _, one := range rules {
		rule, _ := one.(map[string]any)
		if rule["name"] != r.Rule || !namesKind(rule["match"], r.Kind) {
			continue
		}
		images, _ := rule["verifyImages"].([]any)
		for _, test := range append(images, rule["validate"]) {
			if fields, ok := test.(map[string]any); ok && (word(fields, "failureAction") == "enforce" || word(fields, "failureAction") == "" && word(raw, "spec", "validationFailureAction") == "enforce") {
				return true
			}
		}
	}
	return false
}

// namesKind says whether a list of kinds somewhere in a match names a kind.
func namesKind(match any, kind string) bool {
	switch m := match.(type) {
	case []any:
		for _, one := range m {
			if namesKind(one, kind) {
				return true
			}
		}
	case map[string]any:
		for key, value := range m {
			list, isList := value.([]any)
			if key == "kinds" && isList {
				for _, one := range list {
					if text := fmt.Sprint(one); text == kind || strings.HasSuffix(text, "/"+kind) || strings.Contains(text, "*") {
						return true
					}
				}
			} else if namesKind(value, kind) {
				return true
			}
		}
	}
	return false
}

func word(raw map[string]any, path ...string) string {
	for _, field := range path[:len(path)-1] {
		raw, _ = raw[field].(map[string]any)
	}
	text, _ := raw[path[len(path)-1]].(string)
	return strings.ToLower(text)
}
