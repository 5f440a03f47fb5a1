package admission

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/oracletest"
)

// The drawn policies test labels of the objects: an object passes all of them
// that has each label `ok`. Patterns look at the first of them. Expressions look
// at the others, since nobody but their engine knows what they look at: Compare
// takes it that an object can fail one and pass the others.
const (
	labelCount   = 6
	patternCount = 4
)

func label(i int) string { return fmt.Sprintf("t%d", i) }

type (
	m    = map[string]any
	list = []any
)

// world is a side as it would stand in a folder.
type world []m

type dice struct{ *rand.Rand }

func (d dice) in(n int) bool              { return d.Intn(n) == 0 }
func (d dice) one(words ...string) string { return words[d.Intn(len(words))] }
func (d dice) some(words ...string) list {
	var l list
	for _, i := range d.Perm(len(words))[:1+d.Intn(min(2, len(words)))] {
		l = append(l, words[i])
	}
	return l
}

var cases = oracletest.Cases

func clone(w world) world {
	var copied world
	for _, o := range w {
		copied = append(copied, runtime.DeepCopyJSON(o))
	}
	return copied
}

func (w world) side() []Resource {
	var side []Resource
	for _, raw := range clone(w) { // numbers and lists as they come from a file
		meta := raw["metadata"].(m)
		o := finding.Object{APIVersion: raw["apiVersion"].(string), Kind: raw["kind"].(string), Name: meta["name"].(string)}
		o.Namespace, _ = meta["namespace"].(string)
		side = append(side, Resource{Object: o, Raw: raw})
	}
	return side
}

// kyverno draws policies p0, p1, ... of Kyverno.
func (d dice) kyverno() world {
	var w world
	for i := range 1 + d.Intn(3) {
		w = append(w, d.policy(fmt.Sprintf("p%d", i)))
	}
	return w
}

func (d dice) policy(name string) m {
	meta, kind := m{"name": name}, "ClusterPolicy"
	if d.in(5) {
		kind, meta["namespace"] = "Policy", "a"
	}
	spec := m{}
	if !d.in(4) {
		spec["validationFailureAction"] = d.one("Enforce", "Enforce", "Audit", "enforce")
	}
	switch d.Intn(5) {
	case 0:
		spec["failurePolicy"] = d.one("Fail", "Ignore")
	case 1:
		spec["webhookConfiguration"] = m{"failurePolicy": d.one("Fail", "Ignore")}
	}
	if d.in(12) {
		spec["admission"] = d.in(2)
	}
	if d.in(12) {
		spec["applyRules"] = d.one("One", "All")
	}
	if d.in(6) {
		spec["background"] = d.in(2)
	}
	if kind == "ClusterPolicy" && d.in(5) {
		spec["validationFailureActionOverrides"] = d.overrides()
	}
	var rules list
	for i := range 1 + d.Intn(3) {
		rules = append(rules, d.rule(fmt.Sprintf("r%d", i), kind))
	}
	spec["rules"] = rules
	return m{"apiVersion": "kyverno.io/v1", "kind": kind, "metadata": meta, "spec": spec}
}

func (d dice) overrides() list {
	o := m{"action": d.one("Enforce", "Audit")}
	switch d.Intn(4) {
	case 0:
		o["namespaceSelector"] = d.selector("env")
	case 1:
	default:
		o["namespaces"] = d.some("a", "b", "team-*")
	}
	return list{o}
}

func (d dice) rule(name, of string) m {
	r := m{"name": name, "match": d.match(of)}
	if d.in(3) {
		r["exclude"] = m{"any": list{d.exclusion(of)}}
	}
	test := m{"message": "no"}
	at := label(d.Intn(patternCount))
	if d.in(3) {
		at = label(patternCount + d.Intn(labelCount-patternCount))
		test["deny"] = m{"conditions": m{"all": list{m{"key": "{{ request.object.metadata.labels." + at + " }}", "operator": "NotEquals", "value": "ok"}}}}
	} else {
		set := m{at: "ok"}
		if d.in(6) {
			set[label(d.Intn(patternCount))] = "ok"
		}
		test["pattern"] = m{"metadata": m{"labels": set}}
	}
	if d.in(3) {
		test["failureAction"] = d.one("Enforce", "Audit")
	}
	if of == "ClusterPolicy" && d.in(8) {
		test["failureActionOverrides"] = d.overrides()
	}
	r["validate"] = test
	return r
}

