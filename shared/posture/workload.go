package posture

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// workload is an object that makes pods, and the template that it makes them of.
type workload struct {
	object   *unstructured.Unstructured
	template *place // holds metadata and spec
	gateway  bool
}

func (w workload) spec() *place { return w.template.in("spec") }

// templateOf gives the way to an object's pod template, and whether it is a
// kind that has one. Kinds that we do not know count when they look the part
// (an Argo Rollout does).
func templateOf(object *unstructured.Unstructured) ([]string, bool) {
	switch kind := object.GetKind(); kind {
	case "Pod":
		return nil, true
	case "PodTemplate":
		return []string{"template"}, true
	case "CronJob":
		return []string{"spec", "jobTemplate", "spec", "template"}, true
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job":
		return []string{"spec", "template"}, true
	}
	spec, found, err := unstructured.NestedMap(object.Object, "spec", "template", "spec")
	_, has := spec["containers"]
	return []string{"spec", "template"}, found && err == nil && has
}

// workloadOf reads an object as a workload. One whose pod template Kubernetes
// could not read is a violation and no workload: nothing can be said of it.
func (j *judge) workloadOf(object *unstructured.Unstructured) (workload, bool) {
	at, ok := templateOf(object)
	if !ok {
		j.hiddenPods(object)
		return workload{}, false
	}
	root := &place{j: j, on: refTo(object), fields: object.Object}
	w := workload{object: object, template: root.in(at...), gateway: j.isGateway(object)}
	if _, err := w.typed(); err != nil {
		j.refuse(Violation{Readable, root.on, append(at, "spec"), nil,
			"a pod spec that Kubernetes can read; " + strings.Join(strings.Fields(err.Error()), " "),
			"correct the field: the API server would drop or refuse it"})
		return workload{}, false
	}
	return w, true
}

func (j *judge) isGateway(object *unstructured.Unstructured) bool {
	return object.GetKind() == "Deployment" && object.GetName() == j.Gateway && groupOf(object) == "apps"
}

// typed converts the template; an unknown or mistyped field is an error.
func (w workload) typed() (*corev1.PodTemplateSpec, error) {
	template := &corev1.PodTemplateSpec{}
	fields := map[string]any{"metadata": w.template.value("metadata"), "spec": w.template.value("spec")}
	err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(fields, template, true)
	return template, err
}

// containers of every sort.
func (w workload) containers() []*place {
	var all []*place
	for _, key := range []string{"initContainers", "containers", "ephemeralContainers"} {
		all = append(all, w.spec().members(key)...)
	}
	return all
}

// gatewayContainer is the container that is the gateway itself.
func (w workload) gatewayContainer(name string) *place {
	for _, container := range w.spec().members("containers") {
		if w.gateway && container.str("name") == name {
			return container
		}
	}
	return nil
}

// rewriter refuses what would change pods after they were judged.
func (j *judge) rewriter(object *unstructured.Unstructured) {
	switch object.GetKind() {
	case "MutatingWebhookConfiguration", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding":
		root := &place{j: j, on: refTo(object), fields: object.Object}
		root.refuse(PodSecurity, "kind", "nothing that rewrites pods on their way in",
			"install it apart from the gateway, where it is reviewed as what it is")
	}
}

// hiddenPods refuses kinds that we do not know and that hold containers where
// no control reaches.
func (j *judge) hiddenPods(object *unstructured.Unstructured) {
	if at := containersWithin(object.Object, nil); at != nil {
		j.refuse(Violation{PodSecurity, refTo(object), at, nil,
			"pods in Deployments and the other kinds of Kubernetes, where the controls can be applied",
			"render it to a Deployment, or record an exception for " + PodSecurity})
	}
}

func containersWithin(node any, at []string) []string {
	switch node := node.(type) {
	case map[string]any:
		for _, key := range sortedKeys(node) {
			if list, ok := node[key].([]any); ok && (key == "containers" || key == "initContainers") && anyImage(list) {
				return append(at, key)
			}
			if found := containersWithin(node[key], append(at[:len(at):len(at)], key)); found != nil {
				return found
			}
		}
	case []any:
		for _, member := range node {
			if found := containersWithin(member, at); found != nil {
				return found
			}
		}
	}
	return nil
}

func anyImage(list []any) bool {
	for _, member := range list {
		fields, _ := member.(map[string]any)
		if _, ok := fields["image"].(string); ok {
			return true
		}
	}
	return false
}
