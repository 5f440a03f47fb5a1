package admission

import (
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/finding"
)

var names = [2]string{"staging", "production"}

const images = `
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: images}
spec:
  validationFailureAction: Enforce
  rules:
  - name: signed
    match: {any: [{resources: {kinds: [Pod]}}, {resources: {kinds: [apps/v1/Deployment], namespaces: [x]}}]}
    verifyImages: [{imageReferences: ["*"], attestors: [{entries: [{keyless: {issuer: a, subject: b}}]}]}]
  - name: labels
    match: {resources: {kinds: [Service]}}
    validate: {message: m, pattern: {metadata: {labels: {team: "?*"}}}}
`

const native = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: small}
spec: {validations: [{expression: "object.metadata.name != 'x'"}], matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: small}
spec: {policyName: small, validationActions: [Deny, Audit]}
`

func side(t *testing.T, text string) []Resource {
	t.Helper()
	var list []Resource
	for _, part := range strings.Split(text, "---\n") {
		var raw map[string]any
		if err := yaml.Unmarshal([]byte(part), &raw); err != nil {
			t.Fatal(err)
		}
		if raw == nil {
			continue
		}
		meta := raw["metadata"].(map[string]any)
		o := finding.Object{APIVersion: raw["apiVersion"].(string), Kind: raw["kind"].(string), Name: meta["name"].(string)}
		list = append(list, Resource{Object: o, Raw: raw})
	}
	return list
}

func compare(t *testing.T, from, to []Resource) *verdict.Result {
	t.Helper()
	result, err := Compare(from, to, names)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func summary(r *verdict.Result) []string {
	var lines []string
	for _, f := range r.Findings {
		line := string(f.Direction)
		if f.Witness != nil {
			line += ": " + f.Witness.Text
		}
		lines = append(lines, line)
	}
	return lines
}

func TestChanges(t *testing.T) {
	for _, one := range []struct {
		name, base, old, new string
		want                 []string
	}{
		{"nothing", images, "", "", nil},
		{"audit", images, "Enforce", "Audit", []string{"more-permissive: create a Service that fails ClusterPolicy images, rule labels"}},
		{"audit by default", images, "validationFailureAction: Enforce", "background: true", []string{"more-permissive: create a Service that fails ClusterPolicy images, rule labels"}},
		{"one rule audits", images, "validate: {", "validate: {failureAction: Audit, ", []string{"more-permissive: create a Service that fails ClusterPolicy images, rule labels"}},
		{"said twice", images, "validate: {", "validate: {failureAction: Enforce, ", nil},
		{"overrides", images, "  rules:", "  validationFailureActionOverrides: [{action: Audit, namespaces: [x]}]\n  rules:", []string{"more-permissive: create a Pod in namespace x that fails ClusterPolicy images, rule signed", "more-permissive: create a Service in namespace x that fails ClusterPolicy images, rule labels"}},
		{"fails open", images, "  rules:", "  failurePolicy: Ignore\n  rules:", []string{"more-permissive: create a Service that ClusterPolicy images could not test, rule labels"}},
		{"a kind gone", images, "{resources: {kinds: [Pod]}}, ", "", []string{"more-permissive: create a Pod that fails ClusterPolicy images, rule signed"}},
		{"a kind that Kyverno may add by itself", images, ", {resources: {kinds: [apps/v1/Deployment], namespaces: [x]}}", "", []string{"different"}},
		{"another namespace", images, "namespaces: [x]", "namespaces: [x, y]", []string{"different"}},
		{"another subject", images, "subject: b", "subject: c", []string{"different"}},
		{"audit, and another subject", images, "verifyImages: [{", "verifyImages: [{failureAction: Audit, required: false, ", []string{"more-permissive: create a Pod that fails ClusterPolicy images, rule signed", "different"}},
		{"an exclusion more", images, "    match: {resources: {kinds: [Service]}}", "    match: {resources: {kinds: [Service]}}\n    exclude: {resources: {namespaces: ['dev-*']}}", []string{"more-permissive: create a Service in namespace dev-x that fails ClusterPolicy images, rule labels"}},
		{"another test for the same field", images, `team: "?*"`, `team: "a*"`, []string{"different"}},
		{"the same test in words that nobody reads", images, "pattern: {metadata: {labels: {team: \"?*\"}}}", "deny: {conditions: {all: [{key: \"{{ request.object.metadata.labels.team }}\", operator: Equals, value: \"\"}]}}", []string{"different"}},
		{"a test for another field", images, `team: "?*"`, `owner: "?*"`, []string{"more-permissive: create a Service that fails ClusterPolicy images, rule labels", "stricter: create a Service that fails ClusterPolicy images, rule labels"}},
		{"bound to some namespaces", native, "[Deny, Audit]", "[Deny, Audit], matchResources: {namespaceSelector: {matchLabels: {env: prod}}}", []string{"more-permissive: create a Pod that fails ValidatingAdmissionPolicy small"}},
		{"bound to others", native, "[Deny, Audit]", "[Deny, Audit], matchResources: {namespaceSelector: {matchExpressions: [{key: env, operator: NotIn, values: [dev]}]}}", []string{"more-permissive: create a Pod in a namespace with env=dev that fails ValidatingAdmissionPolicy small"}},
		{"another rule", images, "name: signed", "name: other", nil},
		{"no policy", images, images, "", []string{"more-permissive: create a Service that fails ClusterPolicy images, rule labels"}},
		{"warns", native, "[Deny, Audit]", "[Warn]", []string{"more-permissive: create a Pod that fails ValidatingAdmissionPolicy small"}},
		{"no audit", native, "[Deny, Audit]", "[Deny]", []string{"different"}},
		{"native fails open", native, "spec: {validations", "spec: {failurePolicy: Ignore, validations", []string{"more-permissive: create a Pod that ValidatingAdmissionPolicy small could not test"}},
		{"no binding", native, native[strings.Index(native, "---"):], "", []string{"more-permissive: create a Pod that fails ValidatingAdmissionPolicy small"}},
		{"neither", native, native, "", []string{"more-permissive: create a Pod that fails ValidatingAdmissionPolicy small"}},
	} {
		t.Run(one.name, func(t *testing.T) {
			got := summary(compare(t, side(t, strings.Replace(one.base, one.old, one.new, 1)), side(t, one.base)))
			slices.Sort(got)
			slices.Sort(one.want)
			if !slices.Equal(got, one.want) {
				t.Errorf("%q, not %q", got, one.want)
			}
		})
	}
}

// What cannot be refused on a side is no witness that it refuses.
func TestNoWitnessOfWhatRefusesNothing(t *testing.T) {
	for name, change := range map[string][2]string{
		"not at admission":     {"  rules:", "  admission: false\n  rules:"},
		"only updates":         {"kinds: [Service]", "kinds: [Service], operations: [UPDATE]"},
		"all is excluded":      {"kinds: [Service]}}", "kinds: [Service]}}\n    exclude: {resources: {names: ['*']}}"},
		"a kind of that name":  {"kinds: [Service]", "kinds: [serving.knative.dev/v1/Service]"},
		"unknown labels":       {"kinds: [Service]", "kinds: [Service], namespaces: [x], namespaceSelector: {matchLabels: {env: prod}}"},
		"a subresource":        {"kinds: [Service]", "kinds: [Service/status]"},
		"a rule after another": {"  rules:", "  applyRules: One\n  rules:"},
	} {
		strict := strings.Replace(images, change[0], change[1], 1)
		loose := strings.Replace(strict, "validate: {", "validate: {failureAction: Audit, ", 1)
		if got := summary(compare(t, side(t, loose), side(t, strict))); !slices.Equal(got, []string{"different"}) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// Of a rule that an exception names nothing is certain.
func TestARuleWithAnExceptionIsUncertain(t *testing.T) {
	const exception = "---\napiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {name: some}\nspec: {match: {any: [{resources: {kinds: [Service]}}]}, exceptions: [{policyName: images, ruleNames: [lab*]}]}\n"
	got := summary(compare(t, side(t, strings.Replace(images, "Enforce", "Audit", 1)+exception), side(t, images+exception)))
	if want := []string{"more-permissive: create a Pod that fails ClusterPolicy images, rule signed", "different"}; len(got) != 1 && !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	for _, line := range got {
		if strings.Contains(line, "rule labels") {
			t.Errorf("%q", got)
		}
	}
}

// Another binding that denies takes the place of one that is gone.
func TestASecondBindingThatSaysTheSameIsEqual(t *testing.T) {
	two := native + "---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {name: other}\nspec: {policyName: small, validationActions: [Deny]}\n"
	if r := compare(t, side(t, native), side(t, two)); len(r.Findings) > 0 || len(r.Judged) != 1 {
		t.Errorf("%+v", r)
	}
}
