// Package netpol compares what two sides' NetworkPolicies (networking.k8s.io/v1)
// let through, and proves each difference with one connection.
//
// # Semantics
//
// As the API documents it: a pod that no policy selects for a direction is open
// in it; one that is selected is isolated, and what any rule of those policies
// allows is let through. A connection needs the source's egress and the
// destination's ingress; an address outside the cluster has neither. Protocols
// are TCP, UDP and SCTP, ports 1 to 65535; what a policy does to others, such
// as ICMP, is not defined. A pod always reaches itself.
//
// An ipBlock matches pods by their address too. A pod without a known address
// may have any of the pod networks.
//
// # How it is compared
//
// The pods that could ever be are cut into classes that all policies of both
// sides treat alike: each selector cuts the space of label sets of a namespace
// in two, and only parts that some label set satisfies are kept. So a policy
// that nothing runs under yet, a missing default-deny for instance, is seen.
// Namespaces that do not exist yet are cut in the same way, addresses at the
// edges of the ipBlocks. Existing workloads lie in these classes and give a
// witness its names; one whose labels or ports are not the same on both sides
// is a class of its own. For two classes the sets of ports that each side lets
// through are compared as intervals.
//
// A port with a name is resolved at the destination. A pod to come may give any
// number to it: the comparison asks for each choice of at most two names for the
// port in question (see region.namings).
//
// Differences are grouped by the object that can be the cause. Compare checks
// every witness with Evaluate, which shares no code with the comparison.
package netpol
