// Package rbac compares what two sides' RBAC objects allow each subject to do,
// and proves each difference with one API request.
//
// # Semantics
//
// Those of Kubernetes' RBAC authorizer. A subject has what ClusterRoleBindings
// give it everywhere, and what RoleBindings give it in their namespace; by its
// own name and by its groups. A service account is in system:serviceaccounts,
// system:serviceaccounts:NAMESPACE and system:authenticated; any other user but
// system:anonymous in system:authenticated. A binding whose role does not exist
// grants nothing. The rules of an aggregated ClusterRole are those of the roles
// that its selectors find, as the controller keeps them, whatever stands in the
// object. Subjects are all that a binding of either side names, except
// system:masters, which may do everything before RBAC is asked.
//
// # How it is compared
//
// A rule is cut into parts of one verb, group, resource and name each, where a
// wildcard stays one. Such a part is allowed by the other side as a whole if and
// only if some single rule there covers it: take a request with a verb, group
// and so on that no rule names wherever the part has a wildcard; only a rule
// with wildcards in the same places allows it, and that one covers the part.
// So every part that is not covered has such a request as its witness, or a
// better known one. Evaluate, which walks the bindings for each request and
// shares no code with the comparison, confirms it.
//
// What a subject has through a group is reported at the group alone.
//
// # What waits
//
// A role that no binding uses, and a binding whose role does not exist, let
// nobody do anything yet, so that no request shows them. Where they differ they
// are "different", without a witness.
package rbac
