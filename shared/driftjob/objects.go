package driftjob

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Job are the objects of the run itself, in the cluster of To.
func (s Spec) Job() []*unstructured.Unstructured {
	history := named(Namespace, s.HistoryName)
	history.Labels[s.HistoryLabel[0]] = s.HistoryLabel[1]
	return untyped([]runtime.Object{
		&corev1.ConfigMap{TypeMeta: typed("v1", "ConfigMap"), ObjectMeta: history},
		&corev1.ConfigMap{TypeMeta: typed("v1", "ConfigMap"), ObjectMeta: named(Namespace, ConfigName), Data: s.files()},
		&rbacv1.Role{TypeMeta: typed("rbac.authorization.k8s.io/v1", "Role"), ObjectMeta: named(Namespace, s.HistoryName), Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{""}, Resources: []string{"configmaps"}, ResourceNames: []string{s.HistoryName}, Verbs: []string{"get", "update"}},
		}},
		&rbacv1.RoleBinding{TypeMeta: typed("rbac.authorization.k8s.io/v1", "RoleBinding"), ObjectMeta: named(Namespace, s.HistoryName),
			Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: Name, Namespace: Namespace}},
			RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: s.HistoryName}},
		&networkingv1.NetworkPolicy{TypeMeta: typed("networking.k8s.io/v1", "NetworkPolicy"), ObjectMeta: named(Namespace, "default-deny"), Spec: networkingv1.NetworkPolicySpec{
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
		}},
		&networkingv1.NetworkPolicy{TypeMeta: typed("networking.k8s.io/v1", "NetworkPolicy"), ObjectMeta: named(Namespace, Name), Spec: s.network()},
		s.cronJob(Name, Monthly, monthlyDeadline, nil), s.cronJob(CheckName, Daily, dailyDeadline, []string{"--check-only"}),
	})
}

// files are what the run finds in its folder.
func (s Spec) files() map[string]string {
	files := map[string]string{"clawql.yaml": string(s.Project), "kubeconfig": s.kubeconfig()}
	if len(s.CA) > 0 {
		files[caKey] = string(s.CA)
	}
	return files
}

// kubeconfig names the cluster in which the run is by its context, and reaches
// it by the Service's address, as client-go does within a cluster: a run that
// needs no name needs no DNS. It holds no secret: the token is a file of the pod.
func (s Spec) kubeconfig() string {
	text, _ := json.MarshalIndent(map[string]any{ // of texts only: this cannot fail
		"apiVersion": "v1", "kind": "Config",
		"clusters": []any{map[string]any{"name": "clawql-drift-here", "cluster": map[string]any{"server": "https://" + s.Server.String(), "certificate-authority": tokenFolder + "/ca.crt"}}},
		"users":    []any{map[string]any{"name": "clawql-drift-here", "user": map[string]any{"tokenFile": tokenFolder + "/token"}}},
		"contexts": []any{map[string]any{"name": s.ToContext, "context": map[string]any{"cluster": "clawql-drift-here", "user": "clawql-drift-here"}}},
	}, "", "  ")
	return string(text) + "\n"
}

// network: names, the API server, and what clawql.yaml lists. Nothing comes in.
func (s Spec) network() networkingv1.NetworkPolicySpec {
	dns := networkingv1.NetworkPolicyEgressRule{
		To: []networkingv1.NetworkPolicyPeer{{
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": "kube-system"}},
			PodSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{"k8s-app": "kube-dns"}},
		}},
		Ports: []networkingv1.NetworkPolicyPort{port(corev1.ProtocolUDP, 53), port(corev1.ProtocolTCP, 53)},
	}
	spec := networkingv1.NetworkPolicySpec{
		PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{"app": Name}},
		PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress},
		Egress:      []networkingv1.NetworkPolicyEgressRule{dns},
	}
	for _, address := range s.APIServer {
		block := netip.PrefixFrom(address.Addr(), address.Addr().BitLen()).String()
		spec.Egress = append(spec.Egress, egress(block, int32(address.Port())))
	}
	for _, e := range s.Egress {
		spec.Egress = append(spec.Egress, egress(e.CIDR, e.Ports...))
	}
	spec.Egress = append(spec.Egress, s.vaultEgress()...)
	return spec
}

func egress(cidr string, ports ...int32) networkingv1.NetworkPolicyEgressRule {
	rule := networkingv1.NetworkPolicyEgressRule{To: []networkingv1.NetworkPolicyPeer{{IPBlock: &networkingv1.IPBlock{CIDR: cidr}}}}
	for _, number := range ports {
		rule.Ports = append(rule.Ports, port(corev1.ProtocolTCP, number))
	}
	return rule
}

func port(protocol corev1.Protocol, number int32) networkingv1.NetworkPolicyPort {
	value := intstr.FromInt32(number)
	return networkingv1.NetworkPolicyPort{Protocol: &protocol, Port: &value}
}

func typed(version, kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: version, Kind: kind}
}

func named(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app.kubernetes.io/managed-by": ManagedBy}}
}

func restricted(meta metav1.ObjectMeta) metav1.ObjectMeta {
	for _, mode := range []string{"enforce", "audit", "warn"} {
		meta.Labels["pod-security.kubernetes.io/"+mode] = "restricted"
	}
	return meta
}

// untyped are the objects as they are applied: without fields of the server.
func untyped(list []runtime.Object) (all []*unstructured.Unstructured) {
	for _, object := range list {
		fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
		if err != nil {
			panic(fmt.Sprintf("driftjob: %T is no object of the API: %v", object, err)) // types of the API are always convertible
		}
		one := &unstructured.Unstructured{Object: fields}
		for _, path := range []string{"status", "metadata.creationTimestamp", "spec.jobTemplate.metadata.creationTimestamp", "spec.jobTemplate.spec.template.metadata.creationTimestamp"} {
			unstructured.RemoveNestedField(fields, strings.Split(path, ".")...)
		}
		if one.GetKind() == "Namespace" {
			unstructured.RemoveNestedField(fields, "spec")
		}
		all = append(all, one)
	}
	return slices.Clip(all)
}
