package netpol

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// span is the ports lo to hi, both included.
type span struct{ lo, hi int32 }

// spans is a set of ports: sorted, apart from one another.
type spans []span

var everyPort = spans{{1, 65535}}

func (s spans) or(t spans) spans {
	all := slices.Concat(s, t)
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.lo, b.lo) })
	merged := all[:0]
	for _, next := range all {
		if last := len(merged) - 1; last >= 0 && next.lo <= merged[last].hi+1 {
			merged[last].hi = max(merged[last].hi, next.hi)
			continue
		}
		merged = append(merged, next)
	}
	return merged
}

func (s spans) and(t spans) spans {
	var both spans
	for i, j := 0, 0; i < len(s) && j < len(t); {
		if lo, hi := max(s[i].lo, t[j].lo), min(s[i].hi, t[j].hi); lo <= hi {
			both = append(both, span{lo, hi})
		}
		if s[i].hi < t[j].hi {
			i++
		} else {
			j++
		}
	}
	return both
}

func (s spans) complement() spans {
	var rest spans
	next := int32(1)
	for _, one := range s {
		if next < one.lo {
			rest = append(rest, span{next, one.lo - 1})
		}
		next = one.hi + 1
	}
	if next <= 65535 {
		rest = append(rest, span{next, 65535})
	}
	return rest
}

func (s spans) minus(t spans) spans { return s.and(t.complement()) }

func (s spans) has(port int32) bool {
	return slices.ContainsFunc(s, func(one span) bool { return one.lo <= port && port <= one.hi })
}

func (s spans) String() string {
	var parts []string
	for _, one := range s {
		if one.lo == one.hi {
			parts = append(parts, fmt.Sprint(one.lo))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", one.lo, one.hi))
		}
	}
	return strings.Join(parts, ",")
}

// readablePorts come first when a witness needs a port.
var readablePorts = []int32{443, 80, 8080, 22, 5432, 6379, 3306, 9090, 53}

// readable is the port of a set that is not empty which a person knows best.
func (s spans) readable() int32 {
	for _, port := range readablePorts {
		if s.has(port) {
			return port
		}
	}
	return s[0].lo
}

// ports is what a rule says of ports, protocol by protocol: numbers, and names
// that the destination resolves.
type ports struct {
	numbers [len(protocols)]spans
	names   [len(protocols)][]string
}

// portsOf: an empty list is every port of every protocol.
func portsOf(list []networkingv1.NetworkPolicyPort) (*ports, error) {
	all := &ports{}
	for i := range protocols {
		if len(list) == 0 {
			all.numbers[i] = everyPort
		}
	}
	for _, p := range list {
		if err := all.add(p); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (p *ports) add(one networkingv1.NetworkPolicyPort) error {
	i := 0
	if one.Protocol != nil {
		i = protocolIndex(*one.Protocol)
	}
	switch {
	case i < 0 || one.Protocol != nil && *one.Protocol == "":
		return fault.Unable("protocol %q: it must be TCP, UDP or SCTP", *one.Protocol)
	case one.Port == nil && one.EndPort == nil:
		p.numbers[i] = everyPort
	case one.Port == nil || one.Port.Type == intstr.String && one.EndPort != nil:
		return fault.Unable("endPort %d: it needs a port that is a number", *one.EndPort)
	case one.Port.Type == intstr.String:
		return p.addName(i, one.Port.StrVal)
	default:
		return p.addSpan(i, one.Port.IntVal, one.EndPort)
	}
	return nil
}

func (p *ports) addName(i int, name string) error {
	if name == "" {
		return fault.Unable("port %q: it must be a number or a name", name)
	}
	if !slices.Contains(p.names[i], name) {
		p.names[i] = append(p.names[i], name)
	}
	return nil
}

func (p *ports) addSpan(i int, lo int32, end *int32) error {
	hi := lo
	if end != nil {
		hi = *end
	}
	if lo < 1 || hi < lo || hi > 65535 {
		return fault.Unable("ports %d to %d: they must lie in 1 to 65535, the first below the last", lo, hi)
	}
	p.numbers[i] = p.numbers[i].or(spans{{lo, hi}})
	return nil
}

// naming says which ports of the destination have a name. A known pod says so
// by itself. For one that does not exist yet, a naming is a choice: the port in
// question is the one that carries these names.
type naming struct {
	known   bool
	at      map[string]spans // of a known pod, for one protocol
	carried []string
}

// of is the set of ports of protocol i under a naming.
func (p *ports) of(i int, n naming) spans {
	set := p.numbers[i]
	for _, name := range p.names[i] {
		switch {
		case n.known:
			set = set.or(n.at[name])
		case slices.Contains(n.carried, name):
			return everyPort
		}
	}
	return set
}
