package admission

import (
	"encoding/json"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// nameLabel is on every namespace.
const nameLabel = "kubernetes.io/metadata.name"

// selection is a label selector, labels that it selects, and labels each of
// which it does not.
type selection struct {
	selector labels.Selector
	sample   map[string]string
	counter  []map[string]string
	byName   bool // asks for nothing but the namespace's name
	known    bool // false where it cannot be read, or has Kyverno's wildcards
}

// selectionOf reads a selector; nil selects everything.
func selectionOf(value any) *selection {
	if value == nil {
		return nil
	}
	s := &selection{sample: map[string]string{}, byName: true}
	text, _ := json.Marshal(value)
	var read metav1.LabelSelector
	if json.Unmarshal(text, &read) != nil || strings.ContainsAny(string(text), "*?") {
		return s
	}
	selector, err := metav1.LabelSelectorAsSelector(&read)
	if err != nil {
		return s
	}
	s.selector, s.known = selector, true
	for key, value := range read.MatchLabels {
		s.sample[key], s.byName = value, s.byName && key == nameLabel
	}
	for _, e := range read.MatchExpressions {
		s.byName = s.byName && e.Key == nameLabel
		switch e.Operator {
		case metav1.LabelSelectorOpIn:
			s.sample[e.Key] = e.Values[0]
		case metav1.LabelSelectorOpNotIn:
			s.counter = append(s.counter, map[string]string{e.Key: e.Values[0]})
		case metav1.LabelSelectorOpDoesNotExist:
			s.counter = append(s.counter, map[string]string{e.Key: "x"})
		case metav1.LabelSelectorOpExists:
			if s.sample[e.Key] == "" {
				s.sample[e.Key] = "x"
			}
		}
	}
	return s
}

// ofObject says whether an object with these labels, and no other that
// policies ask about, is selected.
func (s *selection) ofObject(set map[string]string) truth {
	switch {
	case s == nil:
		return yes
	case !s.known:
		return maybe
	}
	return surely(s.selector.Matches(labels.Set(set)))
}

// ofNamespace is the same for the labels of a namespace. Of a namespace that
// a policy names, nobody knows which labels it has.
func (s *selection) ofNamespace(r Request) truth {
	switch {
	case s == nil:
		return yes
	case !s.known || r.Namespace != someNamespace && !s.byName:
		return maybe
	}
	set := labels.Set{nameLabel: r.Namespace}
	for key, value := range r.NamespaceLabels {
		set[key] = value
	}
	return surely(s.selector.Matches(set))
}

// add puts what selects into the values that requests are tried with.
func (s *selection) add(to *space, namespaces bool) {
	if s == nil || !s.known {
		return
	}
	for _, sample := range append([]map[string]string{s.sample}, s.counter...) {
		to.add(sample, namespaces)
	}
}

func (s *space) add(sample map[string]string, namespaces bool) {
	set := map[string]string{}
	for key, value := range sample {
		if namespaces && key == nameLabel {
			s.namespaces = append(s.namespaces, value)
			continue
		}
		set[key] = value
	}
	switch {
	case len(set) == 0:
	case namespaces:
		s.namespaceLabels = append(s.namespaceLabels, set)
	default:
		s.labels = append(s.labels, set)
	}
}
