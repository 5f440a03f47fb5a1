package netpol

import (
	"maps"
	"slices"
)

// classes are the addresses outside, the cells of each space, and each workload
// that is no member of a cell.
func (e *engine) classes(spaces []*space, pairs []*[2]Workload) []*class {
	list := []*class{{addrs: setOf(nil)}}
	e.questions = e.collectQuestions()
	for _, s := range spaces {
		cells := e.cells(s)
		list = append(list, cells...)
		list = append(list, e.workloads(s, cells, pairs)...)
	}
	for _, c := range list {
		e.findPolicies(c)
	}
	return list
}

// cells cut the labels of a space's pods by the selectors that are asked about
// them. Beyond the limit only existing workloads are compared.
func (e *engine) cells(s *space) []*class {
	order := e.asked(s)
	universe := box{}
	cells, within := split(universe, e.pods.boxes, order, e.limits.Cells)
	if !within {
		e.incomplete("pods of %s that do not exist yet: the selectors make more than %d kinds", s.describe(), e.limits.Cells)
		return nil
	}
	list := make([]*class, 0, len(cells))
	for _, c := range cells {
		list = append(list, &class{space: s, boxes: c.boxes, matched: [2]bits{c.matched, c.matched}, addrs: e.podNetworks})
	}
	return list
}

func (s *space) describe() string {
	if s.name == "" {
		return "namespaces that do not exist yet"
	}
	return "namespace " + s.name
}

// questions are the pod selectors that policies hold against pods of a
// namespace by its name, and of namespaces that a selector finds, by side.
type questions struct {
	own  map[string]map[int]bool
	over [2]map[int]map[int]bool
}

func (e *engine) collectQuestions() questions {
	q := questions{own: map[string]map[int]bool{}, over: [2]map[int]map[int]bool{{}, {}}}
	for side := range e.policies {
		for namespace, policies := range e.policies[side] {
			for _, p := range policies {
				note(q.own, namespace, p.subject)
				p.eachPeer(func(one peer) {
					switch {
					case one.block >= 0:
					case one.namespace < 0:
						note(q.own, namespace, one.pod)
					default:
						note(q.over[side], one.namespace, one.pod)
					}
				})
			}
		}
	}
	return q
}

func note[K comparable](sets map[K]map[int]bool, key K, i int) {
	if sets[key] == nil {
		sets[key] = map[int]bool{}
	}
	sets[key][i] = true
}

// asked is the numbers of the selectors that some policy of either side holds
// against pods of s.
func (e *engine) asked(s *space) []int {
	found := map[int]bool{}
	if s.name != "" {
		maps.Copy(found, e.questions.own[s.name])
	}
	for side, over := range e.questions.over {
		for selector, pods := range over {
			if s.matched[side].has(selector) {
				maps.Copy(found, pods)
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func (p *policy) eachPeer(visit func(peer)) {
	for d := range p.rules {
		for _, r := range p.rules[d] {
			for _, one := range r.peers {
				visit(one)
			}
		}
	}
}

// reaches says whether a peer's namespace part holds for pods of s.
func (one peer) reaches(s *space, side int, own bool) bool {
	if one.namespace < 0 {
		return own
	}
	return s.matched[side].has(one.namespace)
}

// workloads of s that need a class of their own; the others become members of
// their cell, which stands for them.
func (e *engine) workloads(s *space, cells []*class, pairs []*[2]Workload) []*class {
	if s.name == "" {
		return nil
	}
	at := map[string]*class{}
	for _, c := range cells {
		at[c.matched[from].key()] = c
	}
	asked := e.asked(s)
	var list []*class
	for _, pair := range pairs {
		if pair[from].Namespace != s.name {
			continue
		}
		own := e.workload(s, pair)
		if cell := at[restrict(own.matched[from], asked).key()]; cell != nil && !own.drifted && e.inNetworks(pair) {
			cell.members = append(cell.members, pair)
			continue
		}
		list = append(list, own)
	}
	return list
}

// inNetworks: a cell's pods have addresses of the pod networks only.
func (e *engine) inNetworks(pair *[2]Workload) bool {
	for s := range pair {
		for _, addr := range pair[s].Addrs {
			if !e.podNetworks.Contains(addr.Unmap()) {
				return false
			}
		}
	}
	return true
}

func restrict(b bits, keep []int) bits {
	var kept bits
	for _, i := range keep {
		if b.has(i) {
			kept = kept.with(i)
		}
	}
	return kept
}

// workload is a class of one workload.
func (e *engine) workload(s *space, pair *[2]Workload) *class {
	c := &class{space: s, load: pair, drifted: drifted(pair), addrs: e.addresses(pair)}
	for side := range pair {
		c.matched[side] = e.pods.matched(pair[side].Labels)
	}
	e.findPolicies(c)
	return c
}

// findPolicies notes which policies isolate the class, by side and direction.
func (e *engine) findPolicies(c *class) {
	if c.outside() || c.space.name == "" {
		return
	}
	for side := range e.policies {
		for d := range c.ends[side] {
			c.ends[side][d] = nil
			for _, p := range e.policies[side][c.space.name] {
				if p.isolates[d] && c.matched[side].has(p.subject) {
					c.ends[side][d] = append(c.ends[side][d], p)
				}
			}
		}
	}
}
