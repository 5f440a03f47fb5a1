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

// take makes of an object what is compared and kept: no status, no note that
// could hold a Secret, no value of a Secret.
func (r *Reader) take(o *unstructured.Unstructured) (keep bool, err error) {
	if bookkeeping(o) {
		return false, nil
	}
	withoutToken(o)
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
	if o.GetAnnotations()[mountable] == "true" && o.GetKind() == "ServiceAccount" && o.GroupVersionKind().Group == "" {
		return // its secrets are those that its pods may have
	}
	for _, path := range made[key{group: o.GroupVersionKind().Group, kind: o.GetKind()}] {
		unstructured.RemoveNestedField(o.Object, path...)
	}
}

// mountable is an annotation that makes a limit of a service account's secrets.
const mountable = "kubernetes.io/enforce-mountable-secrets"

// chosen are fields that the cluster fills in where nobody did, by kind: in a
// folder it was somebody.
var chosen = map[key][]string{
	{kind: "Pod"}:                   {"spec", "nodeName"},
	{kind: "PersistentVolumeClaim"}: {"spec", "volumeName"},
}

// otherChoice says whether a folder chose what the other side has not.
func otherChoice(from, to *Object, folders [2]bool) bool {
	path, has := chosen[from.groupKind()]
	if !has || !folders[0] && !folders[1] {
		return false
	}
	var choice [2]string
	for i, o := range []*Object{from, to} {
		if value, _, _ := unstructured.NestedFieldNoCopy(o.Tree().Object, path...); value != nil {
			choice[i] = fmt.Sprint(value)
		}
	}
	return choice[0] != choice[1] && (folders[0] && choice[0] != "" || folders[1] && choice[1] != "")
}

// withChoice is the projection and what was chosen.
func withChoice(o *Object) *unstructured.Unstructured {
	tree, path := projection(o), chosen[o.groupKind()]
	if value, has, _ := unstructured.NestedFieldCopy(o.Tree().Object, path...); has {
		_ = unstructured.SetNestedField(tree.Object, value, path...) // it was there: so can be set
	}
	return tree
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
