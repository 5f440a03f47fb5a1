package istio

import (
	"fmt"
	"slices"
	"strings"
)

// mostForms bounds how far a policy is written out to be compared with another.
const mostForms = 4096

// sameMeaning says whether two policies say the same in another order, or with
// the rules split otherwise.
func sameMeaning(a, b *policy) bool {
	if a.unsure || b.unsure || a.idle != b.idle || a.deny != b.deny || compareLabels(a.selector, b.selector) != 0 {
		return false
	}
	if a.Object.Kind == "PeerAuthentication" {
		return a.modes.normal() == b.modes.normal()
	}
	if action(a) != action(b) {
		return false
	}
	x, fine := forms(a.clauses)
	y, also := forms(b.clauses)
	return fine && also && slices.Equal(x, y)
}

func action(p *policy) string {
	spec, _ := p.Raw["spec"].(map[string]any)
	if text, _ := spec["action"].(string); text != "" {
		return text
	}
	return "ALLOW"
}

// normal are the modes, without those that say nothing.
func (m peerModes) normal() string {
	said := func(mode string) bool { return mode != "" && mode != "UNSET" }
	text := ""
	if said(m.all) {
		text = m.all
	}
	for _, port := range sortedKeys(m.ports) {
		if said(m.ports[port]) {
			text += " " + port + "=" + m.ports[port]
		}
	}
	return text
}

// forms are clauses with one value for each match that names some, each once
// and sorted; false where there are too many.
func forms(clauses []clause) ([]string, bool) {
	var all []string
	for _, c := range clauses {
		parts := [][]string{{}}
		for _, m := range c.matches {
			var next [][]string
			for _, form := range m.forms() {
				for _, part := range parts {
					next = append(next, append(slices.Clone(part), form))
				}
			}
			if parts = next; len(parts)+len(all) > mostForms {
				return nil, false
			}
		}
		for _, part := range parts {
			slices.Sort(part)
			all = append(all, strings.Join(slices.Compact(part), "\n")+fmt.Sprint("\n", c.http))
		}
	}
	slices.Sort(all)
	return slices.Compact(all), true
}

// forms are the match with each of its values; what it is not stays together.
func (m match) forms() []string {
	name := func(kind string, list []pattern) string {
		return fmt.Sprintf("%q %s %s %q", m.part, m.kind, kind, texts(list))
	}
	var list []string
	for _, value := range m.values {
		form := name("is", []pattern{value})
		if len(m.not) > 0 {
			form += "\n" + name("is not", m.not)
		}
		list = append(list, form)
	}
	if len(m.values) == 0 {
		list = append(list, name("is not", m.not))
	}
	return list
}
