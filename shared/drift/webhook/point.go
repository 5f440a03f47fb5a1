package webhook

import (
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Evaluate says whether a request gets past one webhook of a configuration: it
// is not asked, or it does not answer and its failure policy is Ignore. It
// reads rules and selectors by itself.
func Evaluate(configurations []Resource, configuration, webhook string, r Request) bool {
	for _, one := range configurations {
		if one.Object.Name != configuration {
			continue
		}
		for _, hook := range one.Hooks {
			if hook.Name == webhook && asked(hook, r) {
				return r.Down && hook.FailurePolicy != nil && *hook.FailurePolicy == admissionv1.Ignore
			}
		}
	}
	return true
}

func asked(hook admissionv1.ValidatingWebhook, r Request) bool {
	selected := r.Namespaced || strings.HasPrefix(r.Resource+"/", "namespaces/") // a Namespace by its own labels
	if selected && !chosen(hook.NamespaceSelector, r.NamespaceLabels) || !chosen(hook.ObjectSelector, r.ObjectLabels) {
		return false
	}
	return slices.ContainsFunc(hook.Rules, func(rule admissionv1.RuleWithOperations) bool {
		operation := slices.ContainsFunc(rule.Operations, func(o admissionv1.OperationType) bool {
			return o == admissionv1.OperationAll || string(o) == r.Operation
		})
		scope := rule.Scope == nil || *rule.Scope == admissionv1.AllScopes || (*rule.Scope == admissionv1.NamespacedScope) == r.Namespaced
		return operation && scope && oneOf(rule.APIGroups, r.Group) && oneOf(rule.APIVersions, r.Version) && resourceOf(rule.Resources, r.Resource)
	})
}

func oneOf(list []string, word string) bool {
	return slices.Contains(list, "*") || slices.Contains(list, word)
}

// resourceOf: a subresource of * fits the resource itself too, see
// k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules.
func resourceOf(list []string, resource string) bool {
	base, sub, _ := strings.Cut(resource, "/")
	return slices.ContainsFunc(list, func(pattern string) bool {
		patternBase, patternSub, _ := strings.Cut(pattern, "/")
		return (patternBase == "*" || patternBase == base) && (patternSub == "*" || patternSub == sub)
	})
}

// chosen evaluates a selector; none chooses everything.
func chosen(s *metav1.LabelSelector, labels map[string]string) bool {
	if s == nil {
		return true
	}
	for key, value := range s.MatchLabels {
		if got, has := labels[key]; !has || got != value {
			return false
		}
	}
	for _, r := range s.MatchExpressions {
		value, has := labels[r.Key]
		var fits bool
		switch r.Operator {
		case metav1.LabelSelectorOpIn:
			fits = has && slices.Contains(r.Values, value)
		case metav1.LabelSelectorOpNotIn:
			fits = !has || !slices.Contains(r.Values, value)
		case metav1.LabelSelectorOpExists:
			fits = has
		case metav1.LabelSelectorOpDoesNotExist:
			fits = !has
		}
		if !fits {
			return false
		}
	}
	return true
}
