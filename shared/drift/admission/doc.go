// Package admission compares what two sides' admission policies refuse:
// Kyverno's ClusterPolicy and Policy, and Kubernetes' own
// ValidatingAdmissionPolicy with its bindings.
//
// A policy's own tests (patterns, expressions, signatures) are not read. What
// is compared is whether a request that fails them is refused: a Kyverno rule
// refuses where it is there, matches the kind, and its failure action is
// Enforce (it is Audit where nothing is said); a ValidatingAdmissionPolicy
// where a binding to it has the action Deny. A failure policy (Fail where
// nothing is said) decides what becomes of a request that could not be tested.
// The witness is such a request.
//
// All other differences of a policy are "different": other tests, other
// exclusions, selectors, another issuer or subject of image signatures, and
// overrides of the failure action by namespace.
package admission
