package driftfix

import (
	"net/netip"

	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/clawql/clawql-workbench/shared/drift/netpol"
	"github.com/clawql/clawql-workbench/shared/drift/rbac"
	"github.com/clawql/clawql-workbench/shared/fault"
)

// under gives the objects of `to` under the names of `from`: their own place,
// and what policies, roles and bindings say of namespaces, labels and networks.
func (o Options) under(to []*unstructured.Unstructured) (all []*unstructured.Unstructured, err error) {
	names, err := turned(o.Namespaces)
	if err != nil {
		return nil, err
	}
	for from, in := range o.Namespaces { // an exchange, as in the comparison
		if _, mapped := names[from]; !mapped {
			names[from] = in
		}
	}
	labels, err := turned(o.Labels)
	if err != nil {
		return nil, err
	}
	networks, err := turned(o.CIDRs)
	if err != nil {
		return nil, err
	}
	for _, one := range to {
		one, err := renamed(one.DeepCopy(), names, labels, networks)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// turned maps back. Two names that became one cannot be told apart again.
func turned[K comparable](names map[K]K) (map[K]K, error) {
	back := map[K]K{}
	for a, b := range names {
		if other, twice := back[b]; twice {
			return nil, fault.Usage("fix: %v and %v are both mapped to %v, so that what is there has no one name", other, a, b)
		}
		back[b] = a
	}
	return back, nil
}

func renamed(o *unstructured.Unstructured, names, labels map[string]string, networks map[netip.Prefix]netip.Prefix) (*unstructured.Unstructured, error) {
	k := keyOf(o)
	switch {
	case k.group == "networking.k8s.io" && k.kind == "NetworkPolicy":
		policy, err := as[networkingv1.NetworkPolicy](o)
		if err != nil {
			return nil, err
		}
		side, err := netpol.Mapping{Namespaces: names, Labels: labels, CIDRs: networks}.Apply(netpol.Side{Policies: []*networkingv1.NetworkPolicy{policy}})
		if err != nil {
			return nil, err
		}
		return back(o, side.Policies[0], "spec")
	case k.group == rbacv1.GroupName:
		return renamedRBAC(o, names)
	}
	if to, mapped := names[k.namespace]; mapped {
		o.SetNamespace(to)
	}
	if to, mapped := names[k.name]; mapped && k.kind == "Namespace" && k.group == "" {
		o.SetName(to)
	}
	return o, nil
}

func renamedRBAC(o *unstructured.Unstructured, names map[string]string) (*unstructured.Unstructured, error) {
	m := rbac.Mapping{Namespaces: names}
	switch o.GetKind() {
	case "Role":
		return one(o, func(r *rbacv1.Role) *rbacv1.Role { return m.Apply(rbac.Side{Roles: []*rbacv1.Role{r}}).Roles[0] }, "rules")
	case "RoleBinding":
		return one(o, func(b *rbacv1.RoleBinding) *rbacv1.RoleBinding {
			return m.Apply(rbac.Side{RoleBindings: []*rbacv1.RoleBinding{b}}).RoleBindings[0]
		}, "subjects")
	case "ClusterRole":
		return one(o, func(r *rbacv1.ClusterRole) *rbacv1.ClusterRole {
			return m.Apply(rbac.Side{ClusterRoles: []*rbacv1.ClusterRole{r}}).ClusterRoles[0]
		}, "rules")
	case "ClusterRoleBinding":
		return one(o, func(b *rbacv1.ClusterRoleBinding) *rbacv1.ClusterRoleBinding {
			return m.Apply(rbac.Side{ClusterRoleBindings: []*rbacv1.ClusterRoleBinding{b}}).ClusterRoleBindings[0]
		}, "subjects")
	}
	return o, nil
}

func one[T any](o *unstructured.Unstructured, change func(*T) *T, field string) (*unstructured.Unstructured, error) {
	read, err := as[T](o)
	if err != nil {
		return nil, err
	}
	return back(o, change(read), field)
}

// back puts one field, and the place, of a typed object into the untyped one,
// which keeps everything else as it was written.
func back(o *unstructured.Unstructured, typed any, field string) (*unstructured.Unstructured, error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
	if err != nil {
		return nil, fault.Unable("fix %s %s: %w", o.GetKind(), o.GetName(), err)
	}
	namespace, _, _ := unstructured.NestedString(fields, "metadata", "namespace")
	if namespace != "" {
		o.SetNamespace(namespace)
	}
	if value, has := fields[field]; has && value != nil {
		o.Object[field] = value
	}
	return o, nil
}

func as[T any](o *unstructured.Unstructured) (*T, error) {
	into := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(o.Object, into, true); err != nil {
		return nil, fault.Unable("fix: %s %s cannot be read as such", o.GetKind(), o.GetName())
	}
	return into, nil
}
