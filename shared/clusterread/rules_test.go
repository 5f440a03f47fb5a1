package clusterread

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

func served(group, name string, namespaced bool) resource {
	return resource{schema.GroupVersionResource{Group: group, Version: "v1", Resource: name}, namespaced}
}

func TestRulesAreListsOnly(t *testing.T) {
	r := rulesOf([]resource{served("apps", "deployments", true), served("", "secrets", true), served("", "configmaps", true), served("rbac.authorization.k8s.io", "clusterroles", false)}, []string{"x"})
	want := "[{[list] [] [configmaps secrets] [] []} {[list] [apps] [deployments] [] []} {[get] [] [namespaces] [] []}]"
	if got := fmt.Sprint(plainRules(r)); got != want {
		t.Errorf("%s", got)
	}
	if len(r.Cluster) != 1 || r.Cluster[0].Resources[0] != "clusterroles" || len(r.Missing) != 1 {
		t.Errorf("%+v", r)
	}
}

func plainRules(r Rules) (all []string) {
	for _, rule := range r.Namespace {
		all = append(all, fmt.Sprintf("{%v %v %v [] []}", rule.Verbs, rule.APIGroups, rule.Resources))
	}
	return all
}

func TestRulesOfTwoServers(t *testing.T) {
	a := rulesOf([]resource{served("", "secrets", true), served("apps", "deployments", true)}, nil)
	b := rulesOf([]resource{served("", "secrets", true), served("istio.io", "gateways", true)}, nil)
	want := "[{[list] [] [secrets] [] []} {[list] [apps] [deployments] [] []} {[list] [istio.io] [gateways] [] []} {[get] [] [namespaces] [] []}]"
	for _, both := range []Rules{a.And(b), b.And(a)} {
		if got := fmt.Sprint(plainRules(both)); got != want {
			t.Errorf("%s", got)
		}
	}
}
