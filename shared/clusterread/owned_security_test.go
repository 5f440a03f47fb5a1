package clusterread

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// An owner hides the pods that a controller draws, and nothing that grants: who
// may write a RoleBinding can write any owner into it.
func TestAnOwnerHidesNoGrant(t *testing.T) {
	for kind, hidden := range map[[2]string]bool{
		{"v1", "Pod"}: true, {"apps/v1", "ReplicaSet"}: true, {"batch/v1", "Job"}: true,
		{"rbac.authorization.k8s.io/v1", "RoleBinding"}: false, {"rbac.authorization.k8s.io/v1", "Role"}: false,
		{"networking.k8s.io/v1", "NetworkPolicy"}: false, {"apps/v1", "Deployment"}: false, {"v1", "ConfigMap"}: false,
		{"v1", "Secret"}: false, {"security.istio.io/v1", "PeerAuthentication"}: false, {"example.com/v1", "Pod"}: false,
	} {
		o := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": kind[0], "kind": kind[1],
			"metadata": map[string]any{"name": "x", "ownerReferences": []any{map[string]any{"apiVersion": "v1", "kind": "Any", "name": "a", "uid": "u", "controller": true}}},
		}}
		if got := owned(o); got != hidden {
			t.Errorf("%v with an owner: hidden is %v", kind, got)
		}
		unstructured.RemoveNestedField(o.Object, "metadata", "ownerReferences")
		if owned(o) {
			t.Errorf("%v without an owner is hidden", kind)
		}
	}
}
