package driftcheck

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// lifeless are metadata that tell where and when, not what.
var lifeless = []string{"uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "managedFields", "selfLink", "ownerReferences"}

// notes are annotations that tools keep for themselves; the first one can hold
// a whole Secret.
var notes = []string{"kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision", "kubectl.kubernetes.io/restartedAt"}

// made are fields that the cluster fills in by itself, by kind.
var made = map[key][][]string{
	{kind: "Service"}:               {{"spec", "clusterIP"}, {"spec", "clusterIPs"}, {"spec", "healthCheckNodePort"}},
	{kind: "Pod"}:                   {{"spec", "nodeName"}},
	{kind: "PersistentVolumeClaim"}: {{"spec", "volumeName"}},
	{kind: "ServiceAccount"}:        {{"secrets"}},
	{kind: "Namespace"}:             {{"spec"}},
}

// ours and the cluster's own bookkeeping: an object that says nothing of what
// may happen.
func bookkeeping(o *unstructured.Unstructured) bool {
	switch k := keyOf(o); {
	case k.kind == "ConfigMap" && k.group == "":
		return k.name == "kube-root-ca.crt" || k.name == "istio-ca-root-cert" || o.GetLabels()["clawql.io/record"] != ""
	case k.kind == "Secret" && k.group == "":
		kind, _, _ := unstructured.NestedString(o.Object, "type")
		return kind == "clawql.io/deploy" || kind == "kubernetes.io/service-account-token" || kind == "helm.sh/release.v1"
	}
	return false
}

// take makes of an object what is compared and kept: no status, no note that
// could hold a Secret, no value of a Secret.
func (r *Reader) take(o *unstructured.Unstructured) (keep bool, err error) {
	if bookkeeping(o) {
		return false, nil
	}
	unstructured.RemoveNestedField(o.Object, "status")
	for _, note := range notes {
		unstructured.RemoveNestedField(o.Object, "metadata", "annotations", note)
	}
	if len(o.GetAnnotations()) == 0 {
		unstructured.RemoveNestedField(o.Object, "metadata", "annotations")
	}
	managed, _, _ := unstructured.NestedFieldNoCopy(o.Object, "metadata", "managedFields")
	entries, _ := managed.([]any)
	for _, entry := range entries {
		if fields, ok := entry.(map[string]any); ok {
			delete(fields, "fieldsV1")
		}
	}
	return true, r.sealer.hide(o)
}

// strip leaves of an object what is compared: not what tells where and when.
func strip(o *unstructured.Unstructured) {
	for _, field := range lifeless {
		unstructured.RemoveNestedField(o.Object, "metadata", field)
	}
	if kind, _, _ := unstructured.NestedString(o.Object, "spec", "type"); o.GetKind() == "Service" && kind != "NodePort" {
		withoutNodePorts(o)
	}
	for _, path := range made[key{group: o.GroupVersionKind().Group, kind: o.GetKind()}] {
		unstructured.RemoveNestedField(o.Object, path...)
	}
}

// projection is what is compared of an object.
func projection(o *Object) *unstructured.Unstructured {
	tree := o.Tree()
	strip(tree)
	return tree
}

// withoutNodePorts: a load balancer's are chosen by the cluster.
func withoutNodePorts(o *unstructured.Unstructured) {
	ports, _, _ := unstructured.NestedFieldNoCopy(o.Object, "spec", "ports")
	list, _ := ports.([]any)
	for _, port := range list {
		if fields, ok := port.(map[string]any); ok {
			delete(fields, "nodePort")
		}
	}
}

// key tells objects of both sides apart; the version of an API is no part of
// it, so that an object in v1 and one in v1beta1 are compared.
type key struct{ group, kind, namespace, name string }

func keyOf(o *unstructured.Unstructured) key {
	return key{o.GroupVersionKind().Group, o.GetKind(), o.GetNamespace(), o.GetName()}
}

// index finds objects by key; one that is there twice is an error.
func index(side Side) (map[key]*Object, error) {
	found := make(map[key]*Object, len(side.Objects))
	for _, o := range side.Objects {
		if _, doubled := found[o.key]; doubled {
			return nil, fault.Unable("compare: %s has two of %s", side.Name, o)
		}
		found[o.key] = o
	}
	return found, nil
}

func describe(o *unstructured.Unstructured) string {
	if o.GetNamespace() == "" {
		return fmt.Sprintf("%s %s", o.GetKind(), o.GetName())
	}
	return fmt.Sprintf("%s %s/%s", o.GetKind(), o.GetNamespace(), o.GetName())
}
