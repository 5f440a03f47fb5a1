package driftcheck

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/clawql/clawql-workbench/shared/drift/netpol"
	"github.com/clawql/clawql-workbench/shared/drift/podsec"
	"github.com/clawql/clawql-workbench/shared/drift/rbac"
	"github.com/clawql/clawql-workbench/shared/fault"
)

// as reads an object as a type of the API. A field that the type does not have
// is an error: it could decide something that the comparer would not see.
func as[T any](o *unstructured.Unstructured) (*T, error) {
	into := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(o.Object, into, true); err != nil {
		return nil, fault.Unable("read %s: %s", describe(o), firstLine(err))
	}
	return into, nil
}

// pick gives all objects of a group and kind, copies of their own.
func pick[T any, P interface {
	*T
	DeepCopy() *T
	SetNamespace(string)
}](side Side, group, kind string) ([]P, error) {
	var list []P
	for _, o := range side.Objects {
		if o.group != group || o.kind != kind {
			continue
		}
		if o.untyped != nil {
			return nil, o.untyped
		}
		one := P(o.typed.(P).DeepCopy())
		one.SetNamespace(o.namespace)
		list = append(list, one)
	}
	return list, nil
}

// network begins to compare connections, and gives a function that waits for
// what comes of it.
func (c *comparison) network() func() (*netpol.Result, error) {
	var result *netpol.Result
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		result, err = c.connections()
	}()
	return func() (*netpol.Result, error) { <-done; return result, err }
}

func (c *comparison) connections() (*netpol.Result, error) {
	from, err := netpolSide(c.from)
	if err != nil {
		return nil, err
	}
	to, err := netpolSide(c.to)
	if err != nil {
		return nil, err
	}
	from, err = netpol.Mapping{Namespaces: c.o.Namespaces, Labels: c.o.Labels, CIDRs: c.o.CIDRs}.Apply(from)
	if err != nil {
		return nil, err
	}
	return netpol.Compare(from, to, netpol.Options{Names: c.names})
}

func netpolSide(s Side) (netpol.Side, error) {
	var side netpol.Side
	var err error
	if side.Policies, err = pick[networkingv1.NetworkPolicy](s, "networking.k8s.io", "NetworkPolicy"); err != nil {
		return side, err
	}
	namespaces, err := pick[corev1.Namespace](s, "", "Namespace")
	if err != nil {
		return side, err
	}
	for _, ns := range namespaces {
		side.Namespaces = append(side.Namespaces, netpol.Namespace{Name: ns.Name, Labels: ns.Labels})
	}
	for _, o := range s.Objects {
		template, err := o.template, o.unread
		if err != nil {
			return side, err
		}
		if template == nil || template.Spec.HostNetwork {
			continue
		}
		w := netpol.Workload{Namespace: o.namespace, Name: o.kind + "/" + o.name, Labels: template.Labels}
		for _, container := range template.Spec.Containers {
			for _, p := range container.Ports {
				w.Ports = append(w.Ports, netpol.ContainerPort{Name: p.Name, Protocol: p.Protocol, Number: p.ContainerPort})
			}
		}
		side.Workloads = append(side.Workloads, w)
	}
	return side, nil
}

func (c *comparison) rbac() error {
	from, err := rbacSide(c.from)
	if err != nil {
		return err
	}
	to, err := rbacSide(c.to)
	if err != nil {
		return err
	}
	if cluster := c.from.cluster(); cluster != "" && cluster == c.to.cluster() {
		without(&from, c.from.Namespaces, c.to.Namespaces)
		without(&to, c.to.Namespaces, c.from.Namespaces)
	}
	result, err := rbac.Compare(rbac.Mapping{Namespaces: c.o.Namespaces}.Apply(from), to, rbac.Options{Names: c.names})
	if err != nil {
		return err
	}
	c.take(result.Findings, result.Incomplete)
	return nil
}

func rbacSide(s Side) (rbac.Side, error) {
	const group = rbacv1.GroupName
	side := rbac.Side{Partial: s.Partial, Filled: !s.Partial}
	var err error
	if side.ClusterRoles, err = pick[rbacv1.ClusterRole](s, group, "ClusterRole"); err != nil {
		return side, err
	}
	if side.ClusterRoleBindings, err = pick[rbacv1.ClusterRoleBinding](s, group, "ClusterRoleBinding"); err != nil {
		return side, err
	}
	if side.Roles, err = pick[rbacv1.Role](s, group, "Role"); err != nil {
		return side, err
	}
	side.RoleBindings, err = pick[rbacv1.RoleBinding](s, group, "RoleBinding")
	if err == nil && s.Partial {
		return rbac.WithDefaults(side)
	}
	return side, err
}

