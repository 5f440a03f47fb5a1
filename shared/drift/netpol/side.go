package netpol

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// NameLabel is the label that the API server sets on every namespace.
const NameLabel = corev1.LabelMetadataName

// Side is what one side of a comparison holds. Names and labels of both sides
// must already be mapped onto one another (see Mapping).
type Side struct {
	// Namespaces are those whose policies are known in full. A namespace that
	// a policy or a workload names and this list lacks has no labels but its
	// name. One that only the other side has is taken to exist here without a
	// policy: that is what would hold a pod in it.
	Namespaces []Namespace
	Workloads  []Workload
	Policies   []*networkingv1.NetworkPolicy
}

// Namespace is a namespace and its labels; NameLabel is added where it lacks.
type Namespace struct {
	Name   string
	Labels map[string]string
}

// Workload stands for pods that are alike. Both sides' workloads of one
// namespace and name are compared with one another, each with its own labels
// and ports; so Name is that of the owner, such as Deployment/web, and not one
// that changes with each rollout. Pods on the host's network must not be
// listed: NetworkPolicy does not define what it means for them.
type Workload struct {
	Namespace string
	Name      string
	Labels    map[string]string
	Ports     []ContainerPort
	// Addrs are the pods' addresses; none means any of the pod networks.
	Addrs []netip.Addr
}

// ContainerPort is a port that a container declares. Name may be empty, an
// empty Protocol is TCP, Number is 1 to 65535.
type ContainerPort struct {
	Name     string
	Protocol corev1.Protocol
	Number   int32
}

// protocols are those that a NetworkPolicy can name; index and value go
// together all through the package.
var protocols = [...]corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP}

// protocolIndex is -1 for what is no protocol of a NetworkPolicy.
func protocolIndex(p corev1.Protocol) int {
	if p == "" {
		return 0
	}
	for i, known := range protocols {
		if p == known {
			return i
		}
	}
	return -1
}

// direction is the direction of traffic as its subject sees it.
type direction int

const (
	ingress direction = iota
	egress
)

func (d direction) String() string {
	if d == ingress {
		return "ingress"
	}
	return "egress"
}
