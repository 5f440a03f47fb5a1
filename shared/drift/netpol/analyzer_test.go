package netpol

import (
	"fmt"
	"math/rand"
	"net/netip"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/clawql/clawql-workbench/shared/oracletest"
)

// netpol-analyzer, built by `make test-drift-oracle`, answers which of the
// existing pods and outside addresses may connect. It is asked about IPv4 only,
// since it gets IPv6 wrong without a word; and the pods have addresses in no
// ipBlock, since it never matches a pod by its address, as clusters do.

// analyzer is the running oracle.
type analyzer struct{ *oracletest.Lines }

func startAnalyzer(t *testing.T) *analyzer {
	t.Helper()
	return &analyzer{oracletest.Start(t, oracletest.Path(t, "CLAWQL_ORACLE_NETPOL", "oracle", "test-drift-oracle"))}
}

type analyzed struct {
	Src, Dst string
	All      bool
	Ports    map[corev1.Protocol][][2]int32
}

// list is what may connect in a world.
func (a *analyzer) list(t *testing.T, side Side) []analyzed {
	t.Helper()
	var list []analyzed
	a.Ask(t, map[string]any{"objects": objects(side)}, &list)
	return list
}

func objects(side Side) []any {
	var list []any
	for _, n := range side.Namespaces {
		list = append(list, corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: n.Labels}})
	}
	for _, w := range side.Workloads {
		pod := corev1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: w.Name, Labels: w.Labels}}
		pod.Status.HostIP = "172.31.0.1"
		pod.Status.PodIPs = []corev1.PodIP{{IP: w.Addrs[0].String()}}
		container := corev1.Container{Name: "c"}
		for _, p := range w.Ports {
			container.Ports = append(container.Ports, corev1.ContainerPort{Name: p.Name, ContainerPort: p.Number, Protocol: corev1.ProtocolTCP})
		}
		pod.Spec.Containers = []corev1.Container{container}
		list = append(list, pod)
	}
	for _, p := range side.Policies {
		p = p.DeepCopy()
		p.TypeMeta = metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"}
		list = append(list, p)
	}
	return list
}

// allowed of one pair, by what the analyzer said.
func allowed(said []analyzed, src, dst string, protocol corev1.Protocol) spans {
	var set spans
	for _, one := range said {
		if !covers(one.Src, src) || !covers(one.Dst, dst) {
			continue
		}
		if one.All {
			return everyPort
		}
		for _, r := range one.Ports[protocol] {
			set = set.or(spans{{r[0], r[1]}})
		}
	}
	return set
}

func covers(name, end string) bool {
	addr, err := netip.ParseAddr(end)
	if err != nil {
		return name == end
	}
	return slices.ContainsFunc(strings.Split(name, ","), func(part string) bool {
		lo, hi, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if prefix, err := netip.ParsePrefix(lo); err == nil {
			return prefix.Contains(addr)
		}
		from, err := netip.ParseAddr(lo)
		if err != nil {
			return false
		}
		last := from
		if isRange {
			last = netip.MustParseAddr(hi)
		}
		return from.Compare(addr) <= 0 && addr.Compare(last) <= 0
	})
}

// drawKnown is two worlds of the same pods, with addresses that no block has.
func drawKnown(seed int64) [2]small {
	d := dice{rand.New(rand.NewSource(seed))}
	sides := [2]small{d.small(true), d.small(true)}
	if d.in(2) {
		sides[1].policies = d.edit(sides[0].policies, true)
	}
	sides[0].pods = nil
	for i := range 4 {
		sides[0].pods = append(sides[0].pods, d.pod(string(rune('p'+i))))
	}
	sides[1].pods = sides[0].pods
	for s := range sides {
		for _, p := range sides[s].policies {
			for _, r := range slices.Concat(p.ingress, p.egress) {
				d.known(r)
			}
		}
	}
	return sides
}

