package clusterread

import (
	"maps"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
)

// Rules turns rights into rules of roles: those to bind in each namespace that
// is read, and those to bind for the whole cluster. Of several servers' rights
// it is the union, so that all can have the same roles. There is no wildcard:
// `*` would include pods/exec and nodes/proxy.
func Rules(rights ...[]Listed) (namespace, cluster []rbacv1.PolicyRule) {
	inside, outside := map[string][]string{}, map[string][]string{}
	for _, r := range slices.Concat(rights...) {
		if r.Namespaced {
			inside[r.Group] = append(inside[r.Group], r.Resource)
		} else {
			outside[r.Group] = append(outside[r.Group], r.Resource)
		}
	}
	get := rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"namespaces"}, Verbs: []string{"get"}}
	return append(listRules(inside), get), listRules(outside)
}

func listRules(byGroup map[string][]string) (rules []rbacv1.PolicyRule) {
	for _, group := range slices.Sorted(maps.Keys(byGroup)) {
		names := byGroup[group]
		slices.Sort(names)
		rules = append(rules, rbacv1.PolicyRule{APIGroups: []string{group}, Resources: slices.Compact(names), Verbs: []string{"list"}})
	}
	return rules
}
