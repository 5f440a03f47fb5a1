package driftcheck

import (
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Run is one digest that containers of a workload's pods report to run.
type Run struct {
	Kind      string `json:"kind"` // of the workload
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Container string `json:"container"`
	Image     string `json:"image"` // the reference in the pod; pods of an earlier template may have another
	Digest    string `json:"digest"`
}

// runs gathers what the pods of a cluster run. Pods and their owners come in
// any order, from several goroutines.
type runs struct {
	lock   sync.Mutex
	pods   []Run               // the workload is the pod's own controller
	owners map[[3]string]owner // of what has a controller: by kind, namespace and name
}

type owner struct{ kind, name string }

// see notes an object that a controller made. It is given to nobody else.
func (r *runs) see(o *unstructured.Unstructured) {
	made := metav1.GetControllerOf(o)
	switch kind := o.GetKind(); {
	case made == nil:
	case kind == "ReplicaSet" || kind == "Job":
		r.lock.Lock()
		defer r.lock.Unlock()
		r.owners[[3]string{kind, o.GetNamespace(), o.GetName()}] = owner{made.Kind, made.Name}
	case kind == "Pod" && o.GetAPIVersion() == "v1":
		pod, err := as[corev1.Pod](o)
		if err != nil {
			return // a field that we do not know; nothing is said of what it runs
		}
		r.lock.Lock()
		defer r.lock.Unlock()
		r.pods = append(r.pods, ofPod(pod, made)...)
	}
}

// ofPod are the containers that have run; imageID is repository@digest where
// the runtime pulled the image.
func ofPod(pod *corev1.Pod, made *metav1.OwnerReference) (list []Run) {
	images := map[string]string{}
	for _, c := range append(slices.Clone(pod.Spec.InitContainers), pod.Spec.Containers...) {
		images[c.Name] = c.Image
	}
	for _, s := range append(slices.Clone(pod.Status.InitContainerStatuses), pod.Status.ContainerStatuses...) {
		if _, digest, pulled := strings.Cut(s.ImageID, "@"); pulled && images[s.Name] != "" {
			list = append(list, Run{made.Kind, pod.Namespace, made.Name, s.Name, images[s.Name], digest})
		}
	}
	return list
}

// list names the workloads that a person wrote, sorted, each Run once.
func (r *runs) list() (list []Run) {
	for _, run := range r.pods {
		if above, has := r.owners[[3]string{run.Kind, run.Namespace, run.Name}]; has {
			run.Kind, run.Name = above.kind, above.name
		}
		list = append(list, run)
	}
	slices.SortFunc(list, func(a, b Run) int { return slices.Compare(a.words(), b.words()) })
	return slices.Compact(list)
}

func (r Run) words() []string {
	return []string{r.Kind, r.Namespace, r.Name, r.Container, r.Image, r.Digest}
}
