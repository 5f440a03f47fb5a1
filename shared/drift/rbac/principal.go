package rbac

import (
	"cmp"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/clawql/clawql-workbench/shared/finding"
)

const (
	authenticated   = "system:authenticated"
	unauthenticated = "system:unauthenticated"
	allAccounts     = "system:serviceaccounts"
	accountUser     = "system:serviceaccount:"
	masters         = "system:masters"
	anonymous       = "system:anonymous"
)

// principal is somebody that a binding names: a user, a service account, or any
// member of a group that is nobody else.
type principal struct {
	kind, namespace, name string
	user                  string // empty for a member of a group
	groups                []string
}

func account(namespace, name string) principal {
	return principal{rbacv1.ServiceAccountKind, namespace, name, accountUser + namespace + ":" + name,
		[]string{allAccounts, allAccounts + ":" + namespace, authenticated}}
}

// principalOf a subject in a binding of a namespace; false for one that can be
// nobody.
func principalOf(s rbacv1.Subject, namespace string) (principal, bool) {
	switch s.Kind {
	case rbacv1.UserKind:
		return userOf(s.Name), s.Name != ""
	case rbacv1.GroupKind:
		return groupOf(s.Name), s.Name != "" && s.Name != masters
	case rbacv1.ServiceAccountKind:
		owner := cmp.Or(s.Namespace, namespace)
		return account(owner, s.Name), owner != ""
	}
	return principal{}, false
}

func userOf(name string) principal {
	if namespace, account_, is := strings.Cut(strings.TrimPrefix(name, accountUser), ":"); is && strings.HasPrefix(name, accountUser) {
		return account(namespace, account_)
	}
	groups := []string{authenticated}
	if name == anonymous {
		groups = []string{unauthenticated}
	}
	return principal{rbacv1.UserKind, "", name, name, groups}
}

func groupOf(name string) principal {
	p := principal{kind: rbacv1.GroupKind, name: name, groups: []string{name, authenticated}}
	switch {
	case name == authenticated || name == unauthenticated:
		p.groups = []string{name}
	case strings.HasPrefix(name, allAccounts+":"):
		p.groups = []string{name, allAccounts, authenticated}
	}
	return p
}

// isGroup: p stands for the members of this group.
func (p principal) isGroup(name string) bool { return p.kind == rbacv1.GroupKind && p.name == name }

func (p principal) object() finding.Object {
	o := finding.Object{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: p.kind, Namespace: p.namespace, Name: p.name}
	if p.kind == rbacv1.ServiceAccountKind {
		o.APIVersion = "v1"
	}
	return o
}

// String names it in texts.
func (p principal) String() string {
	switch p.kind {
	case rbacv1.ServiceAccountKind:
		return "ServiceAccount " + p.namespace + "/" + p.name
	case rbacv1.GroupKind:
		return "a member of group " + p.name
	}
	return "user " + p.name
}

// key tells principals apart.
func (p principal) key() string { return p.kind + " " + p.namespace + "/" + p.name }

// principalsOf are those that a binding in a namespace names.
func principalsOf(subjects []rbacv1.Subject, namespace string) (list []principal) {
	for _, s := range subjects {
		if p, is := principalOf(s, namespace); is {
			list = append(list, p)
		}
	}
	return list
}

// principals are all that a binding of either side names, in a stable order.
func principals(sides [2]Side) []principal {
	found := map[string]principal{}
	add := func(subjects []rbacv1.Subject, namespace string) {
		for _, p := range principalsOf(subjects, namespace) {
			found[p.key()] = p
		}
	}
	for _, side := range sides {
		for _, b := range side.ClusterRoleBindings {
			add(b.Subjects, "")
		}
		for _, b := range side.RoleBindings {
			add(b.Subjects, b.Namespace)
		}
	}
	list := make([]principal, 0, len(found))
	for _, p := range found {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b principal) int { return finding.CompareObjects(a.object(), b.object()) })
	return list
}
