package netpol

import (
	"math/rand"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// A small world, in a form of its own: the generator draws it, render turns it
// into what Compare reads, and the brute force (brute_test.go) evaluates it
// without reading any API object.

type smallRequirement struct {
	key    string
	op     string // In, NotIn, Exists, DoesNotExist
	values []string
}

type smallSelector []smallRequirement

type smallBlock struct {
	cidr   string
	except []string
}

type smallPeer struct {
	namespaces *smallSelector
	pods       *smallSelector
	block      *smallBlock
}

type smallPort struct {
	protocol string // "", TCP, UDP
	name     string
	lo, hi   int32 // 0: every port
}

type smallRule struct {
	peers []smallPeer
	ports []smallPort
}

type smallPolicy struct {
	namespace, name string
	subject         smallSelector
	types           string // "", I, E, IE
	ingress, egress []smallRule
}

type smallPod struct {
	namespace, name string
	labels          map[string]string
	ports           []ContainerPort
}

type small struct {
	namespaces map[string]map[string]string
	pods       []smallPod
	policies   []smallPolicy
}

var (
	smallKeys   = []string{"app", "tier"}
	smallValues = []string{"x", "y"}
	smallNames  = []string{"web", "alt"}
	smallBlocks = []smallBlock{
		{"0.0.0.0/0", nil}, {"10.0.0.0/8", nil}, {"10.0.0.0/8", []string{"10.1.0.0/16"}}, {"10.1.1.0/24", nil},
		{"::/0", nil}, {"2001:db8::/32", nil}, {"2001:db8::/32", []string{"2001:db8:1::/48"}}, {"0.0.0.0/0", []string{"10.0.0.0/8", "192.168.0.0/16"}},
	}
	smallAddrs = []netip.Addr{
		netip.MustParseAddr("10.1.1.5"), netip.MustParseAddr("10.1.2.5"), netip.MustParseAddr("10.2.0.5"), netip.MustParseAddr("192.168.0.5"),
		netip.MustParseAddr("8.8.8.8"), netip.MustParseAddr("2001:db8:1::5"), netip.MustParseAddr("2001:db8:2::5"), netip.MustParseAddr("2606::5"),
	}
)

type dice struct{ *rand.Rand }

func (d dice) one(of ...string) string { return of[d.Intn(len(of))] }
func (d dice) in(n int) bool           { return d.Intn(n) == 0 }

func (d dice) selector(keys []string) smallSelector {
	s := smallSelector{}
	for range d.Intn(3) {
		r := smallRequirement{key: d.one(keys...), op: d.one("In", "In", "NotIn", "Exists", "DoesNotExist")}
		if r.op == "In" || r.op == "NotIn" {
			r.values = []string{d.one(smallValues...)}
			if d.in(4) {
				r.values = smallValues
			}
		}
		s = append(s, r)
	}
	return s
}

func (d dice) peer(blocks bool) smallPeer {
	pods, namespaces := d.selector(smallKeys), d.selector([]string{"env", NameLabel})
	for i := range namespaces {
		if r := &namespaces[i]; r.key == NameLabel && len(r.values) > 0 {
			r.values = []string{d.one("n1", "n2", "n3")}
		}
	}
	switch d.Intn(4) {
	case 0:
		return smallPeer{pods: &pods}
	case 1:
		return smallPeer{namespaces: &namespaces}
	case 2:
		return smallPeer{pods: &pods, namespaces: &namespaces}
	}
	if !blocks {
		return smallPeer{pods: &pods}
	}
	return smallPeer{block: &smallBlocks[d.Intn(len(smallBlocks))]}
}

func (d dice) port() smallPort {
	p := smallPort{protocol: d.one("", "TCP", "UDP")}
	switch d.Intn(5) {
	case 0:
	case 1:
		p.name = d.one(smallNames...)
	case 2:
		p.lo, p.hi = 80, 82
	default:
		p.lo = []int32{80, 81, 443}[d.Intn(3)]
		p.hi = p.lo
	}
	return p
}

func (d dice) rule(blocks bool) smallRule {
	r := smallRule{}
	for range d.Intn(3) {
		r.peers = append(r.peers, d.peer(blocks))
	}
	for range d.Intn(3) {
		r.ports = append(r.ports, d.port())
	}
	return r
}

func (d dice) rules(blocks bool) []smallRule {
	var list []smallRule
	for range d.Intn(3) {
		list = append(list, d.rule(blocks))
	}
	return list
}

// small draws a world with two namespaces and up to three policies.
func (d dice) small(blocks bool) small {
	w := small{namespaces: map[string]map[string]string{}}
	for _, name := range []string{"n1", "n2"} {
		w.namespaces[name] = map[string]string{NameLabel: name}
		if d.in(2) {
			w.namespaces[name]["env"] = d.one(smallValues...)
		}
	}
	for i := range d.Intn(4) {
		w.policies = append(w.policies, smallPolicy{
			namespace: d.one("n1", "n1", "n2"), name: string(rune('a' + i)), subject: d.selector(smallKeys),
			types: d.one("", "I", "E", "IE"), ingress: d.rules(blocks), egress: d.rules(blocks),
		})
	}
	for i := range d.Intn(3) {
		w.pods = append(w.pods, d.pod(string(rune('p'+i))))
	}
	return w
}

func (d dice) pod(name string) smallPod {
	p := smallPod{namespace: d.one("n1", "n2"), name: name, labels: map[string]string{}}
	for _, key := range smallKeys {
		if d.in(2) {
			p.labels[key] = d.one(append(smallValues, "z")...)
		}
	}
	if d.in(2) {
		p.ports = []ContainerPort{{Name: d.one(smallNames...), Number: []int32{80, 443, 9999}[d.Intn(3)]}}
	}
	return p
}

// render is the world as Compare reads it.
func (w small) render() Side {
	var side Side
	for _, name := range []string{"n1", "n2"} {
		if labels, there := w.namespaces[name]; there {
			side.Namespaces = append(side.Namespaces, Namespace{name, labels})
		}
	}
	for _, p := range w.pods {
		side.Workloads = append(side.Workloads, Workload{Namespace: p.namespace, Name: p.name, Labels: p.labels, Ports: p.ports})
	}
	for _, p := range w.policies {
		side.Policies = append(side.Policies, p.render())
	}
	return side
}

func (p smallPolicy) render() *networkingv1.NetworkPolicy {
	policy := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: p.namespace, Name: p.name}}
	policy.Spec.PodSelector = *p.subject.render()
	for _, letter := range p.types {
		kind := networkingv1.PolicyTypeIngress
		if letter == 'E' {
			kind = networkingv1.PolicyTypeEgress
		}
		policy.Spec.PolicyTypes = append(policy.Spec.PolicyTypes, kind)
	}
	for _, r := range p.ingress {
		policy.Spec.Ingress = append(policy.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{From: renderPeers(r.peers), Ports: renderPorts(r.ports)})
	}
	for _, r := range p.egress {
		policy.Spec.Egress = append(policy.Spec.Egress, networkingv1.NetworkPolicyEgressRule{To: renderPeers(r.peers), Ports: renderPorts(r.ports)})
	}
	return policy
}

