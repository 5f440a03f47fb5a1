package admission

import (
	"encoding/json"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// rule is one rule of a Kyverno policy.
type rule struct {
	name    string
	raw     map[string]any
	action  string // enforce or audit, or what else it says
	certain bool   // no override, and one action for all that it tests
	down    string // fail or ignore
}

func (r rule) enforces() bool { return r.action == "enforce" }

// rulesOf reads a policy's rules by name; none of no policy.
func rulesOf(p *Resource) map[string]rule {
	rules := map[string]rule{}
	if p == nil {
		return rules
	}
	list, _, _ := unstructured.NestedSlice(p.Raw, "spec", "rules")
	overrides, _, _ := unstructured.NestedSlice(p.Raw, "spec", "validationFailureActionOverrides")
	for _, one := range list {
		raw, _ := one.(map[string]any)
		name, _ := raw["name"].(string)
		r := rule{name: name, raw: raw, certain: len(overrides) == 0, down: strings.ToLower(p.spec("webhookConfiguration", "failurePolicy"))}
		if r.down == "" {
			r.down = strings.ToLower(p.spec("failurePolicy"))
		}
		if r.down == "" {
			r.down = "fail"
		}
		actions := actionsOf(raw, strings.ToLower(p.spec("validationFailureAction")))
		r.certain = r.certain && len(actions) == 1
		if len(actions) > 0 {
			r.action = actions[0]
		}
		rules[name] = r
	}
	return rules
}

// actionsOf are the failure actions of all that a rule tests; a rule that only
// changes or makes objects has none.
func actionsOf(raw map[string]any, policy string) []string {
	var tests []map[string]any
	if validate, ok := raw["validate"].(map[string]any); ok {
		tests = append(tests, validate)
	}
	images, _ := raw["verifyImages"].([]any)
	for _, one := range images {
		if image, ok := one.(map[string]any); ok {
			tests = append(tests, image)
		}
	}
	var actions []string
	for _, test := range tests {
		action, _ := test["failureAction"].(string)
		if action = strings.ToLower(action); action == "" {
			action = policy
		}
		if action == "" {
			action = "audit"
		}
		_, overridden := test["failureActionOverrides"]
		if overridden {
			action = "overridden"
		}
		if !slices.Contains(actions, action) {
			actions = append(actions, action)
		}
	}
	return actions
}

// kyverno compares two forms of one policy, rule by rule.
func (c *comparer) kyverno(pair [2]*Resource) error {
	rules := [2]map[string]rule{rulesOf(pair[0]), rulesOf(pair[1])}
	for permissive := range rules {
		var names []string
		for name := range rules[1-permissive] {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			strict := rules[1-permissive][name]
			if !strict.certain || !strict.enforces() || len(kindsOf(strict.raw["match"])) == 0 {
				continue
			}
			loose, both := rules[permissive][name]
			if err := c.rule(pair, permissive, strict, loose, both); err != nil {
				return err
			}
		}
	}
	return nil
}

// rule looks for one request that an enforcing rule refuses and the other
// side's does not.
func (c *comparer) rule(pair [2]*Resource, permissive int, strict, loose rule, both bool) error {
	r := Request{Policy: objectOf(pair), Rule: strict.name, Kind: kindsOf(strict.raw["match"])[0]}
	says := [2]string{}
	says[1-permissive] = "enforces rule " + strict.name
	switch {
	case pair[permissive] == nil:
		says[permissive] = "has no such policy"
		return c.claim(pair, "existence", permissive, says, r)
	case !both:
		says[permissive] = "has no such rule"
		return c.claim(pair, "rule "+strict.name, permissive, says, r)
	case loose.certain && loose.action == "audit":
		says[permissive] = "only audits rule " + strict.name
		aspect := "action of " + strict.name
		if pair[0].spec("validationFailureAction") != pair[1].spec("validationFailureAction") {
			aspect = "action"
		}
		return c.claim(pair, aspect, permissive, says, r)
	case !loose.certain || !loose.enforces():
		return nil
	}
	if kind, narrower := missing(strict, loose); narrower {
		r.Kind = kind
		says[1-permissive], says[permissive] = "matches "+kind, "does not match "+kind
		if err := c.claim(pair, "match of "+strict.name, permissive, says, r); err != nil {
			return err
		}
	}
	if shared := common(strict, loose); strict.down == "fail" && loose.down == "ignore" && shared != "" {
		r.Down, r.Kind = true, shared
		says[1-permissive], says[permissive] = "fails closed", "fails open"
		return c.claim(pair, "failure policy", permissive, says, r)
	}
	return nil
}

// controllers are kinds for which Kyverno makes rules of those for pods.
var controllers = []string{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob"}

// missing is a kind that strict's match names and loose's does not, neither by
// itself nor by a wildcard.
func missing(strict, loose rule) (string, bool) {
	theirs := kindsOf(loose.raw["match"])
	for _, kind := range kindsOf(strict.raw["match"]) {
		if slices.Contains(controllers, kind) && slices.Contains(theirs, "Pod") {
			continue // Kyverno may make a rule for it of the one for pods
		}
		if !slices.ContainsFunc(theirs, func(k string) bool { return k == kind || strings.Contains(k, "*") }) && len(theirs) > 0 {
			return kind, true
		}
	}
	return "", false
}

// common is a kind that both rules match.
func common(a, b rule) string {
	for _, kind := range kindsOf(a.raw["match"]) {
		if slices.Contains(kindsOf(b.raw["match"]), kind) {
			return kind
		}
	}
	return ""
}

// kindsOf are the kinds that a match names, as `Pod` where the version is left
// out. None where it asks for something but kinds first, or where filters
// have to hold together.
func kindsOf(match any) []string {
	fields, _ := match.(map[string]any)
	filters, _ := fields["any"].([]any)
	if all, has := fields["all"].([]any); has {
		if len(all) != 1 || filters != nil {
			return nil
		}
		filters = all
	}
	if len(filters) == 0 {
		filters = []any{fields}
	}
	var kinds []string
	for _, one := range filters {
		filter, _ := one.(map[string]any)
		resources, _ := filter["resources"].(map[string]any)
		list, _ := resources["kinds"].([]any)
		if len(list) == 0 {
			return nil
		}
		for _, kind := range list {
			name, _ := kind.(string)
			name, known := plainKind(name)
			if !known {
				return nil
			}
			kinds = append(kinds, name)
		}
	}
	return kinds
}

// plainKind is the kind of `Kind`, `version/Kind` or `group/version/Kind`; of
// subresources and patterns of versions nothing is known.
func plainKind(name string) (string, bool) {
	parts := strings.Split(name, "/")
	kind := parts[len(parts)-1]
	known := len(parts) == 1 || len(parts) <= 3 && strings.HasPrefix(parts[len(parts)-2], "v")
	return kind, known && kind != "" && !strings.Contains(kind, ".")
}

// residue is what a policy says beside what findings have told: failure actions
// and policies, rules that only one side has, and matches that were told.
func (c *comparer) residue(r *Resource) map[string]any {
	spec, _, _ := unstructured.NestedMap(r.Raw, "spec") // a copy
	for _, field := range []string{"validationFailureAction", "failurePolicy", "validationActions"} {
		delete(spec, field)
	}
	if hook, ok := spec["webhookConfiguration"].(map[string]any); ok {
		if delete(hook, "failurePolicy"); len(hook) == 0 {
			delete(spec, "webhookConfiguration")
		}
	}
	rules := map[string]any{}
	list, _ := spec["rules"].([]any)
	for _, one := range list {
		rule, _ := one.(map[string]any)
		name, _ := rule["name"].(string)
		if slices.Contains(c.told[r.Object], "rule "+name) {
			continue
		}
		if slices.Contains(c.told[r.Object], "match of "+name) {
			delete(rule, "match")
		}
		images, _ := rule["verifyImages"].([]any)
		for _, test := range append(images, rule["validate"]) {
			if fields, ok := test.(map[string]any); ok {
				delete(fields, "failureAction")
			}
		}
		rules[name] = rule
	}
	delete(spec, "rules")
	return map[string]any{"spec": spec, "rules": rules}
}

func encoded(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}
