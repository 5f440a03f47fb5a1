package admission

import (
	"regexp"
	"slices"
	"strings"
)

// filter is one filter of a rule's match or exclude: all that it asks for has
// to hold.
type filter struct {
	operations        []string
	kinds             []kindPattern
	names, namespaces []string
	labels, spaces    *selection
	people, notes     truth // whether somebody whom no rule names, or an object without annotations, fits
	empty             bool
}

// kindPattern is an entry of `kinds`, in four patterns.
type kindPattern struct{ group, version, kind, sub string }

var kindVersion = regexp.MustCompile(`^(v\d((alpha|beta)\d)?|\*)$`)

// kindPatternOf reads `Kind`, `version/Kind`, `group/version/Kind`, each with
// `/subresource` or `.subresource`, as Kyverno does.
func kindPatternOf(text string) kindPattern {
	parts := strings.Split(text, "/")
	parts = append(parts[:len(parts)-1], strings.Split(parts[len(parts)-1], ".")...)
	versioned := kindVersion.MatchString(parts[0])
	switch {
	case len(parts) == 1:
		return kindPattern{"*", "*", parts[0], ""}
	case len(parts) == 2 && parts[0] == "*" && parts[1] == "*":
		return kindPattern{"*", "*", "*", "*"}
	case len(parts) == 2 && versioned && (parts[0] != "*" || strings.ToLower(parts[1]) != parts[1]):
		return kindPattern{"*", parts[0], parts[1], ""}
	case len(parts) == 2:
		return kindPattern{"*", "*", parts[0], parts[1]}
	case len(parts) == 3 && versioned:
		return kindPattern{"*", parts[0], parts[1], parts[2]}
	case len(parts) == 3:
		return kindPattern{parts[0], parts[1], parts[2], ""}
	case len(parts) == 4:
		return kindPattern{parts[0], parts[1], parts[2], parts[3]}
	}
	return kindPattern{}
}

func (k kindPattern) matches(r Request) truth {
	if !glob(k.kind, r.Kind) || !glob(k.sub, "") {
		return no
	}
	if r.Version == "" { // a kind that is not Kubernetes' own
		return max(maybe, surely(k.group == "*" && k.version == "*"))
	}
	return surely(glob(k.group, r.Group) && glob(k.version, r.Version))
}

// filtersOf reads `any` or `all`, or what stands in their place. Where one is
// enough, every is false.
func filtersOf(block any) (list []filter, every bool) {
	fields, _ := block.(map[string]any)
	if some, _ := fields["any"].([]any); len(some) > 0 {
		return filterList(some), false
	}
	if all, _ := fields["all"].([]any); len(all) > 0 {
		return filterList(all), true
	}
	return filterList([]any{block}), false
}

func filterList(list []any) []filter {
	var filters []filter
	for _, one := range list {
		filters = append(filters, filterOf(one))
	}
	return filters
}

func filterOf(raw any) filter {
	fields, _ := raw.(map[string]any)
	res, _ := fields["resources"].(map[string]any)
	f := filter{
		operations: words(res["operations"]), names: words(res["names"]), namespaces: words(res["namespaces"]),
		labels: selectionOf(res["selector"]), spaces: selectionOf(res["namespaceSelector"]), people: stranger(fields), notes: yes,
	}
	for _, text := range words(res["kinds"]) {
		f.kinds = append(f.kinds, kindPatternOf(text))
	}
	if name, _ := res["name"].(string); name != "" {
		f.names = append(f.names, name)
		if len(f.names) > 1 { // both have to match
			f.notes = maybe
		}
	}
	if notes, _ := res["annotations"].(map[string]any); len(notes) > 0 {
		f.notes = no
	}
	f.empty = len(res) == 0 && len(fields) <= 1 && f.people == yes
	return f
}

// stranger says whether a filter's subjects and roles let in somebody whom no
// rule names. Groups of everybody include them.
func stranger(fields map[string]any) truth {
	fits := yes
	if len(words(fields["roles"]))+len(words(fields["clusterRoles"])) > 0 {
		fits = no
	}
	subjects, _ := fields["subjects"].([]any)
	if len(subjects) == 0 {
		return fits
	}
	return min(fits, anyOf(subjects, func(one any) truth {
		subject, _ := one.(map[string]any)
		name, _ := subject["name"].(string)
		if strings.HasPrefix(name, "system:") || strings.ContainsAny(name, "*?") {
			return maybe
		}
		return no
	}))
}

func (f filter) matches(r Request) truth {
	if len(f.operations) > 0 && !slices.Contains(f.operations, "CREATE") {
		return no
	}
	fits := min(f.people, f.notes, f.labels.ofObject(r.Labels), f.inNamespace(r))
	if len(f.kinds) > 0 {
		fits = min(fits, anyOf(f.kinds, func(k kindPattern) truth { return k.matches(r) }))
	}
	if len(f.names) > 0 {
		fits = min(fits, anyOf(f.names, func(p string) truth { return surely(glob(p, r.Name)) }))
	}
	return fits
}

func (f filter) inNamespace(r Request) truth {
	if len(f.namespaces) == 0 && f.spaces == nil {
		return yes
	}
	k, native := known(r.Kind)
	if !native {
		return maybe // it may have no namespace
	}
	name := r.Namespace
	if r.Kind == "Namespace" {
		name = r.Name
	}
	fits := yes
	if len(f.namespaces) > 0 {
		fits = anyOf(f.namespaces, func(p string) truth { return surely(glob(p, name)) })
	}
	if f.spaces == nil {
		return fits
	}
	if r.Kind == "Namespace" {
		return no
	}
	if !k.namespaced {
		return min(fits, maybe)
	}
	return min(fits, f.spaces.ofNamespace(r))
}

// add puts what a filter names into the values that requests are tried with.
func (f filter) add(to *space) {
	for _, p := range f.names {
		to.names = append(to.names, example(p))
	}
	for _, p := range f.namespaces {
		to.namespaces = append(to.namespaces, example(p))
	}
	f.labels.add(to, false)
	f.spaces.add(to, true)
}