// known keeps a rule within what netpol-analyzer knows: no block with a pod's
// address, and no name of a port where a destination may be outside the
// cluster, which it calls an error and clusters take for no match.
func (d dice) known(r smallRule) {
	outside := len(r.peers) == 0
	for i := range r.peers {
		if r.peers[i].block != nil {
			r.peers[i].block = &knownBlocks[d.Intn(len(knownBlocks))]
			outside = true
		}
	}
	for i := range r.ports {
		if outside && r.ports[i].name != "" {
			r.ports[i] = smallPort{protocol: r.ports[i].protocol, lo: 443, hi: 443}
		}
	}
}

var (
	knownBlocks = []smallBlock{{"0.0.0.0/1", nil}, {"10.0.0.0/8", []string{"10.1.0.0/16"}}, {"10.1.1.0/24", nil}, {"0.0.0.0/1", []string{"10.0.0.0/8"}}, {"192.168.0.0/16", nil}}
	knownAddrs  = []string{"10.1.1.5", "10.1.2.5", "10.2.0.5", "8.8.8.8", "192.168.0.5", "203.0.113.9"}
)

func (w small) renderKnown() Side {
	side := w.render()
	for i := range side.Workloads {
		side.Workloads[i].Addrs = []netip.Addr{netip.MustParseAddr(fmt.Sprintf("172.16.0.%d", i+1))}
	}
	return side
}

