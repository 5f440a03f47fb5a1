package posture

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

// policy makes the twin of an object that selects stable's pods by label and
// leaves the canary's out; nil for every other object. Policies that select
// both tracks, by GatewayLabel or with an empty selector, need none.
func (t twins) policy(object *unstructured.Unstructured) *unstructured.Unstructured {
	twin := t.named(object, object.GetName()+"-canary")
	spec := (&place{fields: twin.Object}).in("spec")
	switch group, kind := groupOf(object), object.GetKind(); {
	case group == "networking.k8s.io" && kind == "NetworkPolicy":
		if !t.networkPolicy(spec) {
			return nil
		}
	case group == "policy" && kind == "PodDisruptionBudget":
		if !t.swap(spec, "selector") {
			return nil
		}
		t.budget(spec)
	case group == "security.istio.io": // PeerAuthentication, AuthorizationPolicy, RequestAuthentication
		if !t.swap(spec, "selector") {
			return nil
		}
	default:
		return nil
	}
	return twin
}

func groupOf(object *unstructured.Unstructured) string {
	group, _, grouped := strings.Cut(object.GetAPIVersion(), "/")
	if !grouped {
		return ""
	}
	return group
}

// networkPolicy swaps the pods that a policy is for, and the pods that it
// lets in or out: another workload that admits stable admits the canary too.
func (t twins) networkPolicy(spec *place) bool {
	swapped := t.swap(spec, "podSelector")
	for direction, peers := range map[string]string{"ingress": "from", "egress": "to"} {
		for _, rule := range spec.members(direction) {
			for _, peer := range rule.members(peers) {
				swapped = t.swap(peer, "podSelector") || swapped
			}
		}
	}
	return swapped
}

// swap replaces a selector that matches stable's pods alone by the canary's.
func (t twins) swap(holder *place, key string) bool {
	fields, ok := holder.value(key).(map[string]any)
	if !ok {
		return false
	}
	var parsed metav1.LabelSelector
	if runtime.DefaultUnstructuredConverter.FromUnstructured(fields, &parsed) != nil {
		return false
	}
	selector, err := metav1.LabelSelectorAsSelector(&parsed)
	if err != nil || !selector.Matches(labels.Set(t.stable)) || selector.Matches(labels.Set(t.canary)) {
		return false
	}
	holder.write(key, map[string]any{"matchLabels": t.selector()})
	return true
}

// budget fits stable's budget to the canary, whose few pods must not hold up
// the drain of a node for ever.
func (t twins) budget(spec *place) {
	if least, ok := spec.value("minAvailable").(int64); ok && least >= t.s.CanaryReplicas {
		delete(spec.fields, "minAvailable")
		spec.write("maxUnavailable", int64(1))
	}
}
