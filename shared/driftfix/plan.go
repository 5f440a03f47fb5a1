// Package driftfix makes the objects and patches by which the controls of one
// side become those of another: network policies, roles and bindings, security
// configuration, the standard of a namespace, the security of a pod. It is pure;
// whether the plan closes every gap is proven by comparing again.
//
// What may hold values of others (variables, ConfigMaps, Secrets) is named and
// never written out.
package driftfix

import (
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// Options are the names of `from` in `to`, as for a comparison.
type Options struct {
	Namespaces map[string]string
	Labels     map[string]string
	CIDRs      map[netip.Prefix]netip.Prefix
	// Skip are objects of `from` that clawql.yaml excepts; they stay as they are.
	Skip func(finding.Object) bool
	// Hidden are texts that stand for a value that nobody kept: they are never
	// written out. nil is none.
	Hidden func(text string) bool
}

// Plan is what has to be done to `from`.
type Plan struct {
	Create  []*unstructured.Unstructured `json:"create"`
	Replace []*unstructured.Unstructured `json:"replace"` // whole, so that what is too much goes
	Anew    []*unstructured.Unstructured `json:"anew"`    // deleted and created: a binding to another role
	Delete  []finding.Object             `json:"delete"`
	Patches []Patch                      `json:"patches"`
	Secrets []finding.Object             `json:"secrets"` // and what holds a value that nobody kept: that one side lacks, or that differ; named only
	Skipped []finding.Object             `json:"skipped"` // excepted
}

// Patch changes some fields of an object that has others of its own.
type Patch struct {
	Object     finding.Object `json:"object"`
	Operations []Operation    `json:"operations"` // a JSON patch (RFC 6902)
}

// Operation is one of a JSON patch.
type Operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// Empty says that nothing is to be done.
func (p *Plan) Empty() bool {
	return len(p.Create)+len(p.Replace)+len(p.Anew)+len(p.Delete)+len(p.Patches) == 0
}

// key tells objects apart, whatever the version of their API.
type key struct{ group, kind, namespace, name string }

func keyOf(o *unstructured.Unstructured) key {
	return key{o.GroupVersionKind().Group, o.GetKind(), o.GetNamespace(), o.GetName()}
}

// Make plans. Neither list is changed.
func Make(from, to []*unstructured.Unstructured, o Options) (*Plan, error) {
	if o.Skip == nil {
		o.Skip = func(finding.Object) bool { return false }
	}
	if o.Hidden == nil {
		o.Hidden = func(string) bool { return false }
	}
	wanted, err := o.under(to)
	if err != nil {
		return nil, err
	}
	plan, have := newPlan(), index(from)
	for _, w := range wanted {
		h := have[keyOf(w)]
		delete(have, keyOf(w))
		if o.Skip(ObjectOf(w)) {
			plan.Skipped = append(plan.Skipped, ObjectOf(w))
			continue
		}
		plan.pair(h, w, o.Hidden)
	}
	for _, h := range from {
		if have[keyOf(h)] == nil {
			continue
		}
		plan.only(h, o.Skip(ObjectOf(h)))
	}
	return plan, nil
}

// newPlan has no list that JSON would call null.
func newPlan() *Plan {
	objects, names := []*unstructured.Unstructured{}, []finding.Object{}
	return &Plan{Create: objects, Replace: objects, Anew: objects, Delete: names, Patches: []Patch{}, Secrets: names, Skipped: names}
}

// pair is an object that `to` has; h is that of `from`, nil for none.
func (p *Plan) pair(h, w *unstructured.Unstructured, hidden func(string) bool) {
	switch {
	case isSecret(w):
		if h == nil || !reflect.DeepEqual(h.Object["data"], w.Object["data"]) {
			p.Secrets = append(p.Secrets, ObjectOf(w))
		}
	case whole(w):
		p.written(h, bare(w, hidden), hidden)
	case h != nil:
		if list := operations(h, w); len(list) > 0 {
			p.Patches = append(p.Patches, Patch{ObjectOf(h), list})
		}
	}
}

// written is an object that is nothing but a control; h is nil for none. One
// with a value that nobody kept cannot be written.
func (p *Plan) written(h, w *unstructured.Unstructured, hidden func(string) bool) {
	switch {
	case h != nil && reflect.DeepEqual(bare(h, hidden).Object, w.Object):
	case holds(w.Object, hidden):
		p.Secrets = append(p.Secrets, ObjectOf(w))
	case h == nil:
		p.Create = append(p.Create, w)
	case reflect.DeepEqual(h.Object["roleRef"], w.Object["roleRef"]):
		p.Replace = append(p.Replace, w)
	default:
		p.Anew = append(p.Anew, w)
	}
}

// holds says whether a hidden text stands anywhere below a value.
func holds(value any, hidden func(string) bool) bool {
	switch value := value.(type) {
	case map[string]any:
		for _, one := range value {
			if holds(one, hidden) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(value, func(one any) bool { return holds(one, hidden) })
	case string:
		return hidden(value)
	}
	return false
}

// only is an object that `to` does not have.
func (p *Plan) only(h *unstructured.Unstructured, skipped bool) {
	switch {
	case skipped:
		p.Skipped = append(p.Skipped, ObjectOf(h))
	case isSecret(h):
		p.Secrets = append(p.Secrets, ObjectOf(h))
	case whole(h):
		p.Delete = append(p.Delete, ObjectOf(h))
	}
}

func index(list []*unstructured.Unstructured) map[key]*unstructured.Unstructured {
	found := map[key]*unstructured.Unstructured{}
	for _, o := range list {
		found[keyOf(o)] = o
	}
	return found
}

func isSecret(o *unstructured.Unstructured) bool {
	return o.GetKind() == "Secret" && o.GroupVersionKind().Group == ""
}

// wholeKinds are objects that are nothing but a control.
var wholeKinds = map[key]bool{
	{group: "networking.k8s.io", kind: "NetworkPolicy"}:              true,
	{group: "rbac.authorization.k8s.io", kind: "Role"}:               true,
	{group: "rbac.authorization.k8s.io", kind: "ClusterRole"}:        true,
	{group: "rbac.authorization.k8s.io", kind: "RoleBinding"}:        true,
	{group: "rbac.authorization.k8s.io", kind: "ClusterRoleBinding"}: true,
}

// SecurityLabel marks ConfigMaps that hold rules, policies and roles.
const SecurityLabel = "clawql.io/security-config"

func whole(o *unstructured.Unstructured) bool {
	k := keyOf(o)
	return wholeKinds[key{group: k.group, kind: k.kind}] || k.kind == "ConfigMap" && k.group == "" && o.GetLabels()[SecurityLabel] != ""
}

// noted are annotations that tools keep for themselves.
var noted = []string{"kubectl.kubernetes.io/last-applied-configuration"}

// bare is an object as a person would write it, without the annotations that
// are hidden: they decide nothing.
func bare(o *unstructured.Unstructured, hidden func(string) bool) *unstructured.Unstructured {
	o = o.DeepCopy()
	meta, _, _ := unstructured.NestedMap(o.Object, "metadata")
	small := map[string]any{}
	for _, field := range []string{"name", "namespace", "labels", "annotations"} {
		if value, has := meta[field]; has && value != "" {
			small[field] = value
		}
	}
	o.Object["metadata"] = small
	delete(o.Object, "status")
	notes, _ := small["annotations"].(map[string]any)
	maps.DeleteFunc(notes, func(name string, value any) bool { return slices.Contains(noted, name) || holds(value, hidden) })
	for _, field := range []string{"labels", "annotations"} {
		if values, _ := small[field].(map[string]any); len(values) == 0 {
			delete(small, field)
		}
	}
	return o
}

// ObjectOf names an object.
func ObjectOf(o *unstructured.Unstructured) finding.Object {
	return finding.Object{APIVersion: o.GetAPIVersion(), Kind: o.GetKind(), Namespace: o.GetNamespace(), Name: o.GetName()}
}

// Applied is `from` after the plan: what the proof compares.
func (p *Plan) Applied(from []*unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	gone := func(o *unstructured.Unstructured) bool {
		return slices.ContainsFunc(p.Delete, func(d finding.Object) bool { return ObjectOf(o) == d }) ||
			slices.ContainsFunc(slices.Concat(p.Replace, p.Anew), func(r *unstructured.Unstructured) bool { return keyOf(r) == keyOf(o) })
	}
	var after []*unstructured.Unstructured
	for _, o := range from {
		if gone(o) {
			continue
		}
		o = o.DeepCopy()
		for _, patch := range p.Patches {
			if patch.Object == ObjectOf(o) {
				if err := apply(o, patch.Operations); err != nil {
					return nil, err
				}
			}
		}
		after = append(after, o)
	}
	for _, o := range slices.Concat(p.Create, p.Replace, p.Anew) {
		after = append(after, o.DeepCopy())
	}
	return after, nil
}

// escaped writes a field's name as part of a JSON pointer (RFC 6901).
func escaped(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

func unescaped(part string) string {
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
}
