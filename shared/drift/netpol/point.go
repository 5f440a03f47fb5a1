package netpol

import (
	"errors"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Endpoint is one end of a connection: a pod, or, without a Namespace, an
// address outside the cluster. A pod's Addr may be unknown.
type Endpoint struct {
	Namespace       string
	NamespaceLabels map[string]string
	Name            string // of the workload; empty for a pod that does not exist yet
	Labels          map[string]string
	Ports           []ContainerPort
	Addr            netip.Addr
}

// Connection is one connection between two different endpoints.
type Connection struct {
	Src, Dst Endpoint
	Protocol corev1.Protocol
	Port     int32
}

// End is what one end's policies say of a connection, by policy name.
type End struct {
	Isolating []string // select the pod for this direction; none: all is let through
	Allowing  []string // those of them that let the connection through
}

// Open says whether this end lets the connection through.
func (e End) Open() bool { return len(e.Isolating) == 0 || len(e.Allowing) > 0 }

// Verdict is what a side's policies say of a connection.
type Verdict struct{ Egress, Ingress End }

// Allowed needs both ends.
func (v Verdict) Allowed() bool { return v.Egress.Open() && v.Ingress.Open() }

// Evaluate says what policies do to one connection. It reads the policies as
// they are and shares nothing with the comparison, whose witnesses it checks.
// A policy that it cannot read, and an ipBlock that meets a pod without a
// known address, is an error.
func Evaluate(policies []*networkingv1.NetworkPolicy, c Connection) (Verdict, error) {
	var v Verdict
	for _, policy := range policies {
		if err := evaluatePolicy(policy, c, &v); err != nil {
			return Verdict{}, fault.Unable("evaluating NetworkPolicy %s/%s: %w", policy.Namespace, policy.Name, err)
		}
	}
	for _, names := range [][]string{v.Egress.Isolating, v.Egress.Allowing, v.Ingress.Isolating, v.Ingress.Allowing} {
		slices.Sort(names)
	}
	return v, nil
}

func evaluatePolicy(policy *networkingv1.NetworkPolicy, c Connection, v *Verdict) error {
	if has(policy, networkingv1.PolicyTypeEgress) {
		err := evaluateEnd(policy, c.Src, &v.Egress, func() (bool, error) {
			return anyRule(policy.Spec.Egress, func(r networkingv1.NetworkPolicyEgressRule) (bool, error) {
				return ruleMatches(r.To, r.Ports, policy.Namespace, c.Dst, c)
			})
		})
		if err != nil {
			return err
		}
	}
	if !has(policy, networkingv1.PolicyTypeIngress) {
		return nil
	}
	return evaluateEnd(policy, c.Dst, &v.Ingress, func() (bool, error) {
		return anyRule(policy.Spec.Ingress, func(r networkingv1.NetworkPolicyIngressRule) (bool, error) {
			return ruleMatches(r.From, r.Ports, policy.Namespace, c.Src, c)
		})
	})
}

// has applies the defaulting of policyTypes: Ingress always, Egress where
// there are egress rules.
func has(policy *networkingv1.NetworkPolicy, kind networkingv1.PolicyType) bool {
	if types := policy.Spec.PolicyTypes; len(types) > 0 {
		return slices.Contains(types, kind)
	}
	return kind == networkingv1.PolicyTypeIngress || len(policy.Spec.Egress) > 0
}

func evaluateEnd(policy *networkingv1.NetworkPolicy, subject Endpoint, end *End, allows func() (bool, error)) error {
	if subject.Namespace == "" || subject.Namespace != policy.Namespace {
		return nil
	}
	if selected, err := selects(&policy.Spec.PodSelector, subject.Labels); err != nil || !selected {
		return err
	}
	end.Isolating = append(end.Isolating, policy.Name)
	allowed, err := allows()
	if err == nil && allowed {
		end.Allowing = append(end.Allowing, policy.Name)
	}
	return err
}

// errAddress: an ipBlock was asked about a pod whose address is unknown.
var errAddress = errors.New("an ipBlock is to be matched with a pod whose address is unknown")

// anyRule asks every rule, so that a broken one is never passed over. One that
// cannot be told does not matter where another matches.
func anyRule[R any](rules []R, matches func(R) (bool, error)) (bool, error) {
	allowed := false
	var unknown error
	for _, rule := range rules {
		match, err := matches(rule)
		switch {
		case errors.Is(err, errAddress):
			unknown = err
		case err != nil:
			return false, err
		}
		allowed = allowed || match
	}
	if allowed {
		return true, nil
	}
	return false, unknown
}

func ruleMatches(peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort, namespace string, other Endpoint, c Connection) (bool, error) {
	peer, err := anyRule(peers, func(p networkingv1.NetworkPolicyPeer) (bool, error) {
		return peerMatches(p, namespace, other)
	})
	if err != nil {
		return false, err
	}
	return (len(peers) == 0 || peer) && portMatches(ports, c), nil
}

func peerMatches(peer networkingv1.NetworkPolicyPeer, namespace string, other Endpoint) (bool, error) {
	if peer.IPBlock != nil {
		return blockMatches(peer.IPBlock, other.Addr)
	}
	if other.Namespace == "" {
		return false, nil
	}
	if peer.NamespaceSelector == nil {
		if other.Namespace != namespace {
			return false, nil
		}
	} else if match, err := selects(peer.NamespaceSelector, other.NamespaceLabels); err != nil || !match {
		return false, err
	}
	if peer.PodSelector == nil {
		return true, nil
	}
	return selects(peer.PodSelector, other.Labels)
}

func selects(selector *metav1.LabelSelector, set map[string]string) (bool, error) {
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return false, err
	}
	return parsed.Matches(labels.Set(set)), nil
}

func blockMatches(block *networkingv1.IPBlock, addr netip.Addr) (bool, error) {
	if !addr.IsValid() {
		return false, errAddress
	}
	within, err := netip.ParsePrefix(block.CIDR)
	if err != nil || !within.Contains(addr) {
		return false, err
	}
	for _, text := range block.Except {
		except, err := netip.ParsePrefix(text)
		if err != nil || except.Contains(addr) {
			return false, err
		}
	}
	return true, nil
}

func portMatches(ports []networkingv1.NetworkPolicyPort, c Connection) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p networkingv1.NetworkPolicyPort) bool {
		protocol := corev1.ProtocolTCP
		if p.Protocol != nil {
			protocol = *p.Protocol
		}
		switch {
		case protocol != c.Protocol:
			return false
		case p.Port == nil:
			return true
		case p.Port.Type == intstr.String:
			return declares(c.Dst, p.Port.StrVal, c)
		case p.EndPort != nil:
			return p.Port.IntVal <= c.Port && c.Port <= *p.EndPort
		}
		return p.Port.IntVal == c.Port
	})
}

// declares: a named port is the number that the destination gives to it.
func declares(dst Endpoint, name string, c Connection) bool {
	return slices.ContainsFunc(dst.Ports, func(p ContainerPort) bool {
		protocol := p.Protocol
		if protocol == "" {
			protocol = corev1.ProtocolTCP
		}
		return p.Name == name && protocol == c.Protocol && p.Number == c.Port
	})
}
