package istio

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// scope is one namespace, and the policies of both sides that hold in it.
type scope struct {
	namespace string
	kind      string
	near      [2][]*policy
	tokens    [2][]*policy // RequestAuthentications
	numbers   map[*policy]span
	clauses   []clause
	denies    []bool // by clause: it is one of a DENY
	known     map[string]way
	problem   string // why not all can be told; "" is nothing
}

// span are the numbers of a policy's clauses.
type span struct{ first, end int }

// newScope gives each clause a number. Policies that both sides have in one
// form have the same ones.
func newScope(namespace, kind string, sides [2][]policy) *scope {
	s := &scope{namespace: namespace, kind: kind, numbers: map[*policy]span{}, known: map[string]way{}}
	for i := range sides {
		for j := range sides[i] {
			p := &sides[i][j]
			if p.Object.Namespace != root && p.Object.Namespace != namespace {
				continue
			}
			switch p.Object.Kind {
			case kind:
				s.near[i] = append(s.near[i], p)
			case "RequestAuthentication":
				s.tokens[i] = append(s.tokens[i], p)
			}
		}
	}
	for i := range s.near {
		for _, p := range s.near[i] {
			s.number(p)
		}
	}
	if len(s.clauses) > mostClauses {
		s.problem = fmt.Sprintf("they have %d rules, more than %d", len(s.clauses), mostClauses)
	}
	return s
}

func (s *scope) number(p *policy) {
	for other, span := range s.numbers {
		if other.Object == p.Object && sameForm(other, p) {
			s.numbers[p] = span
			return
		}
	}
	first := len(s.clauses)
	s.clauses = append(s.clauses, p.clauses...)
	for range p.clauses {
		s.denies = append(s.denies, p.deny)
	}
	s.numbers[p] = span{first, len(s.clauses)}
}

// sameForm says whether two policies say the same.
func sameForm(a, b *policy) bool {
	return a.idle == b.idle && reflect.DeepEqual(a.Raw["spec"], b.Raw["spec"])
}

// changed are the objects that differ between the sides.
func (s *scope) changed() []finding.Object {
	var list []finding.Object
	for i, side := range s.near {
		for _, p := range side {
			at := slices.IndexFunc(s.near[1-i], func(other *policy) bool { return other.Object == p.Object })
			if (at < 0 || !sameForm(p, s.near[1-i][at])) && !slices.Contains(list, p.Object) {
				list = append(list, p.Object)
			}
		}
	}
	slices.SortFunc(list, finding.CompareObjects)
	return list
}

// unsure says whether a policy that holds here tells nothing.
func (s *scope) unsure() bool {
	token := false
	for _, side := range s.near {
		for i, p := range side {
			if p.unsure || s.kind == "PeerAuthentication" && slices.ContainsFunc(side[:i], p.rivals) {
				return true
			}
			token = token || slices.ContainsFunc(p.clauses, func(c clause) bool {
				return c.has(func(m match) bool { return ofToken(m.part) })
			})
		}
	}
	return token && !s.sameTokens()
}

// sameTokens says whether both sides verify the same tokens, as far as is told.
func (s *scope) sameTokens() bool {
	by := func(a, b *policy) bool {
		return a.Object == b.Object && !a.unsure && !b.unsure && reflect.DeepEqual(a.Raw["spec"], b.Raw["spec"])
	}
	a, b := s.tokens[0], s.tokens[1]
	return len(a) == len(b) && !slices.ContainsFunc(a, func(p *policy) bool {
		return !slices.ContainsFunc(b, func(q *policy) bool { return by(p, q) })
	})
}

// selects says whether a policy holds for a pod of this namespace, or of the
// mesh, with these labels.
func (p *policy) selects(labels map[string]string) bool {
	for key, value := range p.selector {
		if have, has := labels[key]; !has || have != value {
			return false
		}
	}
	return true
}

// rivals says whether two policies of one scope can hold for one pod: then the
// older one counts, which manifests do not tell. A policy of the mesh has no
// selector.
func (p *policy) rivals(other *policy) bool {
	if p.Object.Namespace != other.Object.Namespace || p.nobodys() || other.nobodys() || (len(p.selector) == 0) != (len(other.selector) == 0) {
		return false
	}
	for key, value := range p.selector {
		if apart, has := other.selector[key]; has && apart != value {
			return false
		}
	}
	return true
}

// nobodys says whether it is a PeerAuthentication for pods of the whole mesh:
// Istio has no such.
func (p *policy) nobodys() bool { return p.Object.Namespace == root && len(p.selector) > 0 }

// mostPods bounds the kinds of pods of a namespace.
const mostPods = 256

// pods are the labels of the kinds of pods that selectors tell apart.
func (s *scope) pods() []map[string]string {
	list := []map[string]string{nil}
	var selectors []map[string]string
	for _, side := range slices.Concat(s.near[:], s.tokens[:]) {
		for _, p := range side {
			if len(p.selector) > 0 && !slices.ContainsFunc(selectors, func(l map[string]string) bool { return maps.Equal(l, p.selector) }) {
				selectors = append(selectors, p.selector)
			}
		}
	}
	slices.SortFunc(selectors, func(a, b map[string]string) int { return compareLabels(a, b) })
	for _, selector := range selectors {
		for _, labels := range slices.Clone(list) {
			both, fits := joined(labels, selector)
			if !fits || slices.ContainsFunc(list, func(l map[string]string) bool { return maps.Equal(l, both) }) {
				continue
			}
			if len(list) == mostPods {
				s.problem = fmt.Sprintf("they tell more than %d kinds of pods apart", mostPods)
				return list
			}
			list = append(list, both)
		}
	}
	slices.SortStableFunc(list, func(a, b map[string]string) int { return len(a) - len(b) })
	return list
}

func compareLabels(a, b map[string]string) int {
	text := func(l map[string]string) string {
		all := ""
		for _, key := range sortedKeys(l) {
			all += key + "=" + l[key] + "\n"
		}
		return all
	}
	switch x, y := text(a), text(b); {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

func joined(a, b map[string]string) (map[string]string, bool) {
	both := maps.Clone(a)
	if both == nil {
		both = map[string]string{}
	}
	for key, value := range b {
		if have, has := both[key]; has && have != value {
			return nil, false
		}
		both[key] = value
	}
	return both, true
}
