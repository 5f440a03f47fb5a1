package rbac

import (
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A filled role has what stands in it, be it more or less than its parts have;
// one that is to be filled has its parts.
func TestFilledRolesAreTakenAsTheyAre(t *testing.T) {
	rule := func(resource string) []rbacv1.PolicyRule {
		return []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{resource}, Verbs: []string{"create"}}}
	}
	side := Side{
		ClusterRoles: []*rbacv1.ClusterRole{
			{ObjectMeta: metav1.ObjectMeta{Name: "whole"}, Rules: rule("pods"), AggregationRule: &rbacv1.AggregationRule{ClusterRoleSelectors: []metav1.LabelSelector{{MatchLabels: map[string]string{"to": "whole"}}}}},
			{ObjectMeta: metav1.ObjectMeta{Name: "piece", Labels: map[string]string{"to": "whole"}}, Rules: rule("services")},
		},
		ClusterRoleBindings: []*rbacv1.ClusterRoleBinding{{ObjectMeta: metav1.ObjectMeta{Name: "b"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "whole"}, Subjects: []rbacv1.Subject{{Kind: "User", APIGroup: rbacv1.GroupName, Name: "u"}}}},
	}
	filled := side
	filled.Filled = true
	for resource, of := range map[string]Side{"pods": filled, "services": side} {
		for _, asked := range []string{"pods", "services"} {
			answer, err := Evaluate(of, Request{User: "u", Verb: "create", Resource: asked})
			if err != nil || answer.Allowed != (asked == resource) {
				t.Errorf("%s, filled %v: %+v %v", asked, of.Filled, answer, err)
			}
		}
	}
	result, err := Compare(side, filled, Options{})
	if err != nil || len(result.Findings) != 2 {
		t.Errorf("%+v %v", result, err)
	}
	if mapped := (Mapping{}).Apply(filled); !mapped.Filled {
		t.Error("the mapping forgets that the roles are filled")
	}
}
