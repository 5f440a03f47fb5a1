package main

import (
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules"
)

type webhookInquiry struct {
	Rules []admissionv1.RuleWithOperations
	Ask   []struct {
		Operation, Group, Version, Resource string
		Namespaced                          bool
	}
}

func (q *webhookInquiry) answer() []bool {
	matched := []bool{}
	for _, r := range q.Ask {
		resource, sub, _ := strings.Cut(r.Resource, "/")
		namespace := ""
		if r.Namespaced {
			namespace = "any"
		}
		attributes := admission.NewAttributesRecord(nil, nil, schema.GroupVersionKind{}, namespace, "one",
			schema.GroupVersionResource{Group: r.Group, Version: r.Version, Resource: resource}, sub, admission.Operation(r.Operation), nil, false, nil)
		matched = append(matched, slices.ContainsFunc(q.Rules, func(rule admissionv1.RuleWithOperations) bool {
			matcher := rules.Matcher{Rule: rule, Attr: attributes}
			return matcher.Matches()
		}))
	}
	return matched
}
