package admission

import (
	"fmt"
	"regexp"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

// Refuses says whether a side's objects refuse a request. It walks them as they
// are written, and shares nothing with the comparison but the canonical text of
// tests. A request passes all tests but those that it is said to fail.
func Refuses(side []Resource, r Request) bool {
	for _, one := range side {
		spec, _ := one.Raw["spec"].(map[string]any)
		switch one.Object.Kind {
		case "ClusterPolicy", "Policy":
			if kyvernoRefuses(one, spec, r) {
				return true
			}
		case "ValidatingAdmissionPolicyBinding":
			if bindingRefuses(side, spec, r) {
				return true
			}
		}
	}
	return false
}

func object(value any, path ...string) map[string]any {
	for _, field := range path {
		fields, _ := value.(map[string]any)
		value = fields[field]
	}
	fields, _ := value.(map[string]any)
	return fields
}

func text(value any) string {
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}

// listing are the entries of a list, as text.
func listing(value any) (entries []string) {
	list, _ := value.([]any)
	for _, one := range list {
		entries = append(entries, text(one))
	}
	return entries
}

func oneOf(entries []string, word string) bool {
	for _, one := range entries {
		if one == word || one == "*" {
			return true
		}
	}
	return false
}

// bindingRefuses says whether a binding denies by its policy.
func bindingRefuses(side []Resource, spec map[string]any, r Request) bool {
	if !oneOf(listing(spec["validationActions"]), "Deny") {
		return false
	}
	for _, one := range side {
		policy := object(one.Raw, "spec")
		if one.Object.Kind == "ValidatingAdmissionPolicy" && one.Object.Name == text(spec["policyName"]) && sameTests(policy, spec, r.Tests) {
			return !(r.Down && policy["failurePolicy"] == "Ignore") && watches(object(policy, "matchConstraints"), r) && watches(object(spec, "matchResources"), r)
		}
	}
	return false
}

// sameTests holds what a policy tests against a request's.
func sameTests(policy, binding map[string]any, tests string) bool {
	form := map[string]any{"paramRef": binding["paramRef"]}
	for name, value := range policy {
		if name != "matchConstraints" && name != "failurePolicy" {
			form[name] = value
		}
	}
	form["validations"] = sortedTests(policy["validations"])
	return encoded(form) == tests
}

func watches(scope map[string]any, r Request) bool {
	rules, _ := scope["resourceRules"].([]any)
	hit := len(rules) == 0
	for _, one := range rules {
		hit = hit || aims(object(one), r)
	}
	excluded, _ := scope["excludeResourceRules"].([]any)
	for _, one := range excluded {
		hit = hit && !aims(object(one), r)
	}
	space := map[string]string{"kubernetes.io/metadata.name": r.Namespace}
	for key, value := range r.NamespaceLabels {
		space[key] = value
	}
	return hit && selects(scope["objectSelector"], r.Labels) && (r.Namespace == "" || selects(scope["namespaceSelector"], space))
}

func aims(rule map[string]any, r Request) bool {
	resource := false
	for _, one := range listing(rule["resources"]) {
		resource = resource || one == "*" || one == "*/*" || one == r.Resource || one == r.Resource+"/*"
	}
	names := listing(rule["resourceNames"])
	scope := text(rule["scope"])
	return resource && oneOf(listing(rule["operations"]), "CREATE") && oneOf(listing(rule["apiGroups"]), r.Group) && oneOf(listing(rule["apiVersions"]), r.Version) &&
		(len(names) == 0 || oneOf(names, r.Name)) && (scope != "Cluster" || r.Namespace == "") && (scope != "Namespaced" || r.Namespace != "")
}

func selects(raw any, set map[string]string) bool {
	if raw == nil {
		return true
	}
	var read metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object(raw), &read); err != nil {
		return false
	}
	selector, err := metav1.LabelSelectorAsSelector(&read)
	return err == nil && selector.Matches(labels.Set(set))
}

// kyvernoRefuses says whether a rule of a Kyverno policy refuses.
func kyvernoRefuses(p Resource, spec map[string]any, r Request) bool {
	if spec["admission"] == false || p.Object.Kind == "Policy" && p.Object.Namespace != r.Namespace {
		return false
	}
	down := text(spec["failurePolicy"])
	if hook := text(object(spec, "webhookConfiguration")["failurePolicy"]); hook != "" {
		down = hook
	}
	if r.Down && down == "Ignore" {
		return false
	}
	rules, _ := spec["rules"].([]any)
	for _, one := range rules {
		rule := object(one)
		tests, _ := testsOf(&p, rule)
		if tests == r.Tests && asksAbout(rule["match"], r) && !(rule["exclude"] != nil && asksAbout(rule["exclude"], r)) && enforcing(spec, rule, r) {
			return true
		}
	}
	return false
}

