package netpol

import (
	"maps"
	"net/netip"
	"slices"

	"go4.org/netipx"
)

// from and to number the sides.
const (
	from = 0
	to   = 1
)

// space is a namespace of either side, or (without a name) all namespaces that
// are not there yet and that the same selectors match.
type space struct {
	name    string
	boxes   []box // of one that is not there yet
	labels  [2]map[string]string
	matched [2]bits
	drifted bool // its labels are not the same on both sides
	changed bool // its policies are not the same on both sides
}

// class is endpoints that all policies of both sides treat alike: addresses
// outside (space nil), pods of a space by cell of their labels, or one
// workload.
type class struct {
	space   *space
	boxes   []box // the cell's labels; of a workload, none
	labels  *int  // how many labels a pod of it needs, once it was asked
	load    *[2]Workload
	matched [2]bits
	drifted bool
	addrs   *netipx.IPSet
	members []*[2]Workload // existing workloads that lie in the cell
	ends    [2][2][]*policy
}

func (c *class) outside() bool { return c.space == nil }

// relabelled says whether selectors may see other labels on the one side than
// on the other: then each connection of the class may differ.
func (c *class) relabelled() bool {
	return c.drifted || !c.outside() && c.space.drifted
}

// affected says whether the policies that isolate the class for a direction say
// something else on the other side. Where neither this nor relabelled holds at
// either end, a connection is judged by the same rules on both sides.
func (c *class) affected(d direction) bool {
	return c.relabelled() || !slices.EqualFunc(c.ends[from][d], c.ends[to][d], func(p, q *policy) bool {
		return slices.EqualFunc(p.rules[d], q.rules[d], func(r, s rule) bool { return r.ports == s.ports && slices.Equal(r.peers, s.peers) })
	})
}

// naming of protocol i on a side, when the class is the destination of a
// connection to the port that carries names.
func (c *class) naming(side, i int, carried []string) naming {
	if c.load == nil {
		return naming{known: c.outside(), carried: carried}
	}
	at := map[string]spans{}
	for _, p := range c.load[side].Ports {
		if p.Name != "" && protocolIndex(p.Protocol) == i {
			at[p.Name] = at[p.Name].or(spans{{p.Number, p.Number}})
		}
	}
	return naming{known: true, at: at}
}

// pairUp joins the sides' workloads of one namespace and name. One that a side
// lacks is taken to be there with the other's labels.
func pairUp(sides [2]Side) []*[2]Workload {
	type key struct{ namespace, name string }
	pairs := map[key]*[2]Workload{}
	var order []key
	for s := range sides {
		for _, w := range sides[s].Workloads {
			k := key{w.Namespace, w.Name}
			if pairs[k] == nil {
				pairs[k] = &[2]Workload{w, w}
				order = append(order, k)
			}
			pairs[k][s] = w
		}
	}
	slices.SortFunc(order, func(a, b key) int {
		return slices.Compare([]string{a.namespace, a.name}, []string{b.namespace, b.name})
	})
	list := make([]*[2]Workload, 0, len(order))
	for _, k := range order {
		list = append(list, pairs[k])
	}
	return list
}

func drifted(pair *[2]Workload) bool {
	return !maps.Equal(pair[from].Labels, pair[to].Labels) || !slices.Equal(pair[from].Ports, pair[to].Ports)
}

// addresses of a workload: those of both sides, since the question is what
// either side does to one and the same packet.
func (e *engine) addresses(pair *[2]Workload) *netipx.IPSet {
	var b netipx.IPSetBuilder
	known := 0
	for s := range pair {
		for _, addr := range pair[s].Addrs {
			b.AddPrefix(netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()))
			known++
		}
	}
	if set, err := b.IPSet(); err == nil && known > 0 {
		return set
	}
	return e.podNetworks
}

// spaces are all namespaces of both sides, and the cells of those to come.
func (e *engine) spaces(sides [2]Side) []*space {
	known := map[string]*[2]map[string]string{}
	note := func(s int, name string, labels map[string]string) {
		if known[name] == nil {
			known[name] = &[2]map[string]string{}
		}
		if labels != nil || known[name][s] == nil {
			known[name][s] = labels
		}
	}
	for s, side := range sides {
		for _, n := range side.Namespaces {
			note(s, n.Name, withName(n))
		}
		for _, w := range side.Workloads {
			note(s, w.Namespace, nil)
		}
		for namespace := range e.policies[s] {
			note(s, namespace, nil)
		}
	}
	names := slices.Sorted(maps.Keys(known))
	list := make([]*space, 0, len(names))
	for _, name := range names {
		list = append(list, e.space(name, known[name]))
	}
	return append(list, e.spacesToCome(names)...)
}

func withName(n Namespace) map[string]string {
	labels := maps.Clone(n.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels[NameLabel] = n.Name
	return labels
}

// space with the labels of each side; where one does not list it, with those
// of the other.
func (e *engine) space(name string, labels *[2]map[string]string) *space {
	for s := range labels {
		if labels[s] == nil {
			labels[s] = labels[1-s]
		}
		if labels[s] == nil {
			labels[s] = map[string]string{NameLabel: name}
		}
	}
	s := &space{name: name, labels: *labels, changed: e.changed[name]}
	s.drifted = !maps.Equal(labels[from], labels[to])
	for side := range labels {
		s.matched[side] = e.namespaces.matched(labels[side])
	}
	return s
}

func (e *engine) spacesToCome(taken []string) []*space {
	universe := box{NameLabel: values{not: true, list: taken}}
	order := slices.Sorted(maps.Keys(e.namespaces.boxes))
	cells, within := split(universe, e.namespaces.boxes, order, e.limits.Cells)
	if !within {
		e.incomplete("namespaces that do not exist yet: their selectors make more than %d kinds", e.limits.Cells)
	}
	var list []*space
	for _, c := range cells {
		labels := sample(c.boxes)
		list = append(list, &space{boxes: c.boxes, labels: [2]map[string]string{labels, labels}, matched: [2]bits{c.matched, c.matched}})
	}
	return list
}
