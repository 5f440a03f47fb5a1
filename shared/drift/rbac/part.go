package rbac

import (
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
)

// part is the smallest piece of a rule: one verb, and one group, resource and
// name, or one path. A "*" is every value; anyName is every name, none
// included.
type part struct {
	verb, group, resource, name string
	path                        string
	anyName                     bool
}

// partsOf cuts a rule. What no request can match is left out: a path that does
// not begin with a slash, a resource or subresource without a name.
func partsOf(rule *rbacv1.PolicyRule) []part {
	var list []part
	for _, verb := range rule.Verbs {
		for _, path := range rule.NonResourceURLs {
			if path = tidy(path); strings.HasPrefix(path, "/") {
				list = append(list, part{verb: verb, path: path})
			}
		}
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				if !requestable(resource) {
					continue
				}
				one := part{verb: verb, group: group, resource: resource, anyName: true}
				list = append(list, one.named(rule.ResourceNames)...)
			}
		}
	}
	return list
}

// tidy: * is every path, and every path begins with a slash.
func tidy(path string) string {
	prefix := strings.TrimRight(path, "*")
	switch {
	case prefix == path:
		return path
	case prefix == "":
		prefix = "/"
	}
	return prefix + "*"
}

func requestable(resource string) bool {
	name, sub, has := strings.Cut(resource, "/")
	return name != "" && (!has || sub != "")
}

func (p part) named(names []string) []part {
	if len(names) == 0 {
		return []part{p}
	}
	list := make([]part, 0, len(names))
	for _, name := range names {
		p.name, p.anyName = name, false
		list = append(list, p)
	}
	return list
}

// covers says whether the whole of p is within q.
func (q part) covers(p part) bool {
	if q.verb != "*" && q.verb != p.verb || (q.path == "") != (p.path == "") {
		return false
	}
	if q.path != "" {
		return pathCovers(q.path, p.path)
	}
	return (q.group == "*" || q.group == p.group) && resourceCovers(q.resource, p.resource) &&
		(q.anyName || !p.anyName && q.name == p.name)
}

// pathCovers: a trailing * is any continuation, none included.
func pathCovers(wide, narrow string) bool {
	if wide == narrow {
		return true
	}
	return strings.HasSuffix(wide, "*") && strings.HasPrefix(strings.TrimRight(narrow, "*"), strings.TrimRight(wide, "*"))
}

// resourceCovers: * is every resource and subresource, */scale every resource's
// scale; pods does not cover pods/log.
func resourceCovers(wide, narrow string) bool {
	if wide == "*" || wide == narrow {
		return true
	}
	_, sub, _ := strings.Cut(narrow, "/")
	return sub != "" && wide == "*/"+sub
}

// requests of p, best known first; the last has fresh wherever p has a
// wildcard, and is allowed by nothing that does not cover p.
func (p part) requests(fresh string) []Request {
	if p.path != "" {
		return p.pathRequests(fresh)
	}
	var list []Request
	for _, resource := range choices(p.resource, knownResources, fresh) {
		for _, group := range choices(p.group, knownGroups, fresh) {
			one := Request{Group: group}
			one.Resource, one.Subresource, _ = strings.Cut(resource, "/")
			if one.Resource == "*" {
				one.Resource = fresh
			}
			for _, one.Name = range p.names(fresh) {
				list = append(list, overVerbs(one, p.verb, fresh)...)
			}
		}
	}
	return list
}

// names to ask for: where any will do, none at first.
func (p part) names(fresh string) []string {
	if p.anyName {
		return []string{"", fresh}
	}
	return []string{p.name}
}

// pathRequests of a prefix continue it with different letters: the other side
// may know longer prefixes, though never all.
func (p part) pathRequests(fresh string) []Request {
	if !strings.HasSuffix(p.path, "*") {
		return overVerbs(Request{Path: p.path}, p.verb, fresh)
	}
	var list []Request
	for _, first := range continuations {
		list = append(list, overVerbs(Request{Path: strings.TrimRight(p.path, "*") + string(first) + fresh}, p.verb, fresh)...)
	}
	return list
}

const continuations = "abcdefghijklmnopqrstuvwxyz0123456789-~ABCDEFGHIJKLMNOPQRSTUVWXYZ"

var (
	knownVerbs     = []string{"create", "delete", "update", "patch", "get", "list"}
	knownGroups    = []string{"", "apps"}
	knownResources = []string{"pods", "configmaps"}
)

func choices(value string, known []string, fresh string) []string {
	if value != "*" {
		return []string{value}
	}
	return append(slices.Clone(known), fresh)
}

func overVerbs(r Request, verb, fresh string) []Request {
	var list []Request
	for _, r.Verb = range choices(verb, knownVerbs, fresh) {
		list = append(list, r)
	}
	return list
}
