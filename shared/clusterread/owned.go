package clusterread

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// makers are the controllers that make replicas from another object, which is
// read, with names that are drawn. Who may make a pod can write any owner into
// it; these controllers end a replica too many, and take their name off one
// that their selector does not choose. (CronJobs do neither: what names one as
// its owner is taken for what its template says.)
var makers = map[schema.GroupKind][]schema.GroupKind{
	{Kind: "Pod"}: {
		{Group: "apps", Kind: "ReplicaSet"}, {Group: "apps", Kind: "StatefulSet"}, {Group: "apps", Kind: "DaemonSet"},
		{Group: "batch", Kind: "Job"}, {Kind: "ReplicationController"},
	},
	{Group: "apps", Kind: "ReplicaSet"}:         {{Group: "apps", Kind: "Deployment"}},
	{Group: "batch", Kind: "Job"}:               {{Group: "batch", Kind: "CronJob"}},
	{Group: "apps", Kind: "ControllerRevision"}: {{Group: "apps", Kind: "StatefulSet"}, {Group: "apps", Kind: "DaemonSet"}},
}

// installed are makers that not every cluster has: where nobody serves their
// kind, nobody collects what names one as its owner either.
var installed = map[schema.GroupKind]schema.GroupKind{
	{Group: "apps", Kind: "ReplicaSet"}: {Group: "argoproj.io", Kind: "Rollout"},
	{Kind: "ReplicationController"}:     {Group: "apps.openshift.io", Kind: "DeploymentConfig"},
}

// Owned says whether an object is a replica that a controller of Kubernetes
// made from another object. Of all others it decides what they say, whoever
// owns them: a RoleBinding is in force with an owner too. What makers that are
// installed own, Read leaves out where it has read them.
func Owned(o *unstructured.Unstructured) bool {
	owner := metav1.GetControllerOfNoCopy(o)
	if owner == nil {
		return false
	}
	kind := schema.FromAPIVersionAndKind(owner.APIVersion, owner.Kind).GroupKind()
	return slices.Contains(makers[o.GroupVersionKind().GroupKind()], kind) || mirrors(o, owner.Name, kind)
}

// mirrors says whether a pod shows one that a node runs from a file. The kubelet
// of that node does not run the one that shows it.
func mirrors(o *unstructured.Unstructured, node string, owner schema.GroupKind) bool {
	_, shows := o.GetAnnotations()["kubernetes.io/config.mirror"]
	on, _, _ := unstructured.NestedString(o.Object, "spec", "nodeName")
	return shows && on == node && owner == schema.GroupKind{Kind: "Node"} && o.GroupVersionKind().GroupKind() == schema.GroupKind{Kind: "Pod"}
}

// identity tells objects of one reading apart.
type identity struct {
	schema.GroupKind
	namespace, name string
	uid             types.UID
}

// byInstalled is the maker of a replica, if it is one of the installed.
func byInstalled(o *unstructured.Unstructured) (maker identity, is bool) {
	kind, has := installed[o.GroupVersionKind().GroupKind()]
	owner := metav1.GetControllerOfNoCopy(o)
	if !has || owner == nil || schema.FromAPIVersionAndKind(owner.APIVersion, owner.Kind).GroupKind() != kind {
		return identity{}, false
	}
	return identity{kind, o.GetNamespace(), owner.Name, owner.UID}, true
}

// replicas are those that wait for their maker, since lists come in any order.
type replicas struct {
	makers  map[identity]bool
	waiting []*unstructured.Unstructured
}

// see notes a maker, and says whether an object has to wait for its own. The
// reader's lock is held.
func (r *replicas) see(o *unstructured.Unstructured) (waits bool) {
	kind := o.GroupVersionKind().GroupKind()
	for _, maker := range installed {
		if maker == kind {
			if r.makers == nil {
				r.makers = map[identity]bool{}
			}
			r.makers[identity{kind, o.GetNamespace(), o.GetName(), o.GetUID()}] = true
		}
	}
	if _, waits = byInstalled(o); waits {
		r.waiting = append(r.waiting, o)
	}
	return waits
}