func (d dice) kinds(of string) list {
	if of == "Policy" {
		return d.some("ConfigMap", "Secret", "Service", "Pod", "apps/v1/Deployment")
	}
	return d.some("ConfigMap", "ConfigMap", "v1/Secret", "Secret", "Service", "Pod", "Deployment", "apps/v1/Deployment", "Namespace", "ClusterRole", "Sec*", "*/Service", "Pod/exec")
}

func (d dice) match(of string) m {
	switch d.Intn(6) {
	case 0:
		return m{"all": list{d.filter(of)}}
	case 1:
		return m{"all": list{d.filter(of), m{"resources": m{"namespaces": d.some("a", "b", "team-*")}}}}
	case 2:
		return d.filter(of)
	case 3:
		return m{"any": list{d.filter(of), d.filter(of)}}
	}
	return m{"any": list{d.filter(of)}}
}

func (d dice) filter(of string) m {
	res := m{"kinds": d.kinds(of)}
	f := m{"resources": res}
	switch d.Intn(12) {
	case 0:
		res["names"] = d.some("web-*", "db", "*")
	case 1, 2:
		res["namespaces"] = d.some("a", "b", "team-*", "*")
	case 3:
		res["selector"] = d.selector("tier")
	case 4, 5:
		res["namespaceSelector"] = d.selector("env")
	case 6:
		res["operations"] = d.some("CREATE", "UPDATE")
	case 7:
		f["subjects"] = list{m{"kind": "User", "name": d.one("eve", "system:admin")}}
	case 8:
		res["annotations"] = m{"note": "x"}
	}
	if of == "Policy" {
		delete(res, "namespaces")
		delete(res, "namespaceSelector")
	}
	return f
}

func (d dice) exclusion(of string) m {
	f := d.filter(of)
	if d.in(3) {
		delete(f["resources"].(m), "kinds")
		f["resources"].(m)["names"] = d.some("web-*", "db")
	}
	if d.in(3) {
		f["clusterRoles"] = list{"cluster-admin"}
	}
	return f
}

func (d dice) selector(key string) m {
	switch d.Intn(6) {
	case 0:
		return m{"matchExpressions": list{m{"key": key, "operator": "DoesNotExist"}}}
	case 1:
		return m{"matchExpressions": list{m{"key": key, "operator": d.one("In", "NotIn"), "values": d.some("prod", "dev")}}}
	case 2:
		return m{"matchExpressions": list{m{"key": key, "operator": "Exists"}}}
	case 3:
		if key == "env" {
			return m{"matchExpressions": list{m{"key": nameLabel, "operator": d.one("In", "NotIn"), "values": d.some("a", "b")}}}
		}
	}
	return m{"matchLabels": m{key: d.one("prod", "dev")}}
}

// native draws ValidatingAdmissionPolicies with bindings.
func (d dice) native() world {
	var w world
	for i := range 1 + d.Intn(2) {
		name := fmt.Sprintf("v%d", i)
		policy := d.vap(name, 3*i)
		w = append(w, policy)
		for j := range d.Intn(3) {
			binding := d.binding(fmt.Sprintf("%s-b%d", name, j), name)
			if policy["spec"].(m)["paramKind"] != nil {
				binding["spec"].(m)["paramRef"] = m{"name": "limits", "parameterNotFoundAction": d.one("Allow", "Deny")}
			}
			w = append(w, binding)
		}
	}
	return w
}

func (d dice) vap(name string, first int) m {
	constraints := m{"resourceRules": list{d.resourceRule()}}
	if d.in(3) {
		constraints["resourceRules"] = list{d.resourceRule(), d.resourceRule()}
	}
	d.narrow(constraints)
	var tests list
	for range 1 + d.Intn(2) {
		tests = append(tests, m{"expression": "object.metadata.labels['" + label(first+d.Intn(3)) + "'] == 'ok'"})
	}
	spec := m{"matchConstraints": constraints, "validations": tests}
	if d.in(2) {
		spec["failurePolicy"] = d.one("Fail", "Ignore", "Ignore")
	}
	if d.in(6) { // a ConfigMap `limits` of the object's namespace
		spec["paramKind"] = m{"apiVersion": "v1", "kind": "ConfigMap"}
		spec["validations"] = append(tests, m{"expression": "params.data.wanted == object.metadata.labels['" + label(first) + "']"})
	}
	if d.in(8) {
		spec["matchConditions"] = list{m{"name": "some", "expression": "request.userInfo.username != 'eve'"}}
	}
	return m{"apiVersion": "admissionregistration.k8s.io/v1", "kind": policyKind, "metadata": m{"name": name}, "spec": spec}
}

