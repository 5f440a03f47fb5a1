package driftjob

import (
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// Names of the roles by which is read.
const (
	NamespaceRole = "clawql-drift-namespace" // bound in each namespace
	ClusterRole   = "clawql-drift-cluster"
	noSecrets     = "-no-secrets" // follows names of what leaves the Secrets out
)

// Reader is who reads namespaces of one cluster, and with which rights:
// `drift rbac` prints it, and `drift schedule` installs it.
type Reader struct {
	Account        [2]string // namespace and name; empty is the schedule's own
	Namespaces     []string
	NamespaceRules []rbacv1.PolicyRule
	ClusterRules   []rbacv1.PolicyRule
	NoSecrets      bool // the rules have none: roles of their own names
}

// Reader is that of one context. It is the same in both clusters, but for the
// namespaces, so that it is no drift itself.
func (s Spec) Reader(context string) []*unstructured.Unstructured {
	return Reader{Namespaces: s.Namespaces[context], NamespaceRules: s.NamespaceRules, ClusterRules: s.ClusterRules}.Objects()
}

// Objects are a ServiceAccount, two ClusterRoles and their bindings; for the
// schedule's own account its namespace too.
func (r Reader) Objects() []*unstructured.Unstructured {
	account, binding, role := r.names()
	no := false
	var list []runtime.Object
	if account[0] == Namespace {
		list = append(list, &corev1.Namespace{TypeMeta: typed("v1", "Namespace"), ObjectMeta: restricted(named("", Namespace))})
	}
	list = append(list, &corev1.ServiceAccount{TypeMeta: typed("v1", "ServiceAccount"), ObjectMeta: named(account[0], account[1]), AutomountServiceAccountToken: &no},
		clusterRole(role, r.NamespaceRules), clusterRole(ClusterRole, r.ClusterRules))
	subject := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: account[1], Namespace: account[0]}}
	list = append(list, &rbacv1.ClusterRoleBinding{TypeMeta: typedRBAC("ClusterRoleBinding"), ObjectMeta: named("", bindingToCluster(binding)), Subjects: subject, RoleRef: toRole(ClusterRole)})
	for _, namespace := range r.Namespaces {
		list = append(list, &rbacv1.RoleBinding{TypeMeta: typedRBAC("RoleBinding"), ObjectMeta: named(namespace, binding), Subjects: subject, RoleRef: toRole(role)})
	}
	return untyped(list)
}

// names: another account gets bindings of its own name to the same roles, and
// takes nothing from the schedule's.
func (r Reader) names() (account [2]string, binding, role string) {
	account, binding, role = r.Account, Name, NamespaceRole
	if account == [2]string{} {
		account = [2]string{Namespace, Name}
	}
	if account != [2]string{Namespace, Name} {
		binding += "-" + account[0] + "-" + account[1]
	}
	if r.NoSecrets {
		binding, role = binding+noSecrets, role+noSecrets
	}
	return account, binding, role
}

// bindingToCluster is named as the role where it is the schedule's own.
func bindingToCluster(binding string) string {
	if binding == Name {
		return ClusterRole
	}
	return binding
}

func clusterRole(name string, rules []rbacv1.PolicyRule) runtime.Object {
	return &rbacv1.ClusterRole{TypeMeta: typedRBAC("ClusterRole"), ObjectMeta: named("", name), Rules: rules}
}

func toRole(name string) rbacv1.RoleRef {
	return rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name}
}

func typedRBAC(kind string) metav1.TypeMeta { return typed("rbac.authorization.k8s.io/v1", kind) }
