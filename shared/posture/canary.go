package posture

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// CanaryTwin makes the canary's objects from hardened ones: its Deployment,
// its Service, and twins of the policies that hold for the gateway's pods by
// their labels, so that the canary is as guarded and as reachable as stable.
//
// The canary's pods are made of the same template but for their labels: app
// is CanaryName, so that no selector of stable matches them. Without a gateway
// among the objects there is no twin.
func CanaryTwin(objects []*unstructured.Unstructured, settings Settings) []*unstructured.Unstructured {
	s := settings.withDefaults()
	stable := find(objects, "apps", "Deployment", s.Gateway)
	if stable == nil {
		return nil
	}
	service := find(objects, "", "Service", s.Gateway)
	t := twins{s: s, stable: podLabelsOf(stable), service: service}
	t.canary = t.relabel()
	all := []*unstructured.Unstructured{t.deployment(stable)}
	if service != nil {
		all = append(all, t.serviceTwin())
	}
	for _, object := range objects {
		if twin := t.policy(object); twin != nil {
			all = append(all, twin)
		}
	}
	return inOrder(all)
}

// twins holds the labels of both tracks' pods.
type twins struct {
	s              Settings
	stable, canary map[string]string
	service        *unstructured.Unstructured
}

func podLabelsOf(deployment *unstructured.Unstructured) map[string]string {
	labels, _, _ := unstructured.NestedStringMap(deployment.Object, "spec", "template", "metadata", "labels")
	return labels
}

// relabel gives the labels of the canary's pods. App always changes. A
// selector of stable's Service that does not ask for app would still match, so
// then what it asks for changes too.
func (t twins) relabel() map[string]string {
	labels := map[string]string{}
	for key, value := range t.stable {
		labels[key] = value
	}
	labels["app"] = t.s.CanaryName()
	labels[TrackLabel] = Canary
	for _, selector := range t.selectors() {
		if _, asksForApp := selector["app"]; asksForApp {
			continue
		}
		for key, value := range selector {
			if key != GatewayLabel && key != TrackLabel {
				labels[key] = labelValue(value[:min(len(value), 56)] + "-canary")
			}
		}
	}
	return labels
}

// selectors of stable's pods that must not match the canary's.
func (t twins) selectors() []map[string]string {
	if t.service == nil {
		return nil
	}
	selector, _, _ := unstructured.NestedStringMap(t.service.Object, "spec", "selector")
	return []map[string]string{selector}
}

// selector of the canary's pods, and only of them.
func (t twins) selector() map[string]any {
	return map[string]any{"app": t.s.CanaryName()}
}

func (t twins) deployment(stable *unstructured.Unstructured) *unstructured.Unstructured {
	canary := t.named(stable, t.s.CanaryName())
	spec := canary.Object["spec"].(map[string]any)
	spec["replicas"] = t.s.CanaryReplicas
	spec["selector"] = map[string]any{"matchLabels": t.selector()}
	labels := map[string]any{}
	for key, value := range t.canary {
		labels[key] = value
	}
	metadata := (&place{fields: spec}).in("template", "metadata")
	metadata.write("labels", labels)
	return canary
}

// named copies an object under another name, without what the cluster adds,
// and with the canary's labels on itself.
func (t twins) named(object *unstructured.Unstructured, name string) *unstructured.Unstructured {
	twin := object.DeepCopy()
	delete(twin.Object, "status")
	metadata := map[string]any{"name": name}
	if namespace := object.GetNamespace(); namespace != "" {
		metadata["namespace"] = namespace
	}
	twin.Object["metadata"] = metadata
	labels := object.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	if _, has := labels["app"]; has {
		labels["app"] = t.s.CanaryName()
	}
	labels[TrackLabel] = Canary
	twin.SetLabels(labels)
	twin.SetAnnotations(object.GetAnnotations())
	return twin
}

// serviceTwin is reachable in the cluster only, whatever stable's type is.
func (t twins) serviceTwin() *unstructured.Unstructured {
	canary := t.named(t.service, t.s.CanaryName())
	spec, _ := canary.Object["spec"].(map[string]any)
	if spec == nil {
		spec = map[string]any{}
		canary.Object["spec"] = spec
	}
	for _, key := range []string{
		"clusterIP", "clusterIPs", "externalIPs", "loadBalancerIP", "loadBalancerClass", "loadBalancerSourceRanges",
		"allocateLoadBalancerNodePorts", "externalTrafficPolicy", "healthCheckNodePort", "externalName",
	} {
		delete(spec, key)
	}
	spec["type"], spec["selector"] = "ClusterIP", t.selector()
	for _, port := range (&place{fields: spec}).members("ports") {
		delete(port.fields, "nodePort")
	}
	return canary
}
