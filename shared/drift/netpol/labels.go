package netpol

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// values is a set of what a label may be: absent, and one of list, or anything
// but list. The list is sorted and free of duplicates.
type values struct {
	absent bool
	not    bool
	list   []string
}

var anyValue = values{absent: true, not: true}

func (v values) empty() bool { return !v.absent && !v.not && len(v.list) == 0 }

func (v values) complement() values { return values{!v.absent, !v.not, v.list} }

func (v values) has(value string, present bool) bool {
	if !present {
		return v.absent
	}
	return slices.Contains(v.list, value) != v.not
}

func (v values) and(w values) values {
	both := values{absent: v.absent && w.absent, not: v.not && w.not}
	switch {
	case v.not && w.not:
		both.list = slices.Compact(slices.Sorted(slices.Values(slices.Concat(v.list, w.list))))
	case v.not:
		v, w = w, v
		fallthrough
	default:
		for _, value := range v.list {
			if w.has(value, true) {
				both.list = append(both.list, value)
			}
		}
	}
	return both
}

func (v values) String() string { return fmt.Sprintf("%t %t %q", v.absent, v.not, v.list) }

// box is a set of label sets: for each key the values it may have; a key that
// is not there may have any.
type box map[string]values

// and is false where nothing satisfies both.
func (b box) and(c box) (box, bool) {
	both := maps.Clone(b)
	if both == nil {
		both = box{}
	}
	for key, allowed := range c {
		if had, narrowed := both[key]; narrowed {
			allowed = allowed.and(had)
		}
		if both[key] = allowed; allowed.empty() {
			return nil, false
		}
	}
	return both, true
}

// minus is b without c, as boxes that do not overlap.
func (b box) minus(c box) []box {
	var pieces []box
	rest := b
	for _, key := range slices.Sorted(maps.Keys(c)) {
		if piece, some := rest.and(box{key: c[key].complement()}); some {
			pieces = append(pieces, piece)
		}
		next, some := rest.and(box{key: c[key]})
		if !some {
			break
		}
		rest = next
	}
	return pieces
}

func (b box) matches(labels map[string]string) bool {
	for key, allowed := range b {
		value, present := labels[key]
		if !allowed.has(value, present) {
			return false
		}
	}
	return true
}

// String is the same for the same set of requirements.
func (b box) String() string {
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(b)) {
		fmt.Fprintf(&text, "%q %s;", key, b[key])
	}
	return text.String()
}

// sample is the shortest set of labels in the box that is nice to read.
func (b box) sample() map[string]string {
	labels := map[string]string{}
	for key, allowed := range b {
		switch {
		case allowed.absent:
		case !allowed.not:
			labels[key] = allowed.list[0]
		default:
			labels[key] = otherThan(allowed.list)
		}
	}
	return labels
}

func otherThan(taken []string) string {
	value := "other"
	for i := 2; slices.Contains(taken, value); i++ {
		value = fmt.Sprintf("other-%d", i)
	}
	return value
}

// boxOf is the selector as a box. An error names the requirement that the API
// server would refuse.
func boxOf(selector *metav1.LabelSelector) (box, error) {
	all := box{}
	add := func(key string, allowed values) {
		if had, twice := all[key]; twice {
			allowed = allowed.and(had)
		}
		all[key] = allowed
	}
	for key, value := range selector.MatchLabels {
		add(key, values{list: []string{value}})
	}
	for _, r := range selector.MatchExpressions {
		allowed, err := valuesOf(r)
		if err != nil {
			return nil, err
		}
		add(r.Key, allowed)
	}
	return all, nil
}

// valuesOf: NotIn and DoesNotExist hold for an absent label, In and Exists do
// not.
func valuesOf(r metav1.LabelSelectorRequirement) (values, error) {
	list := slices.Compact(slices.Sorted(slices.Values(r.Values)))
	switch listed := len(list) > 0; {
	case r.Operator == metav1.LabelSelectorOpIn && listed:
		return values{list: list}, nil
	case r.Operator == metav1.LabelSelectorOpNotIn && listed:
		return values{absent: true, not: true, list: list}, nil
	case r.Operator == metav1.LabelSelectorOpExists && !listed:
		return values{not: true}, nil
	case r.Operator == metav1.LabelSelectorOpDoesNotExist && !listed:
		return values{absent: true}, nil
	}
	return values{}, fault.Unable("requirement %s %s %q: the operator must be In or NotIn with values, or Exists or DoesNotExist without", r.Key, r.Operator, r.Values)
}
