package clusterread

import (
	"fmt"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
)

func TestRulesAreTheUnionAndListOnly(t *testing.T) {
	a := []Listed{{"apps", "deployments", true}, {"", "secrets", true}, {"", "configmaps", true}, {"rbac.authorization.k8s.io", "clusterroles", false}}
	b := []Listed{{"", "secrets", true}, {"istio.io", "gateways", true}}
	for _, order := range [][][]Listed{{a, b}, {b, a}, {a, b, a}} {
		namespace, cluster := Rules(order...)
		if got := plain(namespace); got != "[list []/[configmaps secrets] list [apps]/[deployments] list [istio.io]/[gateways] get []/[namespaces]]" {
			t.Errorf("%s", got)
		}
		if got := plain(cluster); got != "[list [rbac.authorization.k8s.io]/[clusterroles]]" {
			t.Errorf("%s", got)
		}
	}
}

func plain(rules []rbacv1.PolicyRule) string {
	var all []string
	for _, r := range rules {
		all = append(all, fmt.Sprintf("%s %v/%v", r.Verbs[0], r.APIGroups, r.Resources))
	}
	return fmt.Sprint(all)
}
