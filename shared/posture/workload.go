package posture

import (
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
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
		j.unreadable(w, err)
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

// unreadable reports the field that Kubernetes does not know, or whose type is
// wrong.
func (j *judge) unreadable(w workload, err error) {
	v := Violation{Readable, w.template.on, w.spec().path, err.Error(), "a pod spec that Kubernetes can read",
		"correct the field: the API server would drop or refuse it"}
	var mistyped *json.UnmarshalTypeError
	if unknown := unknownField.FindStringSubmatch(err.Error()); unknown != nil {
		v.Field = append(w.template.path[:len(w.template.path):len(w.template.path)], steps(unknown[1])...)
		v.Value, v.Allowed = valueAt(w.template, steps(unknown[1])), "fields of a pod that Kubernetes knows"
	} else if errors.As(w.decode(), &mistyped) {
		v.Field = append(w.template.path[:len(w.template.path):len(w.template.path)], steps(mistyped.Field)...)
		v.Value, v.Allowed = "a "+mistyped.Value, "a value of type "+mistyped.Type.String()
	}
	j.refuse(v)
}

var unknownField = regexp.MustCompile(`unknown field "([^"]+)"`)

// decode reads the template as JSON, for errors that name the field.
func (w workload) decode() error {
	raw, err := json.Marshal(map[string]any{"metadata": w.template.value("metadata"), "spec": w.template.value("spec")})
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, &corev1.PodTemplateSpec{})
}

// steps splits spec.containers[0].x as Violation.Field has it.
func steps(path string) []string {
	return strings.FieldsFunc(strings.ReplaceAll(path, "[", ".["), func(r rune) bool { return r == '.' })
}

func valueAt(p *place, path []string) any {
	for i, step := range path[:len(path)-1] {
		if index, err := strconv.Atoi(strings.Trim(step, "[]")); err == nil && strings.HasPrefix(step, "[") {
			list := p.parent.list(path[i-1])
			if index >= len(list) {
				return nil
			}
			fields, _ := list[index].(map[string]any)
			p = &place{fields: fields}
			continue
		}
		p = p.in(step)
	}
	return p.value(path[len(path)-1])
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
