package netpol

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"go4.org/netipx"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// policy is a NetworkPolicy with its selectors and blocks replaced by their
// numbers in a table.
type policy struct {
	object   *networkingv1.NetworkPolicy
	subject  int
	isolates [2]bool   // by direction
	rules    [2][]rule // by direction
	differs  bool      // the other side has none of this name, or another text
}

type rule struct {
	peers []peer // none: everybody
	ports *ports
}

// peer is pods (block < 0) or a block. Without a namespace selector
// (namespace < 0) the pods are those of the policy's own namespace.
type peer struct{ namespace, pod, block int }

// table numbers what both sides' policies name, equal selectors once.
type table struct {
	pods, namespaces selectors
	blocks           []*netipx.IPSet
	blockAt          map[string]int
	ports            map[string]*ports // equal ones once
}

type selectors struct {
	boxes map[int]box
	at    map[string]int
}

func (s *selectors) number(selector *metav1.LabelSelector) (int, error) {
	b, err := boxOf(selector)
	if err != nil {
		return 0, err
	}
	if i, known := s.at[b.String()]; known {
		return i, nil
	}
	if s.at == nil {
		s.at, s.boxes = map[string]int{}, map[int]box{}
	}
	i := len(s.boxes)
	s.at[b.String()], s.boxes[i] = i, b
	return i, nil
}

// matched is the numbers of the selectors that labels satisfy.
func (s *selectors) matched(labels map[string]string) bits {
	var b bits
	for i := range len(s.boxes) {
		if s.boxes[i].matches(labels) {
			b = b.with(i)
		}
	}
	return b
}

func (t *table) block(block *networkingv1.IPBlock) (int, error) {
	set, err := blockOf(block)
	if err != nil {
		return 0, err
	}
	key := ""
	for _, r := range set.Ranges() {
		key += r.String() + " "
	}
	if i, known := t.blockAt[key]; known {
		return i, nil
	}
	if t.blockAt == nil {
		t.blockAt = map[string]int{}
	}
	t.blockAt[key] = len(t.blocks)
	t.blocks = append(t.blocks, set)
	return len(t.blocks) - 1, nil
}

// compile reads a side's policies, by namespace and sorted by name. A policy
// that the API server would refuse is an error: nothing can be said of it.
func (t *table) compile(list []*networkingv1.NetworkPolicy) (map[string][]*policy, error) {
	all := map[string][]*policy{}
	list = slices.SortedFunc(slices.Values(list), func(a, b *networkingv1.NetworkPolicy) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	for i, object := range list {
		if i > 0 && object.Namespace == list[i-1].Namespace && object.Name == list[i-1].Name {
			return nil, fault.Unable("reading NetworkPolicy %s/%s: it is there twice", object.Namespace, object.Name)
		}
		p, err := t.policy(object)
		if err != nil {
			return nil, fault.Unable("reading NetworkPolicy %s/%s: %w", object.Namespace, object.Name, err)
		}
		all[object.Namespace] = append(all[object.Namespace], p)
	}
	return all, nil
}

func (t *table) policy(object *networkingv1.NetworkPolicy) (*policy, error) {
	spec := &object.Spec
	if object.Namespace == "" {
		return nil, fault.Unable("it has no namespace")
	}
	p := &policy{object: object}
	var err error
	if p.subject, err = t.pods.number(&spec.PodSelector); err != nil {
		return nil, err
	}
	if err := p.types(spec); err != nil {
		return nil, err
	}
	for _, r := range spec.Ingress {
		if err := t.rule(p, ingress, r.From, r.Ports); err != nil {
			return nil, err
		}
	}
	for _, r := range spec.Egress {
		if err := t.rule(p, egress, r.To, r.Ports); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// types: without policyTypes a policy is one for ingress, and for egress where
// it has egress rules. Rules of a direction that is not listed do nothing.
func (p *policy) types(spec *networkingv1.NetworkPolicySpec) error {
	if len(spec.PolicyTypes) == 0 {
		p.isolates = [2]bool{ingress: true, egress: len(spec.Egress) > 0}
	}
	for _, kind := range spec.PolicyTypes {
		switch kind {
		case networkingv1.PolicyTypeIngress:
			p.isolates[ingress] = true
		case networkingv1.PolicyTypeEgress:
			p.isolates[egress] = true
		default:
			return fault.Unable("policyTypes %q: they must be Ingress and Egress", kind)
		}
	}
	return nil
}

func (t *table) rule(p *policy, d direction, peers []networkingv1.NetworkPolicyPeer, list []networkingv1.NetworkPolicyPort) error {
	r := rule{}
	var err error
	if r.ports, err = t.portsOf(list); err != nil {
		return err
	}
	for i := range peers {
		one, err := t.peer(&peers[i])
		if err != nil {
			return err
		}
		r.peers = append(r.peers, one)
	}
	if p.isolates[d] {
		p.rules[d] = append(p.rules[d], r)
	}
	return nil
}

func (t *table) portsOf(list []networkingv1.NetworkPolicyPort) (*ports, error) {
	p, err := portsOf(list)
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("%v %q", p.numbers, p.names)
	if known := t.ports[key]; known != nil {
		return known, nil
	}
	if t.ports == nil {
		t.ports = map[string]*ports{}
	}
	t.ports[key] = p
	return p, nil
}

func (t *table) peer(given *networkingv1.NetworkPolicyPeer) (peer, error) {
	one := peer{namespace: -1, pod: -1, block: -1}
	selects := given.PodSelector != nil || given.NamespaceSelector != nil
	if selects == (given.IPBlock != nil) {
		return one, fault.Unable("a peer must have selectors, or an ipBlock alone")
	}
	var err error
	if given.IPBlock != nil {
		one.block, err = t.block(given.IPBlock)
		return one, err
	}
	pods := given.PodSelector
	if pods == nil {
		pods = &metav1.LabelSelector{}
	}
	if one.pod, err = t.pods.number(pods); err == nil && given.NamespaceSelector != nil {
		one.namespace, err = t.namespaces.number(given.NamespaceSelector)
	}
	return one, err
}

// markDifferences compares the sides' texts, policy by policy, and says which
// namespaces have policies that differ.
func markDifferences(sides [2]map[string][]*policy) (map[string]bool, error) {
	texts := [2]map[string]string{{}, {}}
	for s, all := range sides {
		for namespace, policies := range all {
			for _, p := range policies {
				text, err := json.Marshal(p.object.Spec)
				if err != nil {
					return nil, err
				}
				texts[s][namespace+"/"+p.object.Name] = string(text)
			}
		}
	}
	changed := map[string]bool{}
	for s, all := range sides {
		for namespace, policies := range all {
			for _, p := range policies {
				name := namespace + "/" + p.object.Name
				p.differs = texts[s][name] != texts[1-s][name]
				changed[namespace] = changed[namespace] || p.differs
			}
		}
	}
	return changed, nil
}
