package rbac

import (
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// criticalRequests lead to everything else: to grant oneself more, to be
// somebody else, to read secrets, to run in another's pod, to reach a node.
var criticalRequests = []Request{
	{Verb: "escalate", Group: "rbac.authorization.k8s.io", Resource: "clusterroles"},
	{Verb: "escalate", Group: "rbac.authorization.k8s.io", Resource: "roles"},
	{Verb: "bind", Group: "rbac.authorization.k8s.io", Resource: "clusterroles"},
	{Verb: "bind", Group: "rbac.authorization.k8s.io", Resource: "roles"},
	{Verb: "impersonate", Resource: "users"},
	{Verb: "impersonate", Resource: "groups"},
	{Verb: "impersonate", Resource: "serviceaccounts"},
	{Verb: "impersonate", Group: "authentication.k8s.io", Resource: "uids"},
	{Verb: "impersonate", Group: "authentication.k8s.io", Resource: "userextras", Subresource: "scopes"},
	{Verb: "get", Resource: "secrets"},
	{Verb: "list", Resource: "secrets"},
	{Verb: "watch", Resource: "secrets"},
	{Verb: "create", Resource: "secrets"},
	{Verb: "update", Resource: "secrets"},
	{Verb: "patch", Resource: "secrets"},
	{Verb: "delete", Resource: "secrets"},
	{Verb: "deletecollection", Resource: "secrets"},
	{Verb: "create", Resource: "pods", Subresource: "exec"},
	{Verb: "get", Resource: "pods", Subresource: "exec"}, // a websocket is opened by GET
	{Verb: "create", Resource: "serviceaccounts", Subresource: "token"},
	{Verb: "get", Resource: "nodes", Subresource: "proxy"},
	{Verb: "create", Resource: "nodes", Subresource: "proxy"},
}

// critical requests that are within p.
func (p part) critical(fresh string) []Request {
	var list []Request
	for _, r := range criticalRequests {
		if r.Resource == "userextras" && strings.HasPrefix(p.resource, "userextras/") {
			r.Subresource = strings.TrimPrefix(p.resource, "userextras/") // each extra is one
		}
		for _, r.Name = range p.names(fresh) {
			if p.covers(r.part()) {
				list = append(list, r)
			}
		}
	}
	return list
}

// rank of a critical request among them, the gravest first.
func (r Request) rank() int {
	return slices.IndexFunc(criticalRequests, func(c Request) bool {
		return c.Verb == r.Verb && c.Resource == r.Resource && (c.Subresource == r.Subresource || c.Resource == "userextras")
	})
}

// part that holds this request; its name is not asked about.
func (r Request) part() part {
	resource := r.Resource
	if r.Subresource != "" {
		resource += "/" + r.Subresource
	}
	return part{verb: r.Verb, group: r.Group, resource: resource, name: r.Name, path: r.Path}
}

// severityOf a permission that one side has and the other lacks.
func severityOf(r Request, critical bool) finding.Severity {
	switch {
	case critical:
		return finding.Critical
	case r.Verb == "get" || r.Verb == "list" || r.Verb == "watch" || r.Verb == "head":
		return finding.Warning
	}
	return finding.High
}
