// Package posture holds the controls that every deploy applies to what an
// overlay describes, and says where the overlay contradicts them.
//
// The rule is the same for all of them: what the overlay leaves out is set,
// what it sets securely is kept, and what it sets insecurely is a Violation.
// Nothing but a recorded exception (Settings.Excepted) switches a control off;
// then the control neither sets nor refuses anything.
//
// Controls lists them with their sources. GatewayShape, Namespaced and Readable
// are conditions of a deploy and know no exception.
//
// What the gateway may reach is ours to decide, as no source settles it: the
// cluster's resolver in kube-system, and HTTPS at public addresses, because it
// exists to call APIs. Private ranges and the provider's metadata service are
// left out; what it needs there, clawql.yaml names. It may be reached by the
// data plane's namespace and, on the port of /metrics, by monitoring's. So a
// Service of type LoadBalancer leads to no pod any more where the network
// enforces policies: traffic comes through the Gateway, where weights hold.
//
// Where exceptions let pods through that Pod Security restricted refuses, the
// namespace enforces the strictest level that still admits them
// (Result.PodSecurityLevel), and goes on auditing and warning at restricted.
//
// The package is pure: no I/O and no clock. Kubernetes' own Pod Security checks
// (k8s.io/pod-security-admission/policy) run over every result, so that what
// this package calls secure is never what the cluster would refuse.
package posture
