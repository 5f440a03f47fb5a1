package admission

import (
	"encoding/json"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// rule is one rule of a Kyverno policy that tests something.
type rule struct {
	policy         *Resource
	raw            map[string]any
	name           string
	tests          string // canonical JSON of what it tests, see testsOf
	reads          reads
	match, exclude []filter
	matchAll       bool
	excludeAll     bool
	actions        []override // tried in their order
	action         string     // where none of them holds
	down           string     // fail or ignore, lower case, or what else it says
	off            bool       // the policy is not for admission
	limits         truth      // maybe where what stands elsewhere decides too
}

// override is another failure action for some namespaces.
type override struct {
	action     string
	everywhere bool
	namespaces []string
	spaces     *selection
}

// rulesOf reads a policy's rules that test something.
func rulesOf(p *Resource, exceptions []exception) []rule {
	var rules []rule
	list, _, _ := unstructured.NestedSlice(p.Raw, "spec", "rules")
	down := p.spec("webhookConfiguration", "failurePolicy")
	if down == "" {
		down = p.spec("failurePolicy")
	}
	if down == "" {
		down = "Fail"
	}
	for i, one := range list {
		raw, _ := one.(map[string]any)
		r := rule{policy: p, raw: raw, down: down, limits: yes, off: off(p)}
		r.name, _ = raw["name"].(string)
		r.tests, r.reads = testsOf(p, raw)
		if r.tests == "" {
			continue
		}
		r.match, r.matchAll = filtersOf(raw["match"])
		if _, has := raw["exclude"]; has {
			r.exclude, r.excludeAll = filtersOf(raw["exclude"])
		}
		r.setActions(p, raw)
		if i > 0 && p.spec("applyRules") == "One" || slices.ContainsFunc(exceptions, func(e exception) bool { return e.covers(p, r.name) }) {
			r.limits = maybe
		}
		rules = append(rules, r)
	}
	return rules
}

func off(p *Resource) bool {
	admission, set, _ := unstructured.NestedBool(p.Raw, "spec", "admission")
	return set && !admission
}

// setActions reads failure actions: those of image verifications count where
// the rule has no validation, and one that enforces is enough.
func (r *rule) setActions(p *Resource, raw map[string]any) {
	r.action = p.spec("validationFailureAction")
	overrides, _, _ := unstructured.NestedSlice(p.Raw, "spec", "validationFailureActionOverrides")
	if validate, ok := raw["validate"].(map[string]any); ok {
		own, _ := validate["failureAction"].(string)
		if own != "" {
			r.action = own
		}
		theirs, _ := validate["failureActionOverrides"].([]any)
		if len(theirs) > 0 && len(overrides) > 0 || own != "" && len(overrides) > 0 {
			r.limits = maybe // which comes first is not the same in every version
		}
		overrides = append(theirs, overrides...)
	}
	if images, _ := raw["verifyImages"].([]any); raw["validate"] == nil {
		r.action = imageAction(images, r.action)
	} else if len(images) > 0 {
		r.limits = maybe
	}
	for _, one := range overrides {
		r.actions = append(r.actions, overrideOf(one))
	}
	if r.action == "" {
		r.action = "Audit"
	}
}

func imageAction(images []any, policy string) string {
	action := ""
	for _, one := range images {
		fields, _ := one.(map[string]any)
		if own, _ := fields["failureAction"].(string); own != "" && (action == "" || enforced(own) == yes) {
			action = own
		}
	}
	if action == "" {
		return policy
	}
	return action
}

func overrideOf(raw any) override {
	fields, _ := raw.(map[string]any)
	o := override{namespaces: words(fields["namespaces"]), spaces: selectionOf(fields["namespaceSelector"])}
	o.action, _ = fields["action"].(string)
	_, lists := fields["namespaces"]
	o.everywhere = !lists && o.spaces == nil
	return o
}

// enforced says whether a failure action refuses.
func enforced(action string) truth {
	switch action {
	case "Enforce", "enforce":
		return yes
	case "Audit", "audit", "":
		return no
	}
	return maybe
}

// enforces says whether the rule refuses where a request is made.
func (r rule) enforces(q Request) truth {
	var possible []truth
	decided := false
	for _, o := range r.actions {
		at := o.at(q)
		if at != no {
			possible = append(possible, enforced(o.action))
		}
		if decided = at == yes; decided {
			break
		}
	}
	if !decided {
		possible = append(possible, enforced(r.action))
	}
	if slices.Min(possible) == slices.Max(possible) {
		return possible[0]
	}
	return maybe
}

func (o override) at(q Request) truth {
	switch k, native := known(q.Kind); {
	case o.everywhere:
		return yes
	case !native || !k.namespaced || len(o.namespaces) == 0 || o.spaces != nil:
		// A selector counts in some versions of Kyverno only, and in 1.19 only
		// where some rule has a namespaceSelector in its match.
		return maybe
	}
	return anyOf(o.namespaces, func(p string) truth { return surely(glob(p, q.Namespace)) })
}

// covers says whether the rule is asked about a request.
func (r rule) covers(q Request) truth {
	if r.policy.Object.Kind == "Policy" && q.Namespace != r.policy.Object.Namespace {
		return no
	}
	fits := combined(r.match, r.matchAll, func(f filter) truth {
		if f.empty {
			return no
		}
		return f.matches(q)
	})
	if fits == no && isController(q.Kind) && combined(r.match, r.matchAll, func(f filter) truth { return surely(namesPods(f)) }) != no {
		fits = maybe // Kyverno may make a rule for it of the one for pods
	}
	if r.exclude == nil {
		return fits
	}
	out := combined(r.exclude, r.excludeAll, func(f filter) truth {
		if f.empty {
			return no // it excludes nothing
		}
		return f.matches(q)
	})
	return min(fits, out.not())
}

func combined(list []filter, every bool, ask func(filter) truth) truth {
	if !every {
		return anyOf(list, ask)
	}
	return anyOf(list, func(f filter) truth { return ask(f).not() }).not()
}

func namesPods(f filter) bool {
	return slices.ContainsFunc(f.kinds, func(k kindPattern) bool { return glob(k.kind, "Pod") })
}

func isController(kind string) bool { return slices.Contains(controllers, kind) }

// controllers are kinds for which Kyverno makes rules of those for pods.
var controllers = []string{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob"}

// unasked are namespaces that Kyverno's own configuration leaves out by default.
var unasked = []string{"kube-system", "kube-public", "kube-node-lease", "kyverno"}

// refuses says whether the rule refuses what fails its tests, or could not be
// tested.
func (r rule) refuses(q Request) truth {
	if r.off {
		return no
	}
	answer := min(r.covers(q), r.limits)
	if slices.Contains(unasked, q.Namespace) || slices.Contains(unasked, q.Name) && q.Kind == "Namespace" {
		answer = min(answer, maybe)
	}
	if !q.Down {
		return min(answer, r.enforces(q))
	}
	switch r.down {
	case "Ignore":
		return no
	case "Fail":
		return min(answer, max(maybe, r.enforces(q))) // a webhook that is down refuses what it would only audit
	}
	return min(answer, maybe)
}

// testsOf is what a rule tests, as canonical JSON, without messages and failure
// actions; "" where it tests nothing.
func testsOf(p *Resource, raw map[string]any) (string, reads) {
	tests := map[string]any{}
	for _, field := range []string{"preconditions", "celPreconditions", "context", "skipBackgroundRequests"} {
		if raw[field] != nil {
			tests[field] = raw[field]
		}
	}
	conditions, _, _ := unstructured.NestedSlice(p.Raw, "spec", "webhookConfiguration", "matchConditions")
	if len(conditions) > 0 {
		tests["matchConditions"] = conditions
	}
	validate, validates := raw["validate"].(map[string]any)
	if validates {
		tests["validate"] = without(validate, "message", "failureAction", "failureActionOverrides")
	}
	var images []any
	list, _ := raw["verifyImages"].([]any)
	for _, one := range list {
		fields, _ := one.(map[string]any)
		images = append(images, without(fields, "failureAction"))
	}
	if len(images) > 0 {
		tests["verifyImages"] = images
	}
	if !validates && len(images) == 0 {
		return "", reads{}
	}
	return encoded(tests), readsOf(tests)
}

func without(fields map[string]any, names ...string) map[string]any {
	rest := map[string]any{}
	for name, value := range fields {
		if !slices.Contains(names, name) {
			rest[name] = value
		}
	}
	return rest
}

func encoded(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

// exception is a PolicyException, as far as it names rules.
type exception struct {
	policy string
	rules  []string
}

func exceptionsOf(side []Resource) []exception {
	var list []exception
	for i := range side {
		if side[i].Object.Kind != "PolicyException" {
			continue
		}
		entries, _, _ := unstructured.NestedSlice(side[i].Raw, "spec", "exceptions")
		for _, one := range entries {
			fields, _ := one.(map[string]any)
			name, _ := fields["policyName"].(string)
			list = append(list, exception{name, words(fields["ruleNames"])})
		}
	}
	return list
}

func (e exception) covers(p *Resource, rule string) bool {
	named := e.policy == p.Object.String()
	return named && slices.ContainsFunc(e.rules, func(r string) bool { return glob(r, rule) })
}
