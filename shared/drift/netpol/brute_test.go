package netpol

import (
	"fmt"
	"maps"
	"math/rand"
	"net/netip"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/clawql/clawql-workbench/shared/oracletest"
)

// Brute force: every endpoint of a small universe, every pair, every port that
// can matter. It reads the drawn world, never an API object.

// point is a destination port: its protocol, number, and the names it carries
// at a pod that may name its ports as it likes.
type point struct {
	protocol string
	number   int32
	names    []string
}

func allPoints() []point {
	var list []point
	for _, protocol := range []string{"TCP", "UDP"} {
		for _, number := range []int32{79, 80, 81, 82, 83, 443, 9999} {
			for _, names := range [][]string{nil, {"web"}, {"alt"}, {"web", "alt"}} {
				list = append(list, point{protocol, number, names})
			}
		}
	}
	return list
}

type bruteEnd struct {
	outside   bool
	namespace string // its name; one to come has a name as well
	spaces    [2]map[string]string
	labels    [2]map[string]string
	known     bool // its ports are known
	ports     [2][]ContainerPort
	addr      netip.Addr
}

func (s smallSelector) holds(labels map[string]string) bool {
	for _, r := range s {
		value, present := labels[r.key]
		listed := present && slices.Contains(r.values, value)
		if r.op == "In" && !listed || r.op == "NotIn" && listed || r.op == "Exists" && !present || r.op == "DoesNotExist" && present {
			return false
		}
	}
	return true
}

func (p smallPeer) holds(policy smallPolicy, other bruteEnd, side int) bool {
	if p.block != nil {
		inside := netip.MustParsePrefix(p.block.cidr).Contains(other.addr)
		for _, except := range p.block.except {
			inside = inside && !netip.MustParsePrefix(except).Contains(other.addr)
		}
		return inside
	}
	if other.outside {
		return false
	}
	if p.namespaces == nil && other.namespace != policy.namespace || p.namespaces != nil && !p.namespaces.holds(other.spaces[side]) {
		return false
	}
	return p.pods == nil || p.pods.holds(other.labels[side])
}

func (p smallPort) holds(at point, dst bruteEnd, side int) bool {
	if p.protocol != at.protocol && !(p.protocol == "" && at.protocol == "TCP") {
		return false
	}
	if p.name == "" {
		return p.lo == 0 || p.lo <= at.number && at.number <= p.hi
	}
	if dst.outside {
		return false
	}
	if !dst.known {
		return slices.Contains(at.names, p.name)
	}
	return at.protocol == "TCP" && slices.ContainsFunc(dst.ports[side], func(c ContainerPort) bool { return c.Name == p.name && c.Number == at.number })
}

// opens is a mask of the points that one end lets through.
func (w small) opens(side int, dir byte, subject, other, dst bruteEnd, points []point) uint64 {
	const all = ^uint64(0)
	if subject.outside {
		return all
	}
	mask, isolated := uint64(0), false
	for _, p := range w.policies {
		rules, applies := p.ingress, strings.Contains(p.types, "I") || p.types == ""
		if dir == 'E' {
			rules, applies = p.egress, strings.Contains(p.types, "E") || p.types == "" && len(p.egress) > 0
		}
		if !applies || p.namespace != subject.namespace || !p.subject.holds(subject.labels[side]) {
			continue
		}
		isolated = true
		for _, r := range rules {
			if len(r.peers) == 0 || slices.ContainsFunc(r.peers, func(one smallPeer) bool { return one.holds(p, other, side) }) {
				for i, at := range points {
					if len(r.ports) == 0 || slices.ContainsFunc(r.ports, func(one smallPort) bool { return one.holds(at, dst, side) }) {
						mask |= 1 << i
					}
				}
			}
		}
	}
	if !isolated {
		return all
	}
	return mask
}

