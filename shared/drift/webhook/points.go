package webhook

import (
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// mostPoints bounds what is drawn from the rules, and from one selector.
const mostPoints = 20_000

// connected are what a request of operation CONNECT can name in the core group;
// no other operation names them. In other groups a server can connect anything.
var connected = []string{"pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "services/proxy", "nodes/proxy"}

// rulePoints are requests, one for each way in which the rules can treat one:
// every name that they use, and one that they do not. The order is that of
// preference for a witness. whole is false where there would be too many.
func rulePoints(rules []admissionv1.RuleWithOperations) (points []Request, whole bool) {
	var groups, versions, bases, subs []string
	cluster := false
	for _, r := range rules {
		groups, versions = append(groups, named(r.APIGroups)...), append(versions, named(r.APIVersions)...)
		for _, resource := range r.Resources {
			base, sub, _ := strings.Cut(resource, "/")
			bases, subs = append(bases, named([]string{base})...), append(subs, named([]string{sub})...)
		}
		cluster = cluster || r.Scope != nil && *r.Scope == admissionv1.ClusterScope
	}
	groups, versions = distinct(groups, "", "example.com"), distinct(versions, "v1", "v9")
	bases, subs = distinct(bases, "pods", "things", ofNamespaces), distinct(append([]string{""}, subs...), "status")
	if len(groups)*len(versions)*(len(bases)*len(subs)*4+len(connected))*2 > mostPoints {
		return nil, false
	}
	for _, namespaced := range []bool{true, false}[:1+count(cluster)] {
		for _, group := range groups {
			for _, version := range versions {
				points = append(points, operations(group, version, namespaced, bases, subs)...)
			}
		}
	}
	return points, true
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// ofNamespaces are objects without namespace; selectors of namespaces choose
// them by their own labels.
const ofNamespaces = "namespaces"

func (r Request) aboutNamespace() bool {
	base, _, _ := strings.Cut(r.Resource, "/")
	return base == ofNamespaces
}

func operations(group, version string, namespaced bool, bases, subs []string) (points []Request) {
	add := func(operation, resource string) {
		r := Request{Operation: operation, Group: group, Version: version, Resource: resource, Namespaced: namespaced}
		r.Namespaced = namespaced && !(r.aboutNamespace() && group == "")
		points = append(points, r)
	}
	for _, base := range bases {
		for _, sub := range subs {
			resource := strings.TrimSuffix(base+"/"+sub, "/")
			if slices.Contains(connected, resource) {
				continue
			}
			for _, operation := range []string{"CREATE", "UPDATE", "DELETE"} {
				add(operation, resource)
			}
		}
	}
	if group == "" {
		for _, resource := range connected {
			add("CONNECT", resource)
		}
		return points
	}
	for _, base := range bases {
		for _, sub := range subs {
			add("CONNECT", strings.TrimSuffix(base+"/"+sub, "/"))
		}
	}
	return points
}

// named leaves out wildcards.
func named(list []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == "*" || s == "" })
}

// distinct keeps the first of each word, and adds some at the end.
func distinct(words []string, more ...string) (list []string) {
	for _, word := range append(words, more...) {
		if !slices.Contains(list, word) {
			list = append(list, word)
		}
	}
	return list
}

// own is the label that every namespace has.
const own = "kubernetes.io/metadata.name"

// labelPoints are labels, one for each way in which the selectors can treat
// them: each key with each value that they name, with another one, and absent.
func labelPoints(selectors ...*metav1.LabelSelector) (points []map[string]string, whole bool) {
	values := map[string][]string{}
	var keys []string
	note := func(key string, some ...string) {
		keys = distinct(keys, key)
		values[key] = distinct(values[key], some...)
	}
	for _, s := range selectors {
		if s == nil {
			continue
		}
		for key, value := range s.MatchLabels {
			note(key, value)
		}
		for _, r := range s.MatchExpressions {
			note(r.Key, r.Values...)
		}
	}
	slices.Sort(keys)
	points = []map[string]string{{}}
	for _, key := range keys {
		var longer []map[string]string
		for _, point := range points {
			if key != own {
				longer = append(longer, point)
			}
			for _, value := range distinct(values[key], "other-"+strings.Join(values[key], "")) {
				longer = append(longer, plus(point, key, value))
			}
		}
		if points = longer; len(points) > mostPoints {
			return nil, false
		}
	}
	return points, true
}

func plus(labels map[string]string, key, value string) map[string]string {
	more := map[string]string{key: value}
	for k, v := range labels {
		more[k] = v
	}
	return more
}
