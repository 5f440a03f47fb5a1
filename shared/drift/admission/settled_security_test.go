package admission

import (
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/finding"
)

const eve = `
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: p}
spec:
  validationFailureAction: Enforce
  rules:
  - name: r
    match: {any: [{resources: {kinds: [Pod]}}]}
    validate: {message: m, pattern: {metadata: {labels: {team: "?*"}}}}
`

// A request that one side refuses hides none that only the other does, though
// it cannot be drawn: an update, or that of a user.
func TestARefusedRequestHidesNoOther(t *testing.T) {
	const kinds, rule, excluded = "kinds: [Pod]", "    match: {any: [{resources: {kinds: [Pod]}}]}\n", "    exclude: {any: [{resources: {kinds: [Pod]}, subjects: [{kind: User, name: eve}]}]}\n"
	more := strings.Replace(rule, kinds, "kinds: [Pod, ConfigMap]", 1)
	for _, one := range []struct {
		name, base, to, old, new string
		left                     bool
	}{
		{"an update", native, strings.Replace(native, "operations: [CREATE]", "operations: [CREATE, UPDATE]", 1), "resources: [pods]", "resources: [pods, secrets]", true},
		{"a resource alone", native, native, "resources: [pods]", "resources: [pods, secrets]", false},
		{"a user who is left out", eve, eve, rule, more + excluded, true},
		{"a user who is left out on both", strings.Replace(eve, "[Pod]", "[Service]", 1), strings.Replace(strings.Replace(eve, "[Pod]", "[Service]", 1), "    validate", excluded+"    validate", 1), "kinds: [Service]}}]}\n", "kinds: [Service, ConfigMap]}}]}\n" + excluded, false},
		{"updates left out", eve, eve, rule, more + "    exclude: {any: [{resources: {kinds: [Pod], operations: [UPDATE]}}]}\n", true},
		{"rules for controllers", eve, eve, rule, more, true},
		{"a kind alone", strings.Replace(eve, "[Pod]", "[Service]", 1), strings.Replace(eve, "[Pod]", "[Service]", 1), "[Service]", "[Service, ConfigMap]", false},
	} {
		t.Run(one.name, func(t *testing.T) {
			from := strings.Replace(one.base, one.old, one.new, 1)
			for i, r := range [][]finding.Finding{compare(t, side(t, from), side(t, one.to)).Findings, compare(t, side(t, one.to), side(t, from)).Findings} {
				direction, left, told := [2]finding.Direction{finding.Stricter, finding.MorePermissive}[i], 0, 0
				for _, f := range r {
					switch f.Direction {
					case direction:
						told++
					case finding.Different:
						left++
					}
				}
				if told != 1 || left+told != len(r) || (left == 1) != one.left {
					t.Errorf("swapped %d: %+v", i, r)
				}
			}
		})
	}
}

// A request that a policy is not asked about does not hide that it fails open.
func TestAMatchDoesNotHideThatAPolicyFailsOpen(t *testing.T) {
	from := strings.Replace(strings.Replace(native, "resources: [pods]", "resources: [pods, secrets]", 1), "spec: {validations", "spec: {failurePolicy: Fail, validations", 1)
	to := strings.Replace(native, "spec: {validations", "spec: {failurePolicy: Ignore, validations", 1)
	r := compare(t, side(t, from), side(t, to))
	if len(r.Findings) != 2 || r.Findings[0].Direction != finding.Stricter || r.Findings[1].Direction != finding.Stricter {
		t.Errorf("%+v", r.Findings)
	}
}

// A binding to another policy hides what that one denies, if it is there.
func TestABindingOfAnotherPolicyHidesNothingOfIt(t *testing.T) {
	const other = `---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: other}
spec: {validations: [{expression: "false"}], matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [UPDATE], resources: [pods]}]}}
`
	moved := strings.Replace(native, "policyName: small", "policyName: other", 1)
	for text, want := range map[string]int{"": 1, other: 2} {
		if r := compare(t, side(t, native+text), side(t, moved+text)); len(r.Findings) != want {
			t.Errorf("%d findings, not %d: %+v", len(r.Findings), want, r.Findings)
		}
	}
}
