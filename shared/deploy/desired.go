package deploy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/cluster"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/project"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type object = unstructured.Unstructured

// desired is everything that one deploy wants in the cluster, by the part
// that it plays.
type desired struct {
	namespace *object
	shared    []*object // all but the gateway's Deployment and route
	stable    *object   // the gateway's Deployment
	canary    []*object // its canary twin: Deployment, Service, policies
	route     *object   // without a canary backend
	version   string    // image digest of the gateway
	hash      string    // of all of it, apart from the deploy's number
}

// canaryName is the twin's Deployment and Service.
func canaryName(gateway string) string { return gateway + "-canary" }

func newDesired(objects []*object, env project.Environment, gateway project.Gateway) (*desired, error) {
	d := &desired{}
	var service *object
	for _, o := range objects {
		switch {
		case o.GetKind() == "Namespace" && o.GetName() == env.Namespace:
			d.namespace = o
		case o.GetKind() == "Deployment" && o.GetName() == gateway.Name:
			d.stable = o
		case o.GetKind() == "HTTPRoute" && o.GetName() == gateway.Name:
			d.route = o
		default:
			if o.GetKind() == "Service" && o.GetName() == gateway.Name {
				service = o
			}
			d.shared = append(d.shared, o)
		}
	}
	if d.stable == nil || service == nil {
		return nil, fault.Usage("overlay %s renders no Deployment and Service %s", env.Overlay, gateway.Name).
			Hint("another name? clawql.yaml: gateway.name")
	}
	if d.namespace == nil {
		return nil, fault.Usage("overlay %s does not render Namespace %s", env.Overlay, env.Namespace).
			Hint("clawql.yaml names namespace %s for this environment; the overlay must agree", env.Namespace)
	}
	if d.route == nil {
		d.route = routeFor(env, gateway, servicePort(service, gateway))
	}
	d.version = digestOf(gatewayImage(d.stable, gateway.Name))
	return d, d.check(env, gateway.Name)
}

// check refuses what a canary of this design cannot carry.
func (d *desired) check(env project.Environment, gateway string) error {
	if replicas, found, _ := unstructured.NestedInt64(d.stable.Object, "spec", "replicas"); found && replicas < 1 {
		return fault.Usage("overlay %s sets Deployment %s to %d replicas: nothing would serve", env.Overlay, gateway, replicas)
	}
	for _, o := range d.shared {
		if o.GetKind() == "HTTPRoute" && leadsTo(o, gateway) {
			return fault.Usage("overlay %s has HTTPRoute %s with backend %s: its requests would bypass the canary", env.Overlay, o.GetName(), gateway).
				Hint("the route whose weights move is named as the gateway: call it %s", gateway)
		}
	}
	rules, _, _ := unstructured.NestedSlice(d.route.Object, "spec", "rules")
	for i, entry := range rules {
		one := object{Object: map[string]any{"spec": map[string]any{"rules": []any{entry}}}}
		if fields, _ := entry.(map[string]any); leadsTo(&one, gateway) && len(fields["backendRefs"].([]any)) > 1 {
			return fault.Usage("HTTPRoute %s: rule %d splits requests between %s and other backends", d.route.GetName(), i, gateway).
				Hint("the deploy moves weights between stable and canary; give the other backends a rule of their own")
		}
	}
	return nil
}

// leadsTo says whether a rule of route has the backend.
func leadsTo(route *object, backend string) bool {
	return backendPort(route, backend) != 0
}

// withoutBackend is a route without the backend; other objects as they are.
func withoutBackend(o *object, backend string) *object {
	rules, _, _ := unstructured.NestedSlice(o.Object, "spec", "rules")
	if o.GetKind() != "HTTPRoute" || !leadsTo(o, backend) {
		return o
	}
	for _, entry := range rules {
		fields, _ := entry.(map[string]any)
		backends, _ := fields["backendRefs"].([]any)
		fields["backendRefs"] = slices.DeleteFunc(backends, func(b any) bool {
			ref, _ := b.(map[string]any)
			return ref["name"] == backend
		})
	}
	_ = unstructured.SetNestedSlice(o.Object, rules, "spec", "rules") // it was read from there
	return o
}

// routeFor is the route of an overlay that has none: only the MCP path, so
// that /metrics and /healthz stay inside.
func routeFor(env project.Environment, gateway project.Gateway, port int64) *object {
	parent := map[string]any{"group": cluster.GatewayGroup, "kind": "Gateway", "name": env.Traffic.Gateway.Name, "namespace": env.Traffic.Gateway.Namespace}
	if env.Traffic.Gateway.SectionName != "" {
		parent["sectionName"] = env.Traffic.Gateway.SectionName
	}
	spec := map[string]any{
		"parentRefs": []any{parent},
		"rules":      []any{rule(gateway.Path, nil, backend(gateway.Name, port, 100))},
	}
	if len(env.Traffic.Hostnames) > 0 {
		spec["hostnames"] = anyList(env.Traffic.Hostnames)
	}
	o := &object{Object: map[string]any{"apiVersion": cluster.GatewayGroup + "/v1", "kind": "HTTPRoute",
		"metadata": map[string]any{"name": gateway.Name, "namespace": env.Namespace}, "spec": spec}}
	return o
}

