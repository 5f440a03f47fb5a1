package driftfix

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// world reads YAML documents.
func world(t *testing.T, text string) (list []*unstructured.Unstructured) {
	t.Helper()
	for _, doc := range strings.Split(text, "\n---\n") {
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(doc), &o.Object); err != nil {
			t.Fatal(err)
		}
		list = append(list, o)
	}
	return list
}

const production = `
apiVersion: v1
kind: Namespace
metadata: {name: clawql, uid: a, labels: {pod-security.kubernetes.io/enforce: restricted, team: a}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: clawql, resourceVersion: "7"}
spec: {podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: clawql}}}]}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: clawql}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: gateway, namespace: clawql}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: panguard, namespace: clawql, labels: {clawql.io/security-config: panguard-policy}}
data: {mode: protection}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: clawql}
data: {token: planted-4711}
---
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: clawql}
data: {a: "[redacted 1]"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: gateway, namespace: clawql}
spec:
  template:
    spec:
      securityContext: {runAsNonRoot: true}
      containers:
      - {name: side, image: x}
      - {name: gateway, image: new, env: [{name: A, value: planted-4711}], securityContext: {privileged: false}}
`

func TestNothingToDo(t *testing.T) {
	list := world(t, production)
	plan, err := Make(list, world(t, production), Options{})
	if err != nil || !plan.Empty() || len(plan.Secrets) > 0 {
		t.Errorf("%+v %v", plan, err)
	}
}

// One change after the other of the other environment, under other names: the
// plan brings it back to what production is, and back only in controls.
func TestPlanIsUndone(t *testing.T) {
	staging := strings.NewReplacer("namespace: clawql", "namespace: stage", "{name: clawql, uid: a", "{name: stage, uid: b", "metadata.name: clawql", "metadata.name: stage").Replace(production)
	o := Options{Namespaces: map[string]string{"stage": "clawql"}}
	if plan, err := Make(world(t, staging), world(t, production), o); err != nil || !plan.Empty() {
		text, _ := json.Marshal(plan)
		t.Fatalf("equal sides: %s %v", text, err)
	}
	for name, c := range map[string]struct{ old, new, does string }{
		"policy":     {"policyTypes: [Ingress, Egress]", "policyTypes: [Ingress]", "replace NetworkPolicy stage/deny"},
		"too much":   {"podSelector: {}, policy", "podSelector: {matchLabels: {a: b}}, policy", "replace NetworkPolicy stage/deny"},
		"subject":    {"name: gateway, namespace: stage}]\n---", "name: other, namespace: stage}]\n---", "replace RoleBinding stage/reader"},
		"role":       {"kind: Role, name: reader", "kind: ClusterRole, name: cluster-admin", "anew RoleBinding stage/reader"},
		"gone":       {"name: deny,", "name: other,", "create NetworkPolicy stage/deny, delete NetworkPolicy stage/other"},
		"panguard":   {"mode: protection", "mode: learning", "replace ConfigMap stage/panguard"},
		"standard":   {"enforce: restricted", "enforce: baseline", "patch Namespace stage replace"},
		"no label":   {"pod-security.kubernetes.io/enforce: restricted, ", "", "patch Namespace stage add"},
		"more label": {"team: a", "pod-security.kubernetes.io/warn: privileged", "patch Namespace stage remove"},
		"root":       {"securityContext: {runAsNonRoot: true}", "hostNetwork: true", "patch Deployment stage/gateway add remove"},
		"container":  {"privileged: false", "privileged: true", "patch Deployment stage/gateway test replace"},
		"image":      {"image: new", "image: old", ""},
		"variable":   {"value: planted-4711}]", "value: x}]", ""},
		"setting":    {"token: planted-4711", "token: x", ""},
		"secret":     {"redacted 1", "redacted 2", "secret stage/s"},
	} {
		changed := world(t, strings.Replace(staging, c.old, c.new, 1))
		if reflect.DeepEqual(changed, world(t, staging)) {
			t.Fatalf("%s changes nothing", name)
		}
		plan, err := Make(changed, world(t, production), o)
		if err != nil {
			t.Fatal(err)
		}
		if got := does(plan); got != c.does {
			t.Errorf("%s: %q, want %q", name, got, c.does)
		}
		text, _ := json.Marshal(plan)
		if strings.Contains(string(text), "planted") || strings.Contains(string(text), "resourceVersion") || strings.Contains(string(text), "redacted") {
			t.Errorf("%s: %s", name, text)
		}
		after, err := plan.Applied(changed)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := Make(after, world(t, production), o); err != nil || !again.Empty() {
			t.Errorf("%s: after the plan there is %q to do, %v", name, does(again), err)
		}
	}
}

func does(p *Plan) string {
	var all []string
	for verb, list := range map[string][]*unstructured.Unstructured{"create": p.Create, "replace": p.Replace, "anew": p.Anew} {
		for _, o := range list {
			all = append(all, verb+" "+o.GetKind()+" "+ObjectOf(o).String())
		}
	}
	for _, patch := range p.Patches {
		text := "patch " + patch.Object.Kind + " " + patch.Object.String()
		for _, op := range patch.Operations {
			text += " " + op.Op
		}
		all = append(all, strings.Replace(text, "remove add", "add remove", 1))
	}
	for _, d := range p.Delete {
		all = append(all, "delete "+d.Kind+" "+d.String())
	}
	for _, s := range p.Secrets {
		all = append(all, "secret "+s.String())
	}
	return strings.Join(all, ", ")
}

func TestSkipped(t *testing.T) {
	changed := world(t, strings.Replace(production, "policyTypes: [Ingress, Egress]", "policyTypes: [Ingress]", 1))
	plan, err := Make(changed, world(t, production), Options{Skip: func(o finding.Object) bool { return o.Name == "deny" }})
	if err != nil || !plan.Empty() || len(plan.Skipped) != 1 {
		t.Errorf("%+v %v", plan, err)
	}
}

// A patch never hits another container than the one it was made for.
func TestATestGoesBeforeAContainerIsChanged(t *testing.T) {
	changed := world(t, strings.Replace(production, "privileged: false", "privileged: true", 1))
	plan, err := Make(changed, world(t, production), Options{})
	if err != nil {
		t.Fatal(err)
	}
	moved := world(t, strings.Replace(production, "- {name: side, image: x}\n", "", 1))
	if _, err := plan.Applied(moved); err == nil {
		t.Error("the patch was applied to another container")
	}
}

func TestTwoNamesForOne(t *testing.T) {
	if _, err := Make(nil, nil, Options{Namespaces: map[string]string{"a": "c", "b": "c"}}); err == nil {
		t.Error("one name stands for two")
	}
}
