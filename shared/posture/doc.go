// Package posture holds the controls that every deploy applies to what an
// overlay describes, and says where the overlay contradicts them.
//
// The rule is the same for all of them: what the overlay leaves out is set,
// what it sets securely is kept, and what it sets insecurely is a Violation.
// Nothing but a recorded exception (Settings.Excepted) switches a control off;
// then the control neither sets nor refuses anything.
//
// The package is pure: no I/O and no clock. Kubernetes' own Pod Security checks
// (k8s.io/pod-security-admission/policy) run over every result, so that what
// this package calls secure is never what the cluster would refuse.
package posture
