package rbac

import (
	rbacv1 "k8s.io/api/rbac/v1"
)

// Side is the RBAC objects of one side. Names must already be mapped onto the
// other side's (see Mapping).
type Side struct {
	ClusterRoles        []*rbacv1.ClusterRole
	ClusterRoleBindings []*rbacv1.ClusterRoleBinding
	Roles               []*rbacv1.Role
	RoleBindings        []*rbacv1.RoleBinding
	// Partial says that roles may exist which are not listed, as with a folder
	// of manifests. A binding to one makes the result incomplete then; it
	// grants nothing otherwise, as on a cluster.
	Partial bool
	// Filled says that the rules of aggregated ClusterRoles are what a cluster's
	// controller wrote. They count as they are then, since the authorizer asks
	// them: the controller may be behind, and where aggregations form a ring a
	// rule outlives the role that it came from. Otherwise, as in a folder, they
	// are what the controller would write into empty roles.
	Filled bool
}

// Request is one API request as the authorizer sees it: of a resource, or with
// a Path alone. Namespace is empty for what has none, Name for a request
// without one, such as list.
type Request struct {
	User   string
	Groups []string

	Verb, Group, Resource, Subresource string
	Namespace, Name                    string
	Path                               string
}

// String says what is requested, and not by whom.
func (r Request) String() string {
	if r.Path != "" {
		return r.Verb + " " + r.Path
	}
	text := r.Verb + " " + resourceText(r.Group, r.Resource, r.Subresource)
	if r.Name != "" {
		text += " " + r.Name
	}
	if r.Namespace != "" {
		text += " in " + r.Namespace
	}
	return text
}

func resourceText(group, resource, subresource string) string {
	if group != "" {
		resource += "." + group
	}
	if subresource != "" {
		resource += "/" + subresource
	}
	return resource
}
