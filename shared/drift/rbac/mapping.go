package rbac

import (
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
)

// Mapping renames namespaces of one side, before the comparison: those of
// objects and subjects, of the users and groups that stand for service
// accounts, and resourceNames of namespaces.
type Mapping struct {
	Namespaces map[string]string // by name
}

// Apply gives the side under its new names, and leaves the given one as it is.
func (m Mapping) Apply(side Side) Side {
	mapped := Side{Partial: side.Partial, Filled: side.Filled}
	for _, role := range side.ClusterRoles {
		role = role.DeepCopy()
		m.rules(role.Rules)
		mapped.ClusterRoles = append(mapped.ClusterRoles, role)
	}
	for _, role := range side.Roles {
		role = role.DeepCopy()
		role.Namespace = m.namespace(role.Namespace)
		m.rules(role.Rules)
		mapped.Roles = append(mapped.Roles, role)
	}
	for _, b := range side.ClusterRoleBindings {
		b = b.DeepCopy()
		m.subjects(b.Subjects)
		mapped.ClusterRoleBindings = append(mapped.ClusterRoleBindings, b)
	}
	for _, b := range side.RoleBindings {
		b = b.DeepCopy()
		b.Namespace = m.namespace(b.Namespace)
		m.subjects(b.Subjects)
		mapped.RoleBindings = append(mapped.RoleBindings, b)
	}
	return mapped
}

func (m Mapping) namespace(name string) string {
	if renamed, known := m.Namespaces[name]; known {
		return renamed
	}
	return name
}

func (m Mapping) subjects(list []rbacv1.Subject) {
	for i := range list {
		s := &list[i]
		s.Namespace = m.namespace(s.Namespace)
		if namespace, is := strings.CutPrefix(s.Name, allAccounts+":"); is && s.Kind == rbacv1.GroupKind {
			s.Name = allAccounts + ":" + m.namespace(namespace)
		}
		if rest, is := strings.CutPrefix(s.Name, accountUser); is && s.Kind == rbacv1.UserKind {
			namespace, name, _ := strings.Cut(rest, ":")
			s.Name = accountUser + m.namespace(namespace) + ":" + name
		}
	}
}

// rules: only a rule about namespaces alone names them.
func (m Mapping) rules(rules []rbacv1.PolicyRule) {
	for i := range rules {
		if r := &rules[i]; len(r.Resources) == 1 && r.Resources[0] == "namespaces" {
			for j := range r.ResourceNames {
				r.ResourceNames[j] = m.namespace(r.ResourceNames[j])
			}
		}
	}
}
