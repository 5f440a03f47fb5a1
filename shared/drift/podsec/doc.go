// Package podsec compares what two sides' Pod Security settings let run: the
// labels of namespaces (what would be admitted) and the pods of workloads
// (what runs by its template).
//
// # Admission
//
// The standard is Kubernetes' own: the checks of k8s.io/pod-security-admission,
// levels privileged, baseline and restricted, each in a version. Two settings
// are compared by the pods that they admit. A probe pod for each check, which
// fails that check and no other, and every workload's own pod are asked; a pod
// that one side admits and the other refuses is the witness. The evaluator
// that answers is asked a second time for the whole pod before it is printed.
// A namespace without a label has its cluster's default, which a folder of
// manifests does not tell: privileged is taken, as Kubernetes does.
//
// # Workloads
//
// The template of a workload that both sides have, or only one, is asked check
// by check at the latest version of the level restricted. A check that one
// side's pod fails and the other's passes is a finding: the side that fails it
// is the more permissive one. What no check asks about (images, variables) is
// not compared here.
package podsec
