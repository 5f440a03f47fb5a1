package netpol

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// cause gathers the regions that the same objects can be the cause of.
type cause struct {
	allows  int
	objects []finding.Object
	best    *region // the easiest to read
	score   int     // of the best
	count   int
	bare    bool // some pod that is not isolated at all meets the outside
	ports   [len(protocols)]spans
}

// record adds a region to its cause.
func (e *engine) record(r *region) {
	r.byCause(func(part *region, objects []finding.Object) {
		key := causeKey(part.allows, objects)
		c := e.cases[key]
		if c == nil {
			c = &cause{allows: part.allows, objects: objects}
			e.cases[key] = c
		}
		c.add(part)
	})
}

// causeKey tells causes apart, and orders them: the side, then the objects.
func causeKey(allows int, objects []finding.Object) string {
	names := make([]string, len(objects))
	for i, o := range objects {
		names[i] = o.String()
	}
	return strconv.Itoa(allows) + " [" + strings.Join(names, " ") + "]"
}

func (c *cause) add(r *region) {
	c.count++
	for d := range r.reaches[c.allows] {
		c.bare = c.bare || (r.src.outside() || r.dst.outside()) && r.reaches[c.allows][d].open() && !r.passes(1-c.allows, direction(d))
	}
	c.ports[r.protocol] = c.ports[r.protocol].or(r.ports)
	score := r.score()
	switch {
	case c.best == nil || score > c.score:
		c.best, c.score = r, score
	case r.sameEnds(c.best):
		c.best.ports = c.best.ports.or(r.ports)
	}
}

func (r *region) sameEnds(s *region) bool {
	return r.src == s.src && r.dst == s.dst && r.protocol == s.protocol && slices.Equal(r.carried, s.carried) &&
		r.srcCell.same(s.srcCell) && r.dstCell.same(s.dstCell)
}

func (c addrCell) same(d addrCell) bool { return c.v6 == d.v6 && maps.Equal(c.matched, d.matched) }

// score is higher for what is easier to read: pods that exist, at addresses
// that are theirs, IPv4, TCP, ports without invented names, two ends of
// different kinds.
func (r *region) score() int {
	score := r.src.score(r.srcCell) + r.dst.score(r.dstCell) - 2*r.protocol - 3*len(r.carried)
	if r.srcCell.v6 || r.dstCell.v6 {
		score -= 4
	}
	if r.src == r.dst {
		score--
	}
	return score
}

func (c *class) score(cell addrCell) int {
	if !c.outside() && !cell.anything() && (c.load == nil || len(c.load[from].Addrs)+len(c.load[to].Addrs) == 0) {
		return 5 // a pod that happens to have such an address
	}
	switch {
	case c.load != nil, len(c.members) > 0:
		return 100
	case c.outside():
		return 60
	case c.space.name != "":
		return 40 - c.fewest()
	}
	return 10 - c.fewest()
}

// fewest is how many labels a pod of the cell needs at least.
func (c *class) fewest() int {
	if c.labels == nil {
		c.labels = new(len(sample(c.boxes)))
	}
	return *c.labels
}

// blame is one object with the causes that it is to explain.
type blame struct {
	object finding.Object
	causes []*cause
}

// cover chooses, for one direction, few objects that explain every cause: the
// one that explains the most regions first. That is greedy, not the least
// possible number. Every cause has an object: see region.causes.
func cover(causes []*cause) []blame {
	var list []blame
	for len(causes) > 0 {
		object := mostBlamed(causes)
		var taken, rest []*cause
		for _, c := range causes {
			if slices.Contains(c.objects, object) {
				taken = append(taken, c)
			} else {
				rest = append(rest, c)
			}
		}
		list = append(list, blame{object, taken})
		causes = rest
	}
	return list
}

func mostBlamed(causes []*cause) finding.Object {
	counts := map[finding.Object]int{}
	for _, c := range causes {
		for _, object := range c.objects {
			counts[object] += c.count
		}
	}
	objects := slices.SortedFunc(maps.Keys(counts), func(a, b finding.Object) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), finding.CompareObjects(a, b))
	})
	return objects[0]
}

// sortedCauses of one side, in an order that does not depend on chance.
func (e *engine) sortedCauses(allows int) []*cause {
	var list []*cause
	for _, key := range slices.Sorted(maps.Keys(e.cases)) {
		if c := e.cases[key]; c.allows == allows {
			list = append(list, c)
		}
	}
	return list
}
