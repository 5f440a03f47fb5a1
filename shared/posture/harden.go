package posture

import (
	"math"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/pod-security-admission/api"
)

// Harden applies every control to an overlay's objects. It works on deep
// copies and never changes its input; the same input gives the same result,
// and hardening a result again changes nothing.
//
// The objects' contents must be what JSON decodes to (int64 and float64, not
// int), as they are in every Unstructured that a client or renderer makes.
func Harden(objects []*unstructured.Unstructured, settings Settings) Result {
	j := &judge{Settings: settings.withDefaults(), excepted: map[Action]bool{}}
	all := copies(objects)
	for _, object := range all {
		j.namespace(object)
	}
	workloads := j.hardenAll(all)
	gateway := j.shape(all, workloads)
	all = j.networkPolicies(all, gateway)
	level := api.LevelRestricted
	for _, w := range workloads {
		level = weaker(level, j.admit(w))
	}
	all = inOrder(j.podSecurity(all, level))
	j.labelAll(all, workloads)
	return Result{all, j.actions, j.violations, string(level)}
}

// copies gives deep copies, with every List opened.
func copies(objects []*unstructured.Unstructured) []*unstructured.Unstructured {
	var all []*unstructured.Unstructured
	for _, object := range objects {
		if !object.IsList() || !strings.HasSuffix(object.GetKind(), "List") {
			all = append(all, &unstructured.Unstructured{Object: whole(object.DeepCopy().Object).(map[string]any)})
			continue
		}
		items, _ := object.Object["items"].([]any)
		for _, item := range items {
			if fields, ok := item.(map[string]any); ok {
				all = append(all, copies([]*unstructured.Unstructured{{Object: fields}})...)
			}
		}
	}
	return all
}

// whole turns floats without a fraction into integers, as they are in JSON, so
// that a user 0.0 is root. It changes node in place.
func whole(node any) any {
	switch node := node.(type) {
	case map[string]any:
		for key, value := range node {
			node[key] = whole(value)
		}
	case []any:
		for i, value := range node {
			node[i] = whole(value)
		}
	case float64:
		if math.Trunc(node) == node && math.Abs(node) < 1<<53 {
			return int64(node)
		}
	}
	return node
}

// hardenAll applies the controls that concern one object each.
func (j *judge) hardenAll(objects []*unstructured.Unstructured) []workload {
	var workloads []workload
	for _, object := range objects {
		j.judgePolicy(object)
		j.panguardConfig(object)
		j.tokenSecret(object)
		j.hostVolume(object)
		j.rewriter(object)
		if w, ok := j.workloadOf(object); ok {
			j.hardenWorkload(w)
			workloads = append(workloads, w)
		}
	}
	return workloads
}

func (j *judge) hardenWorkload(w workload) {
	j.hardenPod(w)
	for _, container := range w.containers() {
		j.judgeEnv(container)
	}
	j.proxy(w)
	if container := w.gatewayContainer(j.Gateway); container != nil {
		j.gatewayUser(w, container)
		j.gatewayEnv(container)
		j.stateDir(w, container)
		j.drain(w, container)
	}
}

// gatewayUser runs the gateway as its image does, where neither the pod nor
// the container says as whom: an image whose user is a name could not be
// started under runAsNonRoot.
func (j *judge) gatewayUser(w workload, container *place) {
	pod, own := w.spec().in("securityContext"), container.in("securityContext")
	if pod.value("runAsUser") != nil || own.value("runAsUser") != nil || j.off(RunAsNonRoot, container.on) {
		return
	}
	own.must(RunAsNonRoot, "runAsUser", nonRoot, "")
	if pod.value("runAsGroup") == nil && own.value("runAsGroup") == nil {
		own.must(RunAsNonRoot, "runAsGroup", nonRoot, "")
	}
}

// hostVolume refuses a volume of the cluster that is a path of a node.
func (j *judge) hostVolume(object *unstructured.Unstructured) {
	root := &place{j: j, on: refTo(object), fields: object.Object}
	for _, key := range []string{"hostPath", "local"} {
		if spec := root.in("spec"); object.GetKind() == "PersistentVolume" && spec.value(key) != nil {
			spec.refuse(HostNamespaces, key, "a volume of a storage class", "a path of the node gives the node away")
		}
	}
}

// labelAll labels every object, those that the deploy adds too.
func (j *judge) labelAll(objects []*unstructured.Unstructured, workloads []workload) {
	byObject := map[*unstructured.Unstructured]workload{}
	for _, w := range workloads {
		byObject[w.object] = w
	}
	for _, object := range objects {
		w, makesPods := byObject[object]
		j.labels(object, w, makesPods)
		if w.gateway && !j.off(Labels, refTo(object)) {
			j.ownerless(w)
		}
	}
}

// inOrder puts the namespace first and the policies second, so that no pod
// starts before what protects it is there.
func inOrder(objects []*unstructured.Unstructured) []*unstructured.Unstructured {
	rank := func(object *unstructured.Unstructured) int {
		switch object.GetKind() {
		case "Namespace":
			return 0
		case "NetworkPolicy":
			return 1
		}
		return 2
	}
	slices.SortStableFunc(objects, func(a, b *unstructured.Unstructured) int { return rank(a) - rank(b) })
	return objects
}