func rule(path string, headers []any, backends ...any) map[string]any {
	match := map[string]any{"path": map[string]any{"type": "PathPrefix", "value": path}}
	if len(headers) > 0 {
		match["headers"] = headers
	}
	return map[string]any{"matches": []any{match}, "backendRefs": backends}
}

func backend(service string, port, weight int64) map[string]any {
	return map[string]any{"group": "", "kind": "Service", "name": service, "port": port, "weight": weight}
}

func anyList(texts []string) []any {
	list := make([]any, len(texts))
	for i, t := range texts {
		list[i] = t
	}
	return list
}

// withCanary adds a canary backend of weight 0 beside each stable one.
func withCanary(route *object, gateway string, fence string) (*object, error) {
	o := route.DeepCopy()
	rules, _, _ := unstructured.NestedSlice(o.Object, "spec", "rules")
	found := false
	for _, entry := range rules {
		fields, _ := entry.(map[string]any)
		backends, _ := fields["backendRefs"].([]any)
		for _, b := range backends {
			stable, _ := b.(map[string]any)
			if stable["name"] != gateway {
				continue
			}
			found = true
			twin := object{Object: stable}
			copied := twin.DeepCopy().Object
			copied["name"], copied["weight"] = canaryName(gateway), int64(0)
			stable["weight"] = int64(100)
			fields["backendRefs"] = append(slices.Clone(backends), any(copied))
		}
	}
	if !found {
		return nil, fault.Usage("HTTPRoute %s of the overlay has no backend %s", route.GetName(), gateway).
			Hint("a rule of it must send requests to Service %s, or leave the route out: the deploy makes one", gateway)
	}
	setFence(o, fence)
	return o, unstructured.SetNestedSlice(o.Object, rules, "spec", "rules")
}

func fenceOf(o *object) string {
	if o == nil {
		return ""
	}
	return o.GetAnnotations()[cluster.FenceAnnotation]
}

func setFence(o *object, fence string) {
	annotations := o.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[cluster.FenceAnnotation] = fence
	o.SetAnnotations(annotations)
}

// probeRoute gives marked requests to stable and canary by one weight each:
// 0 refuses them all (the Gateway API answers 500 then), 1 splits evenly.
func probeRoute(route *object, gateway, name, value, path string, weight int64) *object {
	spec, _, _ := unstructured.NestedMap(route.Object, "spec")
	port := backendPort(route, gateway)
	headers := []any{map[string]any{"type": "Exact", "name": name, "value": value}}
	spec["rules"] = []any{rule(path, headers, backend(gateway, port, weight), backend(canaryName(gateway), port, weight))}
	return &object{Object: map[string]any{"apiVersion": route.GetAPIVersion(), "kind": "HTTPRoute",
		"metadata": map[string]any{"name": gateway + "-probe", "namespace": route.GetNamespace()}, "spec": spec}}
}

func backendPort(route *object, gateway string) int64 {
	rules, _, _ := unstructured.NestedSlice(route.Object, "spec", "rules")
	for _, entry := range rules {
		fields, _ := entry.(map[string]any)
		backends, _ := fields["backendRefs"].([]any)
		for _, b := range backends {
			if ref, _ := b.(map[string]any); ref["name"] == gateway {
				port, _ := ref["port"].(int64)
				return port
			}
		}
	}
	return 0
}

// servicePort is the Service's port that leads to the gateway's HTTP port:
// the one named http or with that target, else the first.
func servicePort(service *object, gateway project.Gateway) int64 {
	ports, _, _ := unstructured.NestedSlice(service.Object, "spec", "ports")
	first := int64(0)
	for _, entry := range ports {
		port, _ := entry.(map[string]any)
		number, _ := port["port"].(int64)
		if port["name"] == "http" || port["targetPort"] == int64(gateway.Port) {
			return number
		}
		if first == 0 {
			first = number
		}
	}
	return first
}

func gatewayImage(deployment *object, container string) string {
	containers, _, _ := unstructured.NestedSlice(deployment.Object, "spec", "template", "spec", "containers")
	for _, entry := range containers {
		if c, _ := entry.(map[string]any); c["name"] == container {
			image, _ := c["image"].(string)
			return image
		}
	}
	return ""
}

// digestOf is the sha256:... of an image reference; the reference itself
// where it has none.
func digestOf(image string) string {
	if _, digest, ok := strings.Cut(image, "@"); ok {
		return digest
	}
	return image
}

// hashOf is the identity of a set of objects.
func hashOf(objects []*object) (string, error) {
	sum := sha256.New()
	for _, o := range objects {
		body, err := json.Marshal(o.Object) // keys come sorted
		if err != nil {
			return "", err
		}
		sum.Write(body)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// podLabels are the labels by which the Deployment selects its pods.
func podLabels(deployment *object) map[string]string {
	labels, _, _ := unstructured.NestedStringMap(deployment.Object, "spec", "selector", "matchLabels")
	return labels
}

// restorable is a live object without what only the server writes.
func restorable(live *object) *object {
	o := live.DeepCopy()
	unstructured.RemoveNestedField(o.Object, "status")
	for _, field := range []string{"managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "ownerReferences", "selfLink"} {
		unstructured.RemoveNestedField(o.Object, "metadata", field)
	}
	annotations := o.GetAnnotations()
	delete(annotations, "deployment.kubernetes.io/revision")
	delete(annotations, "kubectl.kubernetes.io/last-applied-configuration")
	o.SetAnnotations(annotations)
	return o
}
