package clusterread

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// makers are the controllers that make replicas from another object, which is
// read, with names that are drawn. Who may make a pod can write any owner into
// it; these controllers end a replica too many, and take their name off one
// that their selector does not choose. (CronJobs do neither: what names one as
// its owner is taken for what its template says.)
var makers = map[schema.GroupKind][]schema.GroupKind{
	{Kind: "Pod"}: {
		{Group: "apps", Kind: "ReplicaSet"}, {Group: "apps", Kind: "StatefulSet"}, {Group: "apps", Kind: "DaemonSet"},
		{Group: "batch", Kind: "Job"}, {Kind: "ReplicationController"}, {Kind: "Node"},
	},
	{Group: "apps", Kind: "ReplicaSet"}:                {{Group: "apps", Kind: "Deployment"}, {Group: "argoproj.io", Kind: "Rollout"}},
	{Kind: "ReplicationController"}:                    {{Group: "apps.openshift.io", Kind: "DeploymentConfig"}},
	{Group: "batch", Kind: "Job"}:                      {{Group: "batch", Kind: "CronJob"}},
	{Group: "apps", Kind: "ControllerRevision"}:        {{Group: "apps", Kind: "StatefulSet"}, {Group: "apps", Kind: "DaemonSet"}},
	{Group: "discovery.k8s.io", Kind: "EndpointSlice"}: {{Kind: "Service"}},
}

// Owned says whether an object is a replica that a controller of Kubernetes
// made from another object. Of all others it decides what they say, whoever
// owns them: a RoleBinding is in force with an owner too.
func Owned(o *unstructured.Unstructured) bool {
	by, made := makers[o.GroupVersionKind().GroupKind()]
	if !made {
		return false
	}
	owner := metav1.GetControllerOfNoCopy(o)
	if owner == nil {
		return false
	}
	return slices.Contains(by, schema.FromAPIVersionAndKind(owner.APIVersion, owner.Kind).GroupKind())
}
