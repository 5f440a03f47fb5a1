package rbac

import (
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Answer says whether a request is allowed, and by which binding and role.
type Answer struct {
	Allowed       bool
	Binding, Role string // "RoleBinding ns/name", "ClusterRole name"
}

// Evaluate says what a side's objects answer to one request. It mirrors the RBAC
// authorizer, binding by binding, and shares nothing with the comparison, whose
// witnesses it checks.
func Evaluate(side Side, r Request) (Answer, error) {
	for _, b := range side.ClusterRoleBindings {
		answer, err := evaluateBinding(side, r, b.Subjects, b.RoleRef, "")
		if answer.Binding = "ClusterRoleBinding " + b.Name; answer.Allowed || err != nil {
			return answer, err
		}
	}
	for _, b := range side.RoleBindings {
		if b.Namespace != r.Namespace || r.Namespace == "" {
			continue
		}
		answer, err := evaluateBinding(side, r, b.Subjects, b.RoleRef, b.Namespace)
		if answer.Binding = "RoleBinding " + b.Namespace + "/" + b.Name; answer.Allowed || err != nil {
			return answer, err
		}
	}
	return Answer{}, nil
}

func evaluateBinding(side Side, r Request, subjects []rbacv1.Subject, ref rbacv1.RoleRef, namespace string) (Answer, error) {
	if !slices.ContainsFunc(subjects, func(s rbacv1.Subject) bool { return isSubject(r, s, namespace) }) {
		return Answer{}, nil
	}
	rules, err := rulesOf(side, ref, namespace)
	if err != nil {
		return Answer{}, err
	}
	return Answer{Allowed: slices.ContainsFunc(rules, r.allowedBy), Role: ref.Kind + " " + ref.Name}, nil
}

func isSubject(r Request, s rbacv1.Subject, namespace string) bool {
	switch s.Kind {
	case rbacv1.UserKind:
		return r.User == s.Name
	case rbacv1.GroupKind:
		return slices.Contains(r.Groups, s.Name)
	case rbacv1.ServiceAccountKind:
		if s.Namespace != "" {
			namespace = s.Namespace
		}
		return namespace != "" && r.User == "system:serviceaccount:"+namespace+":"+s.Name
	}
	return false
}

func rulesOf(side Side, ref rbacv1.RoleRef, namespace string) ([]rbacv1.PolicyRule, error) {
	if ref.Kind == "Role" {
		for _, role := range side.Roles {
			if namespace != "" && role.Namespace == namespace && role.Name == ref.Name {
				return role.Rules, nil
			}
		}
	}
	if ref.Kind == "ClusterRole" {
		for _, role := range side.ClusterRoles {
			if role.Name == ref.Name {
				return gather(side, role, map[string]bool{})
			}
		}
	}
	return nil, nil
}

// gather the rules of an aggregated role from those that its selectors find,
// which may be aggregated too.
func gather(side Side, role *rbacv1.ClusterRole, seen map[string]bool) ([]rbacv1.PolicyRule, error) {
	if role.AggregationRule == nil || side.Filled {
		return role.Rules, nil
	}
	seen[role.Name] = true
	var all []rbacv1.PolicyRule
	for i := range role.AggregationRule.ClusterRoleSelectors {
		selector, err := metav1.LabelSelectorAsSelector(&role.AggregationRule.ClusterRoleSelectors[i])
		if err != nil {
			return nil, fault.Unable("evaluating ClusterRole %s: %w", role.Name, err)
		}
		for _, other := range side.ClusterRoles {
			if seen[other.Name] || !selector.Matches(labels.Set(other.Labels)) {
				continue
			}
			rules, err := gather(side, other, seen)
			if err != nil {
				return nil, err
			}
			all = append(all, rules...)
		}
	}
	return all, nil
}

func (r Request) allowedBy(rule rbacv1.PolicyRule) bool {
	if !anyOf(rule.Verbs, r.Verb) {
		return false
	}
	if r.Path != "" {
		return slices.ContainsFunc(rule.NonResourceURLs, r.pathMatches)
	}
	return anyOf(rule.APIGroups, r.Group) && slices.ContainsFunc(rule.Resources, r.resourceMatches) &&
		(len(rule.ResourceNames) == 0 || slices.Contains(rule.ResourceNames, r.Name))
}

func anyOf(list []string, value string) bool {
	return slices.Contains(list, value) || slices.Contains(list, "*")
}

func (r Request) pathMatches(rule string) bool {
	return rule == r.Path || strings.HasSuffix(rule, "*") && strings.HasPrefix(r.Path, strings.TrimRight(rule, "*"))
}

func (r Request) resourceMatches(rule string) bool {
	combined := r.Resource
	if r.Subresource != "" {
		combined += "/" + r.Subresource
	}
	return rule == "*" || rule == combined || r.Subresource != "" && rule == "*/"+r.Subresource
}
