package netpol

import (
	"maps"
	"slices"
)

// term is one rule, of a policy that isolates the subject, whose peers match
// the other end: at once, or (block >= 0) where the block has its address.
type term struct {
	policy *policy
	ports  *ports
	block  int
}

// reach is what one end of a connection lets through on one side.
type reach struct {
	isolating []*policy
	terms     []term
}

func (r reach) open() bool { return len(r.isolating) == 0 }

// reachOf is what subject lets through to or from other.
func (e *engine) reachOf(side int, d direction, subject, other *class) reach {
	r := reach{isolating: subject.ends[side][d]}
	for _, p := range r.isolating {
		for _, one := range p.rules[d] {
			r.terms = append(r.terms, matchingTerms(p, one, side, other)...)
		}
	}
	return r
}

func matchingTerms(p *policy, r rule, side int, other *class) []term {
	always := len(r.peers) == 0 || slices.ContainsFunc(r.peers, func(one peer) bool {
		return one.block < 0 && !other.outside() && other.matched[side].has(one.pod) &&
			one.reaches(other.space, side, other.space.name == p.object.Namespace)
	})
	if always {
		return []term{{p, r.ports, -1}}
	}
	var terms []term
	for _, one := range r.peers {
		if one.block >= 0 {
			terms = append(terms, term{p, r.ports, one.block})
		}
	}
	return terms
}

// set is what a reach lets through of protocol i, to an other end whose address
// lies in cell.
func (r reach) set(i int, cell addrCell, n naming) spans {
	if r.open() {
		return everyPort
	}
	var all spans
	for _, t := range r.terms {
		if t.block < 0 || cell.matched[t.block] {
			all = all.or(t.ports.of(i, n))
		}
	}
	return all
}

// region is connections that one side allows and the other does not: from src
// to dst, with addresses in cells, to ports of one protocol.
type region struct {
	src, dst         *class
	srcCell, dstCell addrCell
	protocol         int
	carried          []string // names that the port has at a pod to come
	ports            spans
	allows           int // the side that allows them
	reaches          *[2][2]reach
}

// compare visits the regions in which the sides differ between two classes.
func (e *engine) compare(src, dst *class, visit func(*region)) {
	e.compared++
	for _, base := range e.bases(src, dst) {
		base.compare(visit)
	}
}

// bases are the connections between two classes, one for each choice of
// addresses that matters; none where both sides surely do the same.
func (e *engine) bases(src, dst *class) []region {
	var reaches [2][2]reach
	open := true
	for side := range reaches {
		reaches[side][egress] = e.reachOf(side, egress, src, dst)
		reaches[side][ingress] = e.reachOf(side, ingress, dst, src)
		open = open && reaches[side][egress].open() && reaches[side][ingress].open()
	}
	if open || src.load == nil && dst.load == nil && alike(&reaches) {
		return nil
	}
	return e.choices(src, dst, &reaches)
}

// alike is a short cut: both sides say the same, in the same order.
func alike(reaches *[2][2]reach) bool {
	for d := range reaches[from] {
		a, b := reaches[from][d], reaches[to][d]
		same := func(one, two term) bool { return one.block == two.block && one.ports == two.ports }
		if a.open() != b.open() || !slices.EqualFunc(a.terms, b.terms, same) {
			return false
		}
	}
	return true
}

func (e *engine) choices(src, dst *class, reaches *[2][2]reach) []region {
	var list []region
	dstCells := e.addrCells(dst.addrs, blocksOf(reaches, egress))
	for _, srcCell := range e.addrCells(src.addrs, blocksOf(reaches, ingress)) {
		for _, dstCell := range dstCells {
			if srcCell.anything() || dstCell.anything() || srcCell.v6 == dstCell.v6 {
				list = append(list, region{src: src, dst: dst, srcCell: srcCell, dstCell: dstCell, reaches: reaches})
			}
		}
	}
	return list
}

func blocksOf(reaches *[2][2]reach, d direction) []int {
	var found []int
	for side := range reaches {
		for _, t := range reaches[side][d].terms {
			if t.block >= 0 && !slices.Contains(found, t.block) {
				found = append(found, t.block)
			}
		}
	}
	slices.Sort(found)
	return found
}

// compare fills in protocol, names, ports and side.
func (r region) compare(visit func(*region)) {
	for r.protocol = range protocols {
		for _, r.carried = range r.namings() {
			sets := [2]spans{r.allowed(from), r.allowed(to)}
			for r.allows = range sets {
				if r.ports = sets[r.allows].minus(sets[1-r.allows]); len(r.ports) > 0 {
					found := r
					visit(&found)
				}
			}
		}
	}
}

// allowed by a side: both ends must let it through.
func (r *region) allowed(side int) spans {
	n := r.dst.naming(side, r.protocol, r.carried)
	out := r.reaches[side][egress].set(r.protocol, r.dstCell, n)
	if len(out) == 0 {
		return nil
	}
	return out.and(r.reaches[side][ingress].set(r.protocol, r.srcCell, n))
}

// namings are the names that the port in question may have. A known pod's are
// known. Of a pod to come at most two matter: a connection needs one end's
// rules to name it, and the other's; more names only let more through on the
// side that is to deny it.
func (r *region) namings() [][]string {
	choices := [][]string{nil}
	if r.dst.outside() || r.dst.load != nil {
		return choices
	}
	names := r.mentioned()
	for i, one := range names {
		choices = append(choices, []string{one})
		for _, two := range names[i+1:] {
			choices = append(choices, []string{one, two})
		}
	}
	return choices
}

func (r *region) mentioned() []string {
	found := map[string]bool{}
	for side := range r.reaches {
		for d := range r.reaches[side] {
			for _, t := range r.reaches[side][d].terms {
				for _, name := range t.ports.names[r.protocol] {
					found[name] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}
