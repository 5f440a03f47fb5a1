package netpol

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Mapping says what of one side is the same thing under another name on the
// other. It is applied to one side before the comparison, and it exchanges
// labels and networks: what that side says of the target is then about the
// source. Namespaces are taken as they are.
type Mapping struct {
	Namespaces map[string]string             // by name
	Labels     map[string]string             // "key=value" by "key=value", or "key" by "key"
	CIDRs      map[netip.Prefix]netip.Prefix // of one family and length

	crossed map[string]bool // keys of which a value goes to another key
}

// Apply gives the side under its new names, and leaves the given one as it is.
// A CIDR that lies within a mapped one moves with it; one that is partly mapped
// is an error, since no single block says what it becomes. So are two things
// that would become one, as two labels of one pod may.
func (m Mapping) Apply(side Side) (Side, error) {
	m, err := m.exchanged()
	if err != nil {
		return Side{}, err
	}
	var mapped Side
	for _, n := range side.Namespaces {
		labels, err := m.labels(n.Labels)
		if err != nil {
			return Side{}, fault.Unable("mapping Namespace %s: %w", n.Name, err)
		}
		mapped.Namespaces = append(mapped.Namespaces, Namespace{m.namespace(n.Name), labels})
	}
	for _, w := range side.Workloads {
		labels, err := m.labels(w.Labels)
		if err != nil {
			return Side{}, fault.Unable("mapping %s in %s: %w", w.Name, w.Namespace, err)
		}
		w.Namespace, w.Labels, w.Addrs = m.namespace(w.Namespace), labels, slices.Clone(w.Addrs)
		for i := range w.Addrs {
			w.Addrs[i] = m.addr(w.Addrs[i])
		}
		mapped.Workloads = append(mapped.Workloads, w)
	}
	for _, p := range side.Policies {
		p = p.DeepCopy()
		if err := m.policy(p); err != nil {
			return Side{}, fault.Unable("mapping NetworkPolicy %s/%s: %w", p.Namespace, p.Name, err)
		}
		mapped.Policies = append(mapped.Policies, p)
	}
	return mapped, nil
}

func (m Mapping) namespace(name string) string {
	if renamed, known := m.Namespaces[name]; known {
		return renamed
	}
	return name
}

// label as it is called on the other side. The name label follows the
// namespaces.
func (m Mapping) label(key, value string) (string, string) {
	if key == NameLabel {
		return key, m.namespace(value)
	}
	if renamed, known := m.Labels[key+"="+value]; known {
		if newKey, newValue, pair := strings.Cut(renamed, "="); pair {
			return newKey, newValue
		}
	}
	return m.key(key), value
}

func (m Mapping) key(key string) string {
	if renamed, known := m.Labels[key]; known {
		return renamed
	}
	return key
}

func (m Mapping) labels(labels map[string]string) (map[string]string, error) {
	mapped := make(map[string]string, len(labels))
	for key, value := range maps.All(labels) {
		newKey, newValue := m.label(key, value)
		if _, twice := mapped[newKey]; twice {
			return nil, fault.Unable("two of its labels would become %s", newKey)
		}
		mapped[newKey] = newValue
	}
	return mapped, nil
}

// selector: the values of one requirement must go to one key.
func (m Mapping) selector(s *metav1.LabelSelector) error {
	if s == nil {
		return nil
	}
	for key, value := range s.MatchLabels {
		if err := m.whole(key, []string{value}); err != nil {
			return err
		}
	}
	if len(s.MatchLabels) > 0 {
		mapped, err := m.labels(s.MatchLabels)
		if err != nil {
			return err
		}
		s.MatchLabels = mapped
	}
	for i := range s.MatchExpressions {
		r := &s.MatchExpressions[i]
		if err := m.whole(r.Key, r.Values); err != nil {
			return err
		}
		key := m.key(r.Key)
		for j, value := range r.Values {
			var to string
			to, r.Values[j] = m.label(r.Key, value)
			if j > 0 && to != key {
				return fault.Unable("the values of its requirement on %s would go to different labels", r.Key)
			}
			key = to
		}
		r.Key = key
	}
	return nil
}

func (m Mapping) policy(p *networkingv1.NetworkPolicy) error {
	p.Namespace = m.namespace(p.Namespace)
	if err := m.selector(&p.Spec.PodSelector); err != nil {
		return err
	}
	for i := range p.Spec.Ingress {
		if err := m.peers(p.Spec.Ingress[i].From); err != nil {
			return err
		}
	}
	for i := range p.Spec.Egress {
		if err := m.peers(p.Spec.Egress[i].To); err != nil {
			return err
		}
	}
	return nil
}

func (m Mapping) peers(peers []networkingv1.NetworkPolicyPeer) error {
	for i := range peers {
		p := &peers[i]
		if err := m.selector(p.PodSelector); err != nil {
			return err
		}
		if err := m.selector(p.NamespaceSelector); err != nil {
			return err
		}
		if p.IPBlock == nil {
			continue
		}
		for _, cidr := range append([]*string{&p.IPBlock.CIDR}, pointers(p.IPBlock.Except)...) {
			if err := m.cidr(cidr); err != nil {
				return err
			}
		}
	}
	return nil
}

func pointers(list []string) []*string {
	all := make([]*string, len(list))
	for i := range list {
		all[i] = &list[i]
	}
	return all
}