// cluster tells clusters apart by what nobody writes: the UID that the API
// server drew for its ClusterRole cluster-admin. Where it was not read, and of a
// folder, which may hold any UID, it is "".
func (s Side) cluster() string {
	for _, o := range s.Objects {
		if o.key == (key{group: rbacv1.GroupName, kind: "ClusterRole", name: "cluster-admin"}) && !s.Partial {
			if role, read := o.typed.(*rbacv1.ClusterRole); read && o.untyped == nil {
				return string(role.UID)
			}
		}
	}
	return ""
}

// without takes the other side's own service accounts out of the bindings to
// the whole cluster: where both environments live in one, and only there, each
// reading holds both. A binding in a namespace is that side's own affair and stays.
func without(side *rbac.Side, own, others []string) {
	foreign := func(s rbacv1.Subject) bool {
		for _, ns := range others {
			if slices.Contains(own, ns) {
				continue
			}
			if s.Kind == rbacv1.ServiceAccountKind && s.Namespace == ns || s.Name == "system:serviceaccounts:"+ns ||
				strings.HasPrefix(s.Name, "system:serviceaccount:"+ns+":") {
				return true
			}
		}
		return false
	}
	for _, b := range side.ClusterRoleBindings {
		b.Subjects = slices.DeleteFunc(b.Subjects, foreign)
	}
}

func (c *comparison) podSecurity() error {
	from, err := podsecSide(c.moved)
	if err != nil {
		return err
	}
	to, err := podsecSide(c.to)
	if err != nil {
		return err
	}
	result, err := podsec.Compare(from, to, c.names)
	if err != nil {
		return err
	}
	c.hearPods(result)
	return nil
}

func podsecSide(s Side) (podsec.Side, error) {
	var side podsec.Side
	for _, o := range s.Objects {
		if o.isNamespace() {
			side.Namespaces = append(side.Namespaces, podsec.Namespace{Name: o.name, Labels: o.Tree().GetLabels(), Changed: o.changed})
		}
		template, err := o.template, o.unread
		if err != nil {
			return side, err
		}
		if template != nil {
			side.Workloads = append(side.Workloads, podsec.Workload{
				Object: o.object(), Meta: template.ObjectMeta, Spec: template.Spec, Changed: o.changed,
			})
		}
	}
	return side, nil
}

// templatePaths tell where a kind keeps the template of its pods.
var templatePaths = map[key][]string{
	{group: "apps", kind: "Deployment"}:        {"spec", "template"},
	{group: "apps", kind: "StatefulSet"}:       {"spec", "template"},
	{group: "apps", kind: "DaemonSet"}:         {"spec", "template"},
	{group: "apps", kind: "ReplicaSet"}:        {"spec", "template"},
	{group: "", kind: "ReplicationController"}: {"spec", "template"},
	{group: "", kind: "Pod"}:                   {},
	{group: "batch", kind: "Job"}:              {"spec", "template"},
	{group: "batch", kind: "CronJob"}:          {"spec", "jobTemplate", "spec", "template"},
	{group: "argoproj.io", kind: "Rollout"}:    {"spec", "template"},
}

// templateOf is the template of the pods that an object makes, nil for none,
// whoever owns it: what a controller made from another object is not among what
// is read of a cluster, and in a folder an owner is what somebody wrote.
func templateOf(o *unstructured.Unstructured) (*corev1.PodTemplateSpec, error) {
	path, known := templatePaths[key{group: o.GroupVersionKind().Group, kind: o.GetKind()}]
	if !known {
		return nil, nil
	}
	value, has, err := unstructured.NestedFieldNoCopy(o.Object, path...)
	fields, isMap := value.(map[string]any)
	if err != nil || has && !isMap {
		return nil, fault.Unable("read %s: its template of pods is no object", describe(o))
	}
	if !has {
		return nil, nil
	}
	template := &corev1.PodTemplateSpec{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, template); err != nil {
		return nil, fault.Unable("read %s: its template of pods: %s", describe(o), firstLine(err))
	}
	return template, nil
}