// render uses matchLabels where it can be said so, so that both ways are read.
func (s smallSelector) render() *metav1.LabelSelector {
	selector := &metav1.LabelSelector{}
	for _, r := range s {
		if _, taken := selector.MatchLabels[r.key]; r.op == "In" && len(r.values) == 1 && !taken {
			if selector.MatchLabels == nil {
				selector.MatchLabels = map[string]string{}
			}
			selector.MatchLabels[r.key] = r.values[0]
			continue
		}
		selector.MatchExpressions = append(selector.MatchExpressions,
			metav1.LabelSelectorRequirement{Key: r.key, Operator: metav1.LabelSelectorOperator(r.op), Values: r.values})
	}
	return selector
}

func renderPeers(peers []smallPeer) []networkingv1.NetworkPolicyPeer {
	var list []networkingv1.NetworkPolicyPeer
	for _, p := range peers {
		var one networkingv1.NetworkPolicyPeer
		if p.pods != nil {
			one.PodSelector = p.pods.render()
		}
		if p.namespaces != nil {
			one.NamespaceSelector = p.namespaces.render()
		}
		if p.block != nil {
			one.IPBlock = &networkingv1.IPBlock{CIDR: p.block.cidr, Except: p.block.except}
		}
		list = append(list, one)
	}
	return list
}

func renderPorts(ports []smallPort) []networkingv1.NetworkPolicyPort {
	var list []networkingv1.NetworkPolicyPort
	for _, p := range ports {
		var one networkingv1.NetworkPolicyPort
		if p.protocol != "" {
			protocol := corev1.Protocol(p.protocol)
			one.Protocol = &protocol
		}
		if p.name != "" {
			name := intstr.FromString(p.name)
			one.Port = &name
		} else if p.lo != 0 {
			number := intstr.FromInt32(p.lo)
			one.Port = &number
			if p.hi != p.lo {
				one.EndPort = &p.hi
			}
		}
		list = append(list, one)
	}
	return list
}
