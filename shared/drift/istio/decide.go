package istio

import (
	"slices"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// deciders are the clauses of one side that hold for one kind of pod.
type deciders struct {
	deny, allow bits
	allows      bool // there is an ALLOW, so one has to match
}

func (d deciders) pass(alive bits) bool {
	return !alive.meets(d.deny) && (!d.allows || alive.meets(d.allow))
}

func (s *scope) deciders(list []*policy, labels map[string]string) deciders {
	var d deciders
	for _, p := range list {
		if p.idle || !p.selects(labels) {
			continue
		}
		into := &d.allow
		if p.deny {
			into = &d.deny
		}
		for i := s.numbers[p].first; i < s.numbers[p].end; i++ {
			into.add(i)
		}
		d.allows = d.allows || !p.deny
	}
	return d
}

// search gives requests that one side lets through and the other does not, to
// each object that is by itself enough to tell: where it alone were as the
// other side has it, one of the sides would say otherwise.
func (s *scope) search(changed []finding.Object, take func(object finding.Object, permissive int, r Request)) {
	if s.kind == "PeerAuthentication" {
		s.searchPeers(changed, take)
		return
	}
	for _, labels := range s.pods() {
		s.each(labels, func(both [2]deciders, o outcome) {
			permissive := 0
			switch a, b := both[0].pass(o.alive), both[1].pass(o.alive); {
			case a == b:
				return
			case b:
				permissive = 1
			}
			for _, object := range s.causes(changed, func(list []*policy) bool { return s.deciders(list, labels).pass(o.alive) }) {
				take(object, permissive, o.request)
			}
		})
	}
}

// each visits all kinds of requests to a kind of pod which the sides may treat
// in different ways.
func (s *scope) each(labels map[string]string, visit func([2]deciders, outcome)) {
	both := [2]deciders{s.deciders(s.near[0], labels), s.deciders(s.near[1], labels)}
	if both[0] == both[1] {
		return
	}
	begin := both[0].deny.or(both[0].allow).or(both[1].deny).or(both[1].allow)
	for _, one := range s.passes(labels) {
		for _, o := range s.outcomes(labels, one, begin) {
			visit(both, o)
		}
	}
}

// causes are the objects that are by themselves enough for a verdict: it turns
// when one of them is exchanged, on either side. (There is always one: what
// refuses is enough against what lets through, and the other way round.)
func (s *scope) causes(changed []finding.Object, pass func([]*policy) bool) []finding.Object {
	var alone []finding.Object
	for _, object := range changed {
		for side := range s.near {
			if pass(s.exchanged(side, object)) != pass(s.near[side]) {
				alone = append(alone, object)
				break
			}
		}
	}
	return alone
}

// exchanged are a side's policies with one as the other side has it.
func (s *scope) exchanged(side int, object finding.Object) []*policy {
	list := slices.DeleteFunc(slices.Clone(s.near[side]), func(p *policy) bool { return p.Object == object })
	for _, p := range s.near[1-side] {
		if p.Object == object {
			list = append(list, p)
		}
	}
	return list
}

// searchPeers does the same for plain text.
func (s *scope) searchPeers(changed []finding.Object, take func(object finding.Object, permissive int, r Request)) {
	var named []string
	for _, side := range s.near {
		for _, p := range side {
			named = append(named, sortedKeys(p.modes.ports)...)
		}
	}
	slices.Sort(named)
	for _, labels := range s.pods() {
		for _, port := range append([]string{unlike(named, "8080", "9999", "10001", "10002")}, slices.Compact(named)...) {
			for _, inMesh := range []bool{false, true} {
				pass := func(list []*policy) bool { return plainPasses(mode(list, labels, port), inMesh) }
				a, b := pass(s.near[0]), pass(s.near[1])
				if a == b {
					continue
				}
				permissive := map[bool]int{true: 0, false: 1}[a]
				for _, object := range s.causes(changed, pass) {
					take(object, permissive, Request{Namespace: s.namespace, Labels: labels, Port: port, InMesh: inMesh})
				}
			}
		}
	}
}

// plainPasses: STRICT refuses plain text; between pods of the mesh it is sent
// only where mutual TLS is off.
func plainPasses(mode string, inMesh bool) bool {
	return mode == "DISABLE" || mode == "PERMISSIVE" && !inMesh
}

// mode is the mode in force: that of the nearest policy which says one. (Of two
// equally near ones the strictest; where that matters, nothing is compared.)
func mode(list []*policy, labels map[string]string, port string) string {
	best, rank := "PERMISSIVE", 0
	order := []string{"DISABLE", "PERMISSIVE", "STRICT"}
	take := func(mode string, near int) {
		if mode == "" || mode == "UNSET" {
			return
		}
		if near > rank || near == rank && slices.Index(order, mode) > slices.Index(order, best) {
			best, rank = mode, near
		}
	}
	for _, p := range list {
		switch {
		case !p.selects(labels) || p.nobodys():
		case len(p.selector) > 0:
			take(p.modes.all, 3)
			take(p.modes.ports[port], 4)
		case p.Object.Namespace != root:
			take(p.modes.all, 2)
		default:
			take(p.modes.all, 1)
		}
	}
	return best
}
