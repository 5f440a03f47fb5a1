package clusterread

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// replica is an object with a controller.
func replica(apiVersion, kind, owner, ownerKind string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": apiVersion, "kind": kind,
		"metadata": map[string]any{"name": "x", "namespace": "ns", "ownerReferences": []any{map[string]any{"apiVersion": owner, "kind": ownerKind, "name": "a", "uid": "u", "controller": true}}},
	}}
}

// Only a pod that its node's kubelet would not run shows another one.
func TestAPodThatNamesANodeAsItsOwner(t *testing.T) {
	for name, c := range map[string]struct {
		mirror bool
		node   string
		hidden bool
	}{"a mirror": {true, "a", true}, "no mirror": {false, "a", false}, "on another node": {true, "b", false}, "on no node": {true, "", false}} {
		o := replica("v1", "Pod", "v1", "Node")
		if c.mirror {
			o.SetAnnotations(map[string]string{"kubernetes.io/config.mirror": "1"})
		}
		_ = unstructured.SetNestedField(o.Object, c.node, "spec", "nodeName")
		if Owned(o) != c.hidden {
			t.Errorf("%s: hidden is %v", name, !c.hidden)
		}
	}
}

// A Rollout or DeploymentConfig hides its replicas only where it was read,
// whichever comes first.
func TestAnOwnerThatIsNotThereHidesNothing(t *testing.T) {
	for _, kinds := range [][4]string{{"apps/v1", "ReplicaSet", "argoproj.io/v1alpha1", "Rollout"}, {"v1", "ReplicationController", "apps.openshift.io/v1", "DeploymentConfig"}} {
		for name, c := range map[string]struct {
			owner  []string // name, namespace, uid
			hidden bool
		}{
			"there": {[]string{"a", "ns", "u"}, true}, "not there": {nil, false}, "another name": {[]string{"b", "ns", "u"}, false},
			"another namespace": {[]string{"a", "other", "u"}, false}, "made anew": {[]string{"a", "ns", "v"}, false},
		} {
			for _, first := range []bool{false, true} {
				all := []*unstructured.Unstructured{replica(kinds[0], kinds[1], kinds[2], kinds[3])}
				if c.owner != nil {
					owner := &unstructured.Unstructured{Object: map[string]any{"apiVersion": kinds[2], "kind": kinds[3], "metadata": map[string]any{"name": c.owner[0], "namespace": c.owner[1], "uid": c.owner[2]}}}
					if all = append(all, owner); first {
						all[0], all[1] = all[1], all[0]
					}
				}
				owned := 0
				r := &reader{source: Source{Owned: func(*unstructured.Unstructured) { owned++ }}, reading: &Reading{}}
				for _, o := range all {
					if err := r.keep(o); err != nil {
						t.Fatal(err)
					}
				}
				if err := r.waiting(); err != nil || owned == 1 != c.hidden || len(r.reading.Objects)+owned != len(all) {
					t.Errorf("%s, %s: %d owned, %d kept, %v", kinds[3], name, owned, len(r.reading.Objects), err)
				}
			}
		}
	}
}

// An owner hides what controllers of Kubernetes draw, and nothing that grants or
// runs by itself: who may write a RoleBinding or a pod can write any owner into it.
func TestAnOwnerHidesNoGrant(t *testing.T) {
	for kind, hidden := range map[[4]string]bool{
		{"v1", "Pod", "apps/v1", "ReplicaSet"}: true, {"v1", "Pod", "batch/v1", "Job"}: true, {"v1", "Pod", "v1", "Node"}: false,
		{"apps/v1", "ReplicaSet", "apps/v1", "Deployment"}: true, {"apps/v1", "ReplicaSet", "argoproj.io/v1alpha1", "Rollout"}: false, {"discovery.k8s.io/v1", "EndpointSlice", "v1", "Service"}: false,
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