func (d dice) resourceRule() m {
	r := m{"apiGroups": list{""}, "apiVersions": list{"v1"}, "operations": star(d.some("CREATE", "CREATE", "UPDATE", "*")), "resources": star(d.some("configmaps", "secrets", "services", "pods", "namespaces", "*"))}
	switch d.Intn(8) {
	case 0:
		r["apiGroups"], r["resources"] = list{"apps"}, d.some("deployments", "statefulsets")
	case 1:
		r["scope"] = d.one("Cluster", "Namespaced", "*")
	case 2:
		r["resourceNames"] = d.some("web-1", "db")
	case 3:
		r["apiGroups"], r["apiVersions"] = list{"*"}, list{"*"}
	}
	return r
}

// star is alone, as the API asks, where it stands in a list.
func star(l list) list {
	if slices.Contains(l, any("*")) {
		return list{"*"}
	}
	return l
}

// narrow adds selectors and exclusions to a scope.
func (d dice) narrow(s m) {
	if d.in(3) {
		s["namespaceSelector"] = d.selector("env")
	}
	if d.in(5) {
		s["objectSelector"] = d.selector("tier")
	}
	if d.in(6) {
		s["excludeResourceRules"] = list{d.resourceRule()}
	}
	if d.in(6) {
		s["matchPolicy"] = d.one("Exact", "Equivalent")
	}
}

func (d dice) binding(name, policy string) m {
	spec := m{"policyName": policy, "validationActions": [...]list{{"Deny"}, {"Deny"}, {"Deny", "Audit"}, {"Audit"}, {"Warn"}, {"Warn", "Audit"}}[d.Intn(6)]}
	if d.in(2) {
		s := m{}
		if d.in(3) {
			s["resourceRules"] = list{d.resourceRule()}
		}
		d.narrow(s)
		spec["matchResources"] = s
	}
	return m{"apiVersion": "admissionregistration.k8s.io/v1", "kind": bindingKind, "metadata": m{"name": name}, "spec": spec}
}

func (d dice) world() world {
	switch d.Intn(3) {
	case 0:
		return d.kyverno()
	case 1:
		return d.native()
	}
	return append(d.kyverno(), d.native()...)
}

// pair is two sides: the second is mostly the first with one to three changes.
func (d dice) pair(draw func() world) (world, world) {
	a := draw()
	if d.in(4) {
		return a, draw()
	}
	b := clone(a)
	for range 1 + d.Intn(3) {
		b = d.change(b, draw)
	}
	if d.in(2) {
		return b, a
	}
	return a, b
}

func (d dice) change(w world, draw func() world) world {
	if len(w) == 0 {
		return draw()
	}
	if d.in(4) {
		w, _ = d.reworded(w)
		return w
	}
	w, _ = d.loosened(w)
	return w
}

func mustCompare(t *testing.T, seed int64, a, b world) []finding.Finding {
	t.Helper()
	found, _ := mustCompareAll(t, seed, a, b)
	return found
}

// mustCompareAll says too whether something is left to the structural
// comparison: an object that only one side has, and that was not spoken of.
func mustCompareAll(t *testing.T, seed int64, a, b world) (found []finding.Finding, left bool) {
	t.Helper()
	from, to := a.side(), b.side()
	r, err := Compare(from, to, names)
	if err != nil || len(r.Incomplete) > 0 {
		t.Fatalf("seed %d: %v %+v\n%s\n%s", seed, err, r, encoded(a), encoded(b))
	}
	for _, f := range r.Findings {
		if f.ID == "" || (f.Witness == nil) != (f.Direction == finding.Different) {
			t.Fatalf("seed %d: a finding without id or witness: %+v", seed, f)
		}
	}
	for _, side := range [][]Resource{from, to} {
		for _, o := range side {
			has := func(r Resource) bool { return r.Object == o.Object }
			alone := !slices.ContainsFunc(from, has) || !slices.ContainsFunc(to, has)
			left = left || alone && !slices.Contains(r.Judged[o.Object], "")
		}
	}
	return r.Findings, left
}