// TestAgainstNetpolAnalyzer: between every two of the pods and addresses the
// same ports are let through, by the comparison's sets and by Evaluate; and a
// difference there is a finding in that direction.
func TestAgainstNetpolAnalyzer(t *testing.T) {
	oracle := startAnalyzer(t)
	differ, wavering := 0, 0
	for seed := range int64(cases(500, 10_000)) {
		sides := drawKnown(seed)
		a, b := sides[0].renderKnown(), sides[1].renderKnown()
		e, err := prepare(a, b, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var more [2]bool
		for s, side := range e.sides {
			if oracle.wavers(t, seed, e, s, side) {
				wavering++
			}
		}
		e.eachKnown(func(src, dst *class, _, _ string) {
			for i := range protocols {
				for s := range sides {
					more[s] = more[s] || len(e.let(src, dst, s, i).minus(e.let(src, dst, 1-s, i))) > 0
				}
			}
		})
		result := mustCompareSides(t, seed, a, b)
		for s, d := range directionOf {
			if more[s] {
				differ++
			}
			if more[s] && count(result, d) == 0 {
				t.Fatalf("seed %d: side %d allows more by netpol-analyzer, and no finding is %s", seed, s, d)
			}
		}
	}
	t.Logf("%d differences; netpol-analyzer contradicts itself on %d sides", differ, wavering)
	if differ == 0 {
		t.Error("no case differs: the generator draws nothing of worth")
	}
}

// wavers compares one side with the oracle. netpol-analyzer 1.4.4 lists what may
// connect differently from run to run: now and then it takes the ports between
// two ranges for allowed (seed 278: 83 to 442 between 80-82 and 443). So where
// its list disagrees, it is asked about each single connection, which it
// computes by other code; and there it must agree.
func (a *analyzer) wavers(t *testing.T, seed int64, e *engine, s int, side Side) bool {
	t.Helper()
	first := e.disagreement(s, a.list(t, side))
	if first == "" {
		return false
	}
	if one := a.onPoints(t, e, s, side); one != "" {
		t.Fatalf("seed %d side %d: %s; asked about one: %s", seed, s, first, one)
	}
	return true
}

// onPoints asks about every pair, protocol and port that can matter.
func (a *analyzer) onPoints(t *testing.T, e *engine, s int, side Side) string {
	t.Helper()
	type question struct{ Src, Dst, Protocol, Port string }
	var questions []question
	var ours []bool
	e.eachKnown(func(src, dst *class, srcName, dstName string) {
		for i, protocol := range protocols {
			let := e.let(src, dst, s, i)
			for _, port := range []int32{1, 79, 80, 81, 82, 83, 442, 443, 444, 9998, 9999, 10000, 65535} {
				questions = append(questions, question{srcName, dstName, string(protocol), fmt.Sprint(port)})
				ours = append(ours, let.has(port))
			}
		}
	})
	var theirs []bool
	a.Ask(t, map[string]any{"objects": objects(spelledOut(side)), "ask": questions}, &theirs)
	for i := range questions {
		if theirs[i] != ours[i] {
			return fmt.Sprintf("%v: sets say %v, netpol-analyzer %v", questions[i], ours[i], theirs[i])
		}
	}
	return ""
}

// spelledOut writes each port that is left out as 1 to 65535: asked about one
// connection, netpol-analyzer forgets the protocol of a port that is left out.
func spelledOut(side Side) Side {
	first, last := intstr.FromInt32(1), int32(65535)
	spell := func(ports []networkingv1.NetworkPolicyPort) {
		for i := range ports {
			if ports[i].Port == nil {
				ports[i].Port, ports[i].EndPort = &first, &last
			}
		}
	}
	var policies []*networkingv1.NetworkPolicy
	for _, p := range side.Policies {
		p = p.DeepCopy()
		for i := range p.Spec.Ingress {
			spell(p.Spec.Ingress[i].Ports)
		}
		for i := range p.Spec.Egress {
			spell(p.Spec.Egress[i].Ports)
		}
		policies = append(policies, p)
	}
	side.Policies = policies
	return side
}

// disagreement is the first one between what was said and what the sets or
// Evaluate say, empty for none.
func (e *engine) disagreement(s int, said []analyzed) string {
	found := ""
	e.eachKnown(func(src, dst *class, srcName, dstName string) {
		for i, protocol := range protocols {
			want := allowed(said, srcName, dstName, protocol)
			if got := e.let(src, dst, s, i); found == "" && got.String() != want.String() {
				found = fmt.Sprintf("%s -> %s %s: sets say %s, netpol-analyzer %s", srcName, dstName, protocol, got, want)
			}
			if at := e.otherAtPoints(s, src, dst, protocol, want); found == "" && at != "" {
				found = at
			}
		}
	})
	return found
}

// eachKnown visits the pairs of existing pods and outside addresses.
func (e *engine) eachKnown(visit func(src, dst *class, srcName, dstName string)) {
	ends := map[string]*class{}
	var names []string
	for _, s := range e.spaces(e.sides) {
		for _, pair := range pairUp(e.sides) {
			if pair[0].Namespace == s.name {
				ends[s.name+"/"+pair[0].Name] = e.workload(s, pair)
				names = append(names, s.name+"/"+pair[0].Name)
			}
		}
	}
	for _, addr := range knownAddrs {
		ends[addr] = &class{addrs: setOf([]netip.Prefix{netip.MustParsePrefix(addr + "/32")})}
		names = append(names, addr)
	}
	for _, src := range names {
		for _, dst := range names {
			if src != dst && !(ends[src].outside() && ends[dst].outside()) {
				visit(ends[src], ends[dst], src, dst)
			}
		}
	}
}

// let is the ports of protocol i that a side lets through between two classes
// with one address each.
func (e *engine) let(src, dst *class, side, i int) spans {
	bases := e.bases(src, dst)
	if len(bases) == 0 {
		return everyPort
	}
	bases[0].protocol = i
	return bases[0].allowed(side)
}

func (e *engine) otherAtPoints(side int, src, dst *class, protocol corev1.Protocol, want spans) string {
	for _, number := range []int32{1, 79, 80, 81, 82, 83, 443, 9999, 65535} {
		c := Connection{Src: known(src, side), Dst: known(dst, side), Protocol: protocol, Port: number}
		v, err := Evaluate(e.sides[side].Policies, c)
		if err != nil || v.Allowed() != want.has(number) {
			return fmt.Sprintf("%s: Evaluate says %v (%v), netpol-analyzer %s", c, v, err, want)
		}
	}
	return ""
}

func known(c *class, side int) Endpoint {
	return c.endpoint(side, addrCell{ranges: c.addrs.Ranges()[:1]})
}
