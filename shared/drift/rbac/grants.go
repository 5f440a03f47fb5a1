package rbac

import (
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// binding is a RoleBinding, or (namespace empty) a ClusterRoleBinding, with its
// role resolved.
type binding struct {
	namespace string
	object    finding.Object
	role      string
	parts     []part
	changed   *finding.Change // the later of binding and role
}

// index is a side's bindings by the name of user or group that they are for.
type index struct {
	users, groups map[string][]*binding
	missing       []string // roles that a binding refers to and nobody knows
	loose         []loose  // the bindings to them
	roles         *resolver
	used          map[roleKey]bool // roles that a binding gives to somebody, also as part of another
}

// loose is a binding to a role that does not exist: it takes force as soon as
// somebody makes that role.
type loose struct {
	*binding
	subjects []principal
}

type resolver struct {
	clusterRoles map[string]*resolved
	roles        map[[2]string]*resolved
	finds        map[string][]string // the roles that each aggregated ClusterRole is made of
}

type resolved struct {
	parts         []part
	changed       *finding.Change
	bootstrapping bool // it says of itself that the API server made it
}

func newIndex(side Side) (*index, error) {
	r, err := resolve(side)
	if err != nil {
		return nil, err
	}
	x := &index{users: map[string][]*binding{}, groups: map[string][]*binding{}, roles: r, used: map[roleKey]bool{}}
	for _, b := range side.ClusterRoleBindings {
		x.add(r, b.ObjectMeta, "ClusterRoleBinding", "", b.Subjects, b.RoleRef)
	}
	for _, b := range side.RoleBindings {
		if b.Namespace == "" {
			return nil, fault.Unable("RoleBinding %s: it has no namespace", b.Name)
		}
		x.add(r, b.ObjectMeta, "RoleBinding", b.Namespace, b.Subjects, b.RoleRef)
	}
	x.useParts()
	return x, nil
}

func (x *index) add(r *resolver, meta metav1.ObjectMeta, kind, namespace string, subjects []rbacv1.Subject, ref rbacv1.RoleRef) {
	object := finding.Object{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: kind, Namespace: namespace, Name: meta.Name}
	b := &binding{namespace: namespace, object: object, role: ref.Kind + " " + ref.Name, changed: finding.LastChange(meta.ManagedFields)}
	named := roleKey{namespace, ref.Name}
	if ref.Kind == "ClusterRole" {
		named.namespace = ""
	}
	role := r.role(named)
	if ref.Kind != "ClusterRole" && namespace == "" {
		role = nil // a ClusterRoleBinding cannot refer to a Role
	}
	if role == nil {
		x.missing = append(x.missing, kind+" "+object.String()+" refers to "+b.role)
		if ref.Kind == "ClusterRole" || namespace != "" {
			x.loose = append(x.loose, loose{b, principalsOf(subjects, namespace)})
		}
		return
	}
	x.used[named] = x.used[named] || len(subjects) > 0
	b.parts = role.parts
	if role.changed != nil && (b.changed == nil || role.changed.Time.After(b.changed.Time)) {
		b.changed = role.changed
	}
	for _, s := range subjects {
		if p, is := principalOf(s, namespace); is && p.user != "" {
			x.users[p.user] = append(x.users[p.user], b)
		} else if is {
			x.groups[p.name] = append(x.groups[p.name], b)
		}
	}
}

// of is the bindings for a principal, by name and by group, each once.
func (x *index) of(p principal) []*binding {
	list := slices.Clone(x.users[p.user])
	if p.user == "" {
		list = nil
	}
	for _, group := range p.groups {
		list = append(list, x.groups[group]...)
	}
	seen := map[*binding]bool{}
	return slices.DeleteFunc(list, func(b *binding) bool {
		twice := seen[b]
		seen[b] = true
		return twice
	})
}

func resolve(side Side) (*resolver, error) {
	r := &resolver{clusterRoles: map[string]*resolved{}, roles: map[[2]string]*resolved{}}
	for _, role := range side.Roles {
		key := [2]string{role.Namespace, role.Name}
		if role.Namespace == "" || r.roles[key] != nil {
			return nil, fault.Unable("Role %s/%s: it has no namespace, or is there twice", role.Namespace, role.Name)
		}
		r.roles[key] = &resolved{parts: cut(role.Rules), changed: finding.LastChange(role.ManagedFields)}
	}
	for _, role := range side.ClusterRoles {
		if r.clusterRoles[role.Name] != nil {
			return nil, fault.Unable("ClusterRole %s: it is there twice", role.Name)
		}
		r.clusterRoles[role.Name] = &resolved{
			parts: cut(role.Rules), changed: finding.LastChange(role.ManagedFields),
			bootstrapping: role.Labels["kubernetes.io/bootstrapping"] == "rbac-defaults",
		}
	}
	return r, r.aggregate(side.ClusterRoles, side.Filled)
}

func cut(rules []rbacv1.PolicyRule) []part {
	var list []part
	for i := range rules {
		list = append(list, partsOf(&rules[i])...)
	}
	return list
}

// aggregate fills aggregated roles until nothing is added any more: they may
// find one another. Those that are filled only learn who changed them last.
func (r *resolver) aggregate(roles []*rbacv1.ClusterRole, filled bool) error {
	finds, err := r.found(roles, filled)
	if err != nil {
		return err
	}
	r.finds = finds
	for grown := true; grown; {
		grown = false
		for name, found := range finds {
			grown = r.clusterRoles[name].take(r, found, filled) || grown
		}
	}
	return nil
}

// found gives the names of the roles that each aggregated role is made of, and
// empties those that are to be filled.
func (r *resolver) found(roles []*rbacv1.ClusterRole, filled bool) (map[string][]string, error) {
	finds := map[string][]string{}
	for _, role := range roles {
		if role.AggregationRule == nil {
			continue
		}
		if !filled {
			r.clusterRoles[role.Name].parts = nil
		}
		for i := range role.AggregationRule.ClusterRoleSelectors {
			selector, err := metav1.LabelSelectorAsSelector(&role.AggregationRule.ClusterRoleSelectors[i])
			if err != nil {
				return nil, fault.Unable("ClusterRole %s: its aggregation rule: %w", role.Name, err)
			}
			for _, other := range roles {
				if other.Name != role.Name && selector.Matches(labels.Set(other.Labels)) {
					finds[role.Name] = append(finds[role.Name], other.Name)
				}
			}
		}
	}
	return finds, nil
}

func (x *resolved) take(r *resolver, from []string, filled bool) bool {
	before := len(x.parts)
	for _, name := range from {
		other := r.clusterRoles[name]
		for _, p := range other.parts {
			if !filled && !slices.Contains(x.parts, p) {
				x.parts = append(x.parts, p)
			}
		}
		if other.changed != nil && (x.changed == nil || other.changed.Time.After(x.changed.Time)) {
			x.changed = other.changed
		}
	}
	return len(x.parts) > before
}