// enforcing finds the failure action of a rule in a request's namespace.
func enforcing(spec, rule map[string]any, r Request) bool {
	action := text(spec["validationFailureAction"])
	tests, _ := rule["verifyImages"].([]any)
	overrides, _ := spec["validationFailureActionOverrides"].([]any)
	if validate := object(rule, "validate"); validate != nil {
		tests = []any{validate}
		mine, _ := validate["failureActionOverrides"].([]any)
		overrides = append(append([]any{}, mine...), overrides...)
	}
	said := ""
	for _, one := range tests {
		if own := text(object(one)["failureAction"]); own != "" && !strings.EqualFold(said, "enforce") {
			said = own
		}
	}
	if said != "" {
		action = said
	}
	for _, one := range overrides {
		o := object(one)
		namespaces, limited := o["namespaces"]
		hit := !limited && o["namespaceSelector"] == nil
		for _, pattern := range listing(namespaces) {
			hit = hit || like(pattern, r.Namespace)
		}
		if o["namespaceSelector"] != nil {
			hit = inSelected(o["namespaceSelector"], r)
		}
		if hit {
			return strings.EqualFold(text(o["action"]), "enforce")
		}
	}
	return strings.EqualFold(action, "enforce")
}

func inSelected(selector any, r Request) bool {
	space := map[string]string{"kubernetes.io/metadata.name": r.Namespace}
	for key, value := range r.NamespaceLabels {
		space[key] = value
	}
	return r.Namespace != "" && selects(selector, space)
}

// asksAbout says whether a match or exclude block fits a request.
func asksAbout(block any, r Request) bool {
	fields := object(block)
	if list, _ := fields["any"].([]any); len(list) > 0 {
		for _, one := range list {
			if fits(object(one), r) {
				return true
			}
		}
		return false
	}
	if list, _ := fields["all"].([]any); len(list) > 0 {
		for _, one := range list {
			if !fits(object(one), r) {
				return false
			}
		}
		return true
	}
	return fits(fields, r)
}

// fits holds one filter against a request by somebody without roles.
func fits(filter map[string]any, r Request) bool {
	res := object(filter, "resources")
	for _, people := range []string{"roles", "clusterRoles", "subjects"} {
		if list, _ := filter[people].([]any); len(list) > 0 {
			return false
		}
	}
	if len(res) == 0 || len(object(res, "annotations")) > 0 {
		return false
	}
	if operations := listing(res["operations"]); len(operations) > 0 && !oneOf(operations, "CREATE") {
		return false
	}
	namespace := r.Namespace
	if r.Kind == "Namespace" {
		namespace = r.Name
	}
	names := listing(res["names"])
	if name := text(res["name"]); name != "" {
		names = append(names, name)
	}
	return oneLike(listing(res["kinds"]), func(p string) bool { return kindLike(p, r) }) &&
		oneLike(names, func(p string) bool { return like(p, r.Name) }) &&
		oneLike(listing(res["namespaces"]), func(p string) bool { return like(p, namespace) }) &&
		selects(res["selector"], r.Labels) && (res["namespaceSelector"] == nil || inSelected(res["namespaceSelector"], r))
}

// oneLike says whether one of some patterns matches; nothing is asked by none.
func oneLike(patterns []string, matches func(string) bool) bool {
	for _, p := range patterns {
		if matches(p) {
			return true
		}
	}
	return len(patterns) == 0
}

func like(pattern, word string) bool {
	expression := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
	return regexp.MustCompile(`^(?s:` + expression + `)$`).MatchString(word)
}

var kindForm = regexp.MustCompile(`^(?:([^/]+)/)?(?:(v[0-9][a-z0-9]*|\*)/)?([^/.]+)$`)

// kindLike reads [group/][version/]kind; of subresources no creation speaks.
func kindLike(pattern string, r Request) bool {
	parts := kindForm.FindStringSubmatch(pattern)
	if pattern == "*/*" || parts == nil {
		return pattern == "*/*"
	}
	group, version := parts[1], parts[2]
	if version == "" && (strings.HasPrefix(group, "v") || group == "*") {
		group, version = "", group
	}
	return (group == "" || like(group, r.Group)) && (version == "" || like(version, r.Version)) && like(parts[3], r.Kind)
}
