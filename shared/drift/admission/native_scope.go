package admission

import (
	"slices"
	"strings"
)

// scope is `matchConstraints` of a policy or `matchResources` of a binding.
type scope struct {
	rules, excluded []resourceRule
	spaces, labels  *selection
	exact           bool
	missing         bool
}

type resourceRule struct {
	groups, versions, operations, resources, names []string
	scope                                          string
}

func scopeOf(raw any) scope {
	fields, _ := raw.(map[string]any)
	return scope{
		rules: resourceRules(fields["resourceRules"]), excluded: resourceRules(fields["excludeResourceRules"]),
		spaces: selectionOf(fields["namespaceSelector"]), labels: selectionOf(fields["objectSelector"]),
		exact: fields["matchPolicy"] == "Exact", missing: raw == nil,
	}
}

func resourceRules(raw any) []resourceRule {
	var rules []resourceRule
	list, _ := raw.([]any)
	for _, one := range list {
		f, _ := one.(map[string]any)
		r := resourceRule{words(f["apiGroups"]), words(f["apiVersions"]), words(f["operations"]), words(f["resources"]), words(f["resourceNames"]), "*"}
		if limit, _ := f["scope"].(string); limit != "" {
			r.scope = limit
		}
		rules = append(rules, r)
	}
	return rules
}

// covers says whether a request is one that the scope is about. Without rules
// all resources are.
func (s scope) covers(q Request) truth {
	fits := yes
	if len(s.rules) > 0 {
		fits = anyOf(s.rules, func(r resourceRule) truth { return r.matches(q, s.exact) })
	}
	fits = min(fits, anyOf(s.excluded, func(r resourceRule) truth { return r.matches(q, s.exact) }).not())
	fits = min(fits, s.labels.ofObject(q.Labels))
	switch k, _ := known(q.Kind); {
	case s.spaces == nil:
		return fits
	case q.Kind == "Namespace":
		return min(fits, maybe)
	case !k.namespaced:
		return fits
	}
	return min(fits, s.spaces.ofNamespace(q))
}

func (r resourceRule) matches(q Request, exact bool) truth {
	has := func(list []string, word string) bool {
		return slices.Contains(list, "*") || slices.Contains(list, word)
	}
	resource := slices.ContainsFunc(r.resources, func(text string) bool {
		main, sub, _ := strings.Cut(text, "/")
		return (main == "*" || main == q.Resource) && (sub == "" || sub == "*")
	})
	switch {
	case !has(r.operations, "CREATE") || !has(r.groups, q.Group) || !resource:
		return no
	case len(r.names) > 0 && !slices.Contains(r.names, q.Name):
		return no
	case r.scope == "Cluster" && q.Namespace != "" || r.scope == "Namespaced" && q.Namespace == "":
		return no
	case has(r.versions, q.Version):
		return yes
	case exact:
		return no
	}
	return maybe // another version of the same resource may match
}

func (s scope) add(to *space) {
	for _, r := range slices.Concat(s.rules, s.excluded) {
		to.names = append(to.names, r.names...)
	}
	s.spaces.add(to, true)
	s.labels.add(to, false)
}

// kinds are those of Kubernetes' own that the rules are about.
func (s scope) kinds() []kind {
	var list []kind
	for _, k := range kinds {
		q := k.on()
		if anyOf(s.rules, func(r resourceRule) truth {
			r.names = nil
			return r.matches(q, s.exact)
		}) == yes {
			list = append(list, k)
		}
	}
	return list
}
