package posture

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/pod-security-admission/api"
)

// clusterScoped are the kinds of Kubernetes, the Gateway API and the usual
// add-ons that lie in no namespace.
var clusterScoped = map[string]bool{
	"Namespace": true, "Node": true, "PersistentVolume": true, "ClusterRole": true, "ClusterRoleBinding": true,
	"CustomResourceDefinition": true, "StorageClass": true, "PriorityClass": true, "RuntimeClass": true,
	"IngressClass": true, "GatewayClass": true, "ValidatingWebhookConfiguration": true,
	"MutatingWebhookConfiguration": true, "ValidatingAdmissionPolicy": true, "ValidatingAdmissionPolicyBinding": true,
	"MutatingAdmissionPolicy": true, "MutatingAdmissionPolicyBinding": true, "APIService": true, "CSIDriver": true,
	"VolumeAttributesClass": true, "ClusterPolicy": true, "ClusterIssuer": true, "ClusterSecretStore": true,
	"AdminNetworkPolicy": true, "BaselineAdminNetworkPolicy": true, "ClusterNetworkPolicy": true, "GlobalNetworkPolicy": true,
	"CiliumClusterwideNetworkPolicy": true,
}

// builtin is true for kinds of Kubernetes itself: of those we know for sure
// which lie in a namespace.
func builtin(object *unstructured.Unstructured) bool {
	group := groupOf(object)
	return !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io")
}

// namespace puts an object into the environment's namespace. One that names
// another is refused, as kubectl refuses it: the controls hold in one
// namespace.
func (j *judge) namespace(object *unstructured.Unstructured) {
	root := &place{j: j, on: refTo(object), fields: object.Object}
	if object.GetKind() == "Namespace" {
		if object.GetName() != j.Namespace {
			root.in("metadata").refuse(Namespaced, "name", j.Namespace, "set namespace: in the overlay's kustomization.yaml")
		}
		return
	}
	switch have := object.GetNamespace(); {
	case clusterScoped[object.GetKind()] || have == j.Namespace || have == "" && !builtin(object):
	case have == "":
		object.SetNamespace(j.Namespace)
		j.did(Namespaced, refTo(object), []string{"metadata", "namespace"}, nil, j.Namespace, New)
	default:
		root.in("metadata").refuse(Namespaced, "namespace", j.Namespace, "set namespace: in the overlay's kustomization.yaml")
	}
}

// podSecurity labels the namespace, making it where the overlay has none.
// Level is restricted, or what exceptions leave room for.
func (j *judge) podSecurity(objects []*unstructured.Unstructured, level api.Level) []*unstructured.Unstructured {
	if j.off(PodSecurity, Ref{Kind: "Namespace", Name: j.Namespace}) {
		return objects
	}
	namespace := find(objects, "", "Namespace", j.Namespace)
	if namespace == nil {
		namespace = newObject("v1", "Namespace", "", j.Namespace)
		objects = append([]*unstructured.Unstructured{namespace}, objects...)
	}
	root := &place{j: j, on: refTo(namespace), fields: namespace.Object}
	labels := root.in("metadata", "labels")
	for _, mode := range []string{api.EnforceLevelLabel, api.AuditLevelLabel, api.WarnLevelLabel} {
		if mode == api.EnforceLevelLabel && level != api.LevelRestricted {
			have := labels.value(mode)
			labels.write(mode, string(level))
			j.did(PodSecurity, root.on, labels.field(mode), have, string(level), Excepted)
			continue
		}
		labels.must(PodSecurity, mode, string(api.LevelRestricted), "take the label out, or say restricted")
	}
	for _, version := range []string{api.EnforceVersionLabel, api.AuditVersionLabel, api.WarnVersionLabel} {
		j.podSecurityVersion(labels, version)
	}
	return objects
}

// podSecurityVersion keeps a pinned version that has every check that we know;
// an older one would leave checks out.
func (j *judge) podSecurityVersion(labels *place, key string) {
	pinned, err := api.ParseVersion(labels.str(key))
	if newest := newestCheck(); err == nil && labels.str(key) != "" && !pinned.Latest() && !pinned.Older(newest) {
		j.did(PodSecurity, labels.on, labels.field(key), labels.str(key), labels.str(key), Kept)
		return
	}
	labels.must(PodSecurity, key, api.VersionLatest, "an older version leaves checks out")
}

// find gives the object of a group (empty for v1), kind and name. The group
// counts: anyone can define a kind of the same name.
func find(objects []*unstructured.Unstructured, group, kind, name string) *unstructured.Unstructured {
	for _, object := range objects {
		if groupOf(object) == group && object.GetKind() == kind && object.GetName() == name {
			return object
		}
	}
	return nil
}

func newObject(apiVersion, kind, namespace, name string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{"apiVersion": apiVersion, "kind": kind}}
	object.SetName(name)
	if namespace != "" {
		object.SetNamespace(namespace)
	}
	return object
}
