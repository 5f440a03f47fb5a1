package typediff

import (
	"slices"
	"strings"

	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/value"
)

// Order is how the named items of a list stand that both sides have, from the
// first one that stands elsewhere.
type Order []string

// mostNames of an order are shown.
const mostNames = 5

// String is the first names, quoted as in a path.
func (o Order) String() string {
	var names []string
	for _, name := range o {
		if len(names) == mostNames {
			names = append(names, "…")
			break
		}
		names = append(names, value.ToString(value.NewValueInterface(name)))
	}
	return strings.Join(names, ", ")
}

// reordered are the lists of a built-in type that have keys and whose order
// counts all the same: init containers run one after the other, a variable can
// refer to those before it, and mutating webhooks change what the ones before
// them left.
func reordered(kind string, a, b value.Value) []Difference {
	var list []Difference
	ordered(kind, nil, a, b, &list)
	return list
}

// ordered looks at all fields that both sides have.
func ordered(kind string, path fieldpath.Path, a, b value.Value, list *[]Difference) {
	if a == nil || b == nil || !a.IsMap() || !b.IsMap() {
		return
	}
	var names []string
	a.AsMap().Iterate(func(name string, _ value.Value) bool { names = append(names, name); return true })
	slices.Sort(names)
	for _, name := range names {
		one, _ := a.AsMap().Get(name)
		other, has := b.AsMap().Get(name)
		if !has {
			continue
		}
		inner := below(path, fieldpath.PathElement{FieldName: &name})
		if one.IsList() && other.IsList() {
			orderedList(kind, name, inner, one.AsList(), other.AsList(), list)
			continue
		}
		ordered(kind, inner, one, other, list)
	}
}

// orderedList compares the order of one list where it counts, and looks into
// containers.
func orderedList(kind, field string, path fieldpath.Path, a, b value.List, list *[]Difference) {
	switch field {
	case "initContainers":
		differing(path, a, b, list)
		fallthrough
	case "containers", "ephemeralContainers":
		for i := range a.Length() {
			name, ok := nameOf(a.At(i))
			if !ok {
				continue
			}
			element := fieldpath.PathElement{Key: &value.FieldList{{Name: "name", Value: value.NewValueInterface(name)}}}
			ordered(kind, below(path, element), a.At(i), item(b, element), list)
		}
	case "env":
		if refers(a) || refers(b) {
			differing(path, a, b, list)
		}
	case "webhooks":
		if kind == "MutatingWebhookConfiguration" {
			differing(path, a, b, list)
		}
	}
}

// differing notes a list whose named items stand in another order.
func differing(path fieldpath.Path, a, b value.List, list *[]Difference) {
	from, to := namesOf(a), namesOf(b)
	from = slices.DeleteFunc(from, lacking(to))
	to = slices.DeleteFunc(to, lacking(from))
	for i := range min(len(from), len(to)) { // a name stands once in a list
		if from[i] != to[i] {
			*list = append(*list, Difference{Path: path, From: from[i:], To: to[i:]})
			return
		}
	}
}

// lacking says of a name whether it is not among these.
func lacking(names Order) func(string) bool {
	has := map[string]bool{}
	for _, name := range names {
		has[name] = true
	}
	return func(name string) bool { return !has[name] }
}

func namesOf(list value.List) Order {
	names := Order{}
	for i := range list.Length() {
		if name, ok := nameOf(list.At(i)); ok {
			names = append(names, name)
		}
	}
	return names
}

func nameOf(item value.Value) (string, bool) {
	if !item.IsMap() {
		return "", false
	}
	name, has := item.AsMap().Get("name")
	if !has || !name.IsString() {
		return "", false
	}
	return name.AsString(), true
}

// refers says whether a variable may hold another one: $(NAME) stays as it
// stands where NAME comes later.
func refers(env value.List) bool {
	for i := range env.Length() {
		if one := env.At(i); one.IsMap() {
			if text, has := one.AsMap().Get("value"); has && text.IsString() && strings.Contains(text.AsString(), "$(") {
				return true
			}
		}
	}
	return false
}

func below(path fieldpath.Path, element fieldpath.PathElement) fieldpath.Path {
	return append(path.Copy(), element)
}
