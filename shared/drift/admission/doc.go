// Package admission compares what two sides' admission policies refuse:
// Kyverno's ClusterPolicy and Policy, and Kubernetes' own
// ValidatingAdmissionPolicy with its bindings.
//
// # Requests
//
// A rule of one side is asked about requests: creations of objects of each kind
// that it names, with the names, namespaces and labels of which rules of both
// sides speak, and new ones. Answers are no, maybe or yes (truth). A request
// that the rule surely refuses, and nothing of the whole other side does, is a
// witness; Refuses in point.go, which walks the raw objects, has to agree.
//
// A policy's own tests (patterns, expressions, signatures) are not understood.
// A request fails the tests of one rule and passes all others, so the other
// side refuses it where the same tests (without their messages, in any order)
// are in force. A rule that only the other side has may test for the same in
// other words: then nothing is certain, unless both are patterns over fields
// that have nothing in common. A request may also be one that could not be
// tested: failure policies decide about those.
//
// # The same in other words
//
// Order, defaults, a rule or binding split in two and names change nothing:
// both objects, or all that a side says, then have the same canonical form
// (canon.go). Where somebody calls rules by name (PolicyException), names
// count. What differs and was told by no request is "different"; and what was told
// in one direction only, unless it surely has no other (settled.go).
//
// The meaning of matches, actions and defaults is that of Kyverno 1.19 and
// Kubernetes 1.35; tests ask both.
package admission
