package clusterread

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// An owner hides what controllers of Kubernetes draw, and nothing that grants or
// runs by itself: who may write a RoleBinding or a pod can write any owner into it.
func TestAnOwnerHidesNoGrant(t *testing.T) {
	for kind, hidden := range map[[4]string]bool{
		{"v1", "Pod", "apps/v1", "ReplicaSet"}: true, {"v1", "Pod", "batch/v1", "Job"}: true, {"v1", "Pod", "v1", "Node"}: true,
		{"apps/v1", "ReplicaSet", "apps/v1", "Deployment"}: true, {"apps/v1", "ReplicaSet", "argoproj.io/v1alpha1", "Rollout"}: true,
		{"batch/v1", "Job", "batch/v1", "CronJob"}:                               true,
		{"v1", "Pod", "v1", "ConfigMap"}:                                         false,
		{"v1", "Pod", "apps/v1", "Deployment"}:                                   false,
		{"v1", "Pod", "example.com/v1", "ReplicaSet"}:                            false,
		{"v1", "Pod", "", ""}:                                                    false,
		{"batch/v1", "Job", "v1", "Secret"}:                                      false,
		{"rbac.authorization.k8s.io/v1", "RoleBinding", "apps/v1", "ReplicaSet"}: false, {"rbac.authorization.k8s.io/v1", "Role", "apps/v1", "ReplicaSet"}: false,
		{"networking.k8s.io/v1", "NetworkPolicy", "apps/v1", "ReplicaSet"}: false, {"apps/v1", "Deployment", "apps/v1", "ReplicaSet"}: false,
		{"v1", "ConfigMap", "apps/v1", "ReplicaSet"}: false, {"v1", "Secret", "apps/v1", "ReplicaSet"}: false,
		{"security.istio.io/v1", "PeerAuthentication", "apps/v1", "ReplicaSet"}: false, {"example.com/v1", "Pod", "apps/v1", "ReplicaSet"}: false,
	} {
		o := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": kind[0], "kind": kind[1],
			"metadata": map[string]any{"name": "x", "ownerReferences": []any{map[string]any{"apiVersion": kind[2], "kind": kind[3], "name": "a", "uid": "u", "controller": true}}},
		}}
		if got := Owned(o); got != hidden {
			t.Errorf("%v: hidden is %v", kind, got)
		}
		owner := o.Object["metadata"].(map[string]any)["ownerReferences"].([]any)[0].(map[string]any)
		owner["controller"] = false
		if Owned(o) {
			t.Errorf("%v, no controller, is hidden", kind)
		}
		unstructured.RemoveNestedField(o.Object, "metadata", "ownerReferences")
		if Owned(o) {
			t.Errorf("%v without an owner is hidden", kind)
		}
	}
}
