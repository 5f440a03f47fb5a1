package webhook

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// drawn is one of the points that both sides treat alike.
type drawn[T any] struct {
	point T
	in    [2]bool // whether each side chooses it
}

// points are what is drawn from the rules and selectors of a webhook on both
// sides. It is asked about a request if its rules and both selectors choose it,
// each by itself: so they are drawn apart.
type points struct {
	requests            []drawn[Request]
	namespaces, objects []drawn[map[string]string]
	both                []drawn[map[string]string] // of a Namespace, which has one set of labels for both selectors
	whole               bool                       // every way to treat a request is among them
}

func draw(a, b *admissionv1.ValidatingWebhook) points {
	requests, all := rulePoints(append(slices.Clone(a.Rules), b.Rules...))
	p := points{whole: all && sameScopes(a.Rules, b.Rules)}
	p.requests = firsts(requests, func(r Request) [2]bool { return [2]bool{ruled(a.Rules, r), ruled(b.Rules, r)} },
		func(r Request) [2]bool { return [2]bool{r.Namespaced, r.aboutNamespace()} })
	spaces := [2][]*metav1.LabelSelector{{a.NamespaceSelector}, {b.NamespaceSelector}}
	things := [2][]*metav1.LabelSelector{{a.ObjectSelector}, {b.ObjectSelector}}
	both := [2][]*metav1.LabelSelector{{a.NamespaceSelector, a.ObjectSelector}, {b.NamespaceSelector, b.ObjectSelector}}
	var wholes [3]bool
	p.namespaces, wholes[0] = labelled(spaces)
	p.objects, wholes[1] = labelled(things)
	p.both, wholes[2] = labelled(both)
	p.whole = p.whole && wholes == [3]bool{true, true, true}
	return p
}

// firsts keeps the first point of each kind: what the sides say of it, and
// another thing that tells points apart.
func firsts[T any](list []T, in, apart func(T) [2]bool) (kept []drawn[T]) {
	seen := map[[2][2]bool]bool{}
	for _, point := range list {
		is := in(point)
		if kind := [2][2]bool{is, apart(point)}; !seen[kind] {
			seen[kind] = true
			kept = append(kept, drawn[T]{point, is})
		}
	}
	return kept
}

// labelled are labels that the selectors of each side, all of them, choose or
// do not.
func labelled(sides [2][]*metav1.LabelSelector) ([]drawn[map[string]string], bool) {
	points, whole := labelPoints(slices.Concat(sides[0], sides[1])...)
	if !whole {
		return nil, false
	}
	return firsts(points, func(l map[string]string) (in [2]bool) {
		for side, all := range sides {
			in[side] = !slices.ContainsFunc(all, func(s *metav1.LabelSelector) bool { return !selector(s).Matches(labels.Set(l)) })
		}
		return in
	}, func(map[string]string) [2]bool { return [2]bool{} }), true
}

// selector: one that cannot be read chooses nothing; the API server refuses it.
func selector(s *metav1.LabelSelector) labels.Selector {
	if s == nil {
		return labels.Everything()
	}
	read, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		return labels.Nothing()
	}
	return read
}

// ruled says whether one of the rules names the request.
func ruled(rules []admissionv1.RuleWithOperations, r Request) bool {
	for _, rule := range rules {
		if covers(rule.Operations, admissionv1.OperationType(r.Operation)) && covers(rule.APIGroups, r.Group) &&
			covers(rule.APIVersions, r.Version) && coversResource(rule.Resources, r.Resource) && inScope(rule.Scope, r.Namespaced) {
			return true
		}
	}
	return false
}

func covers[T ~string](list []T, word T) bool {
	for _, one := range list {
		if one == "*" || one == word {
			return true
		}
	}
	return false
}

// coversResource tries each pattern that would name the resource.
func coversResource(list []string, resource string) bool {
	base, sub, below := strings.Cut(resource, "/")
	fitting := []string{"*/*", base + "/*"}
	if below {
		fitting = append(fitting, resource, "*/"+sub)
	} else {
		fitting = append(fitting, base, "*", base+"/", "*/")
	}
	return slices.ContainsFunc(fitting, func(one string) bool { return slices.Contains(list, one) })
}

func inScope(scope *admissionv1.ScopeType, namespaced bool) bool {
	switch {
	case scope == nil || *scope == admissionv1.AllScopes:
		return true
	case *scope == admissionv1.NamespacedScope:
		return namespaced
	}
	return *scope == admissionv1.ClusterScope && !namespaced
}

// sameScopes: whether a resource has namespaces, rules do not tell; so nothing
// is drawn about scopes, and rules that differ in them are not judged.
func sameScopes(a, b []admissionv1.RuleWithOperations) bool {
	sets := [2]map[admissionv1.ScopeType]bool{{}, {}}
	for i, rules := range [][]admissionv1.RuleWithOperations{a, b} {
		for _, r := range rules {
			scope := admissionv1.AllScopes
			if r.Scope != nil {
				scope = *r.Scope
			}
			sets[i][scope] = true
		}
	}
	return len(sets[0]) <= 1 && reflect.DeepEqual(sets[0], sets[1])
}

// request is a request about which the sides ask as wanted, the first of those
// that are drawn.
func (p points) request(wanted func(in [2]bool) bool) (Request, bool) {
	for _, r := range p.requests {
		for _, l := range p.labels(r.point) {
			if wanted([2]bool{r.in[0] && l.in[0], r.in[1] && l.in[1]}) {
				request := r.point
				request.NamespaceLabels, request.ObjectLabels = l.point[0], l.point[1]
				return request, true
			}
		}
	}
	return Request{}, false
}

// labels are those that a request's namespace and object can have together.
func (p points) labels(r Request) (list []drawn[[2]map[string]string]) {
	if r.aboutNamespace() && !r.Namespaced {
		for _, one := range p.both {
			list = append(list, drawn[[2]map[string]string]{[2]map[string]string{one.point, one.point}, one.in})
		}
		return list
	}
	for _, namespace := range p.namespaces {
		for _, object := range p.objects {
			in := [2]bool{}
			for side := range in {
				in[side] = (namespace.in[side] || !r.Namespaced) && object.in[side]
			}
			list = append(list, drawn[[2]map[string]string]{[2]map[string]string{namespace.point, object.point}, in})
		}
	}
	return list
}

// witness is the request in words.
func (r Request) witness(webhook string) finding.Witness {
	resource := strings.TrimSuffix(r.Resource+"."+r.Group, ".")
	text := strings.ToLower(r.Operation) + " " + resource
	switch {
	case r.aboutNamespace():
		text += withLabels(r.NamespaceLabels)
	case r.Namespaced:
		text += " in a namespace" + withLabels(r.NamespaceLabels)
	}
	if len(r.ObjectLabels) > 0 && !r.aboutNamespace() {
		text += ", the object" + withLabels(r.ObjectLabels)
	}
	what := "which the webhook refuses"
	if r.Down {
		what = "while the webhook does not answer"
	}
	return finding.Witness{Kind: "api-request", Text: text + ", " + what, Details: map[string]string{
		"operation": r.Operation, "group": r.Group, "version": r.Version, "resource": r.Resource, "webhook": webhook,
		"namespaceLabels": labels.Set(r.NamespaceLabels).String(), "objectLabels": labels.Set(r.ObjectLabels).String(), "down": fmt.Sprint(r.Down),
	}}
}

func withLabels(l map[string]string) string {
	if len(l) == 0 {
		return " without labels"
	}
	return " labelled " + labels.Set(l).String()
}
