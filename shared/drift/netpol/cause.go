package netpol

import (
	"slices"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// byCause cuts a region into parts with the same causes: the objects of which
// each could be why one side allows what the other does not.
func (r *region) byCause(visit func(*region, []finding.Object)) {
	for _, atom := range r.atoms() {
		part := *r
		part.ports = spans{atom}
		visit(&part, part.causes())
	}
}

// atoms cut the region's ports wherever a rule's ports begin or end.
func (r *region) atoms() spans {
	var list spans
	for _, one := range r.ports {
		starts := []int32{one.lo}
		for _, edge := range r.edges() {
			if one.lo < edge && edge <= one.hi {
				starts = append(starts, edge)
			}
		}
		for i, start := range starts {
			end := one.hi
			if i+1 < len(starts) {
				end = starts[i+1] - 1
			}
			list = append(list, span{start, end})
		}
	}
	return list
}

func (r *region) edges() []int32 {
	var edges []int32
	n := r.dst.naming(r.allows, r.protocol, r.carried)
	for d := range r.reaches[r.allows] {
		for _, t := range r.reaches[r.allows][d].terms {
			for _, one := range t.ports.of(r.protocol, n) {
				edges = append(edges, one.lo, one.hi+1)
			}
		}
	}
	slices.Sort(edges)
	return slices.Compact(edges)
}

// causes: at each end where the other side denies, what it isolates with if
// this side does not isolate, else what this side allows it with. Only objects
// that differ between the sides can be one.
func (r *region) causes() []finding.Object {
	var objects []finding.Object
	for d := range r.reaches[from] {
		if r.passes(1-r.allows, direction(d)) {
			continue
		}
		for _, p := range r.behind(direction(d)) {
			if p.differs {
				objects = append(objects, objectOf(p.object))
			}
		}
	}
	if len(objects) == 0 {
		objects = r.relabelled()
	}
	slices.SortFunc(objects, finding.CompareObjects)
	return slices.Compact(objects)
}

func (r *region) behind(d direction) []*policy {
	here := r.reaches[r.allows][d]
	if here.open() {
		return r.reaches[1-r.allows][d].isolating
	}
	var policies []*policy
	for _, t := range here.terms {
		if r.through(t, r.allows, d) {
			policies = append(policies, t.policy)
		}
	}
	return policies
}

// passes says whether an end lets the first port of the region through.
func (r *region) passes(side int, d direction) bool {
	here := r.reaches[side][d]
	return here.open() || slices.ContainsFunc(here.terms, func(t term) bool { return r.through(t, side, d) })
}

func (r *region) through(t term, side int, d direction) bool {
	cell := r.srcCell
	if d == egress {
		cell = r.dstCell
	}
	return (t.block < 0 || cell.matched[t.block]) &&
		t.ports.of(r.protocol, r.dst.naming(side, r.protocol, r.carried)).has(r.ports[0].lo)
}

// relabelled: where the policies are the same it is the labels, or the names of
// ports, that differ. It is never empty: only pairs with such a class, or with
// one whose policies differ, are compared at all.
func (r *region) relabelled() []finding.Object {
	var objects []finding.Object
	for _, c := range []*class{r.src, r.dst} {
		if c.drifted {
			objects = append(objects, workloadObject(&c.load[r.allows]))
		}
		if !c.outside() && c.space.drifted {
			objects = append(objects, namespaceObject(c.space))
		}
	}
	for _, c := range []*class{r.src, r.dst} {
		if len(objects) == 0 && !c.outside() && c.space.changed {
			objects = append(objects, namespaceObject(c.space))
		}
	}
	return objects
}

func namespaceObject(s *space) finding.Object {
	return finding.Object{APIVersion: "v1", Kind: "Namespace", Name: s.name}
}

func objectOf(p *networkingv1.NetworkPolicy) finding.Object {
	return finding.Object{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy", Namespace: p.Namespace, Name: p.Name}
}