// universe is every endpoint that can matter to two worlds.
func universe(sides [2]small, blocks bool) []bruteEnd {
	addrs := []netip.Addr{{}}
	if blocks {
		addrs = smallAddrs
	}
	var ends []bruteEnd
	add := func(e bruteEnd) {
		for _, e.addr = range addrs {
			ends = append(ends, e)
		}
	}
	add(bruteEnd{outside: true})
	spaces := map[string][2]map[string]string{}
	for _, name := range []string{"n1", "n2"} {
		spaces[name] = [2]map[string]string{sides[0].namespaces[name], sides[1].namespaces[name]}
	}
	for _, name := range []string{"n3", "n4"} {
		for _, env := range []string{"", "x", "y", "z"} {
			labels := map[string]string{NameLabel: name}
			if env != "" {
				labels["env"] = env
			}
			spaces[name+" "+env] = [2]map[string]string{labels, labels}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(spaces)) {
		for _, app := range []string{"", "x", "y", "z"} {
			for _, tier := range []string{"", "x", "y", "z"} {
				labels := map[string]string{"app": app, "tier": tier}
				maps.DeleteFunc(labels, func(_, value string) bool { return value == "" })
				add(bruteEnd{namespace: name, spaces: spaces[name], labels: [2]map[string]string{labels, labels}})
			}
		}
	}
	for _, p := range pairUp([2]Side{sides[0].render(), sides[1].render()}) {
		add(bruteEnd{
			namespace: p[0].Namespace, spaces: spaces[p[0].Namespace], known: true,
			labels: [2]map[string]string{p[0].Labels, p[1].Labels}, ports: [2][]ContainerPort{p[0].Ports, p[1].Ports},
		})
	}
	return ends
}

// distinct drops endpoints that no policy tells from an earlier one; it is
// what makes ten thousand cases possible.
func distinct(sides [2]small, ends []bruteEnd) []bruteEnd {
	seen := map[string]bool{}
	var kept []bruteEnd
	for _, end := range ends {
		key := fmt.Sprint(end.outside, end.known, end.namespace == "n1", end.namespace == "n2", end.ports, end.addr.Is6())
		for side, w := range sides {
			for _, p := range w.policies {
				key += fmt.Sprint(p.namespace == end.namespace && p.subject.holds(end.labels[side]))
				for _, r := range slices.Concat(p.ingress, p.egress) {
					for _, one := range r.peers {
						key += fmt.Sprint(one.holds(p, end, side))
					}
				}
			}
		}
		if !seen[key] {
			seen[key] = true
			kept = append(kept, end)
		}
	}
	return kept
}

// bruteDifferences is, for each side, what it alone allows, by protocol and
// port number.
func bruteDifferences(sides [2]small, blocks bool) [2]map[string]bool {
	points := allPoints()
	ends := distinct(sides, universe(sides, blocks))
	found := [2]map[string]bool{{}, {}}
	for _, src := range ends {
		for _, dst := range ends {
			if src.outside && dst.outside || src.addr.Is4() != dst.addr.Is4() {
				continue
			}
			var masks [2]uint64
			for s, w := range sides {
				masks[s] = w.opens(s, 'E', src, dst, dst, points) & w.opens(s, 'I', dst, src, dst, points)
			}
			for s := range masks {
				for i, at := range points {
					if masks[s]&^masks[1-s]&(1<<i) != 0 {
						found[s][fmt.Sprintf("%d/%s", at.number, at.protocol)] = true
					}
				}
			}
		}
	}
	return found
}

var cases = oracletest.Cases

// drawPair is two worlds; every other time the second is an edit of the first,
// so that small differences are common.
func drawPair(seed int64, blocks bool) [2]small {
	d := dice{rand.New(rand.NewSource(seed))}
	a, b := d.small(blocks), d.small(blocks)
	if d.in(2) {
		b.policies = d.edit(a.policies, blocks)
		if d.in(2) {
			b.namespaces = a.namespaces
		}
	}
	if d.in(2) {
		b.pods = a.pods
	}
	return [2]small{a, b}
}

func (d dice) edit(policies []smallPolicy, blocks bool) []smallPolicy {
	edited := slices.Clone(policies)
	if len(edited) == 0 {
		return edited
	}
	p := &edited[d.Intn(len(edited))]
	switch d.Intn(4) {
	case 0:
		p.ingress = append(slices.Clone(p.ingress), d.rule(blocks))
	case 1:
		p.egress = d.rules(blocks)
	case 2:
		p.subject = d.selector(smallKeys)
	default:
		return edited[1:]
	}
	return edited
}

// TestAgainstBruteForce: Compare finds a difference in a direction exactly when
// some connection of the universe shows it, on exactly the same ports.
func TestAgainstBruteForce(t *testing.T) {
	n, equal := cases(800, 10_000), 0
	for seed := range int64(n) {
		blocks := seed%4 == 0
		sides := drawPair(seed, blocks)
		want := bruteDifferences(sides, blocks)
		if len(want[0])+len(want[1]) == 0 {
			equal++
		}
		e, err := prepare(sides[0].render(), sides[1].render(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		e.walk(e.classes(e.spaces(e.sides), pairUp(e.sides)))
		if _, err := e.findings(); err != nil || len(e.skipped) > 0 {
			t.Fatalf("seed %d: %v %v", seed, err, e.skipped)
		}
		for s := range sides {
			if got := e.portsOf(s); !maps.Equal(got, want[s]) {
				t.Fatalf("seed %d: side %d alone allows %v, brute force says %v", seed, s, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want[s])))
			}
		}
	}
	t.Logf("%d cases, %d of them equal", n, equal)
	if equal == 0 || equal == n {
		t.Errorf("%d of %d cases are equal: the generator draws nothing of worth", equal, n)
	}
}

// portsOf is what a side alone allows, at the points of the brute force.
func (e *engine) portsOf(side int) map[string]bool {
	found := map[string]bool{}
	for _, c := range e.sortedCauses(side) {
		for _, at := range allPoints() {
			if i := protocolIndex(corev1.Protocol(at.protocol)); c.ports[i].has(at.number) {
				found[fmt.Sprintf("%d/%s", at.number, at.protocol)] = true
			}
		}
	}
	return found
}
