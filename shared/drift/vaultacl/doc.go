// Package vaultacl compares what two sides' Vault ACL policies allow, and
// proves each difference with one request.
//
// # Semantics
//
// Those of Vault 1.21 (vault/acl.go, vault/policy.go). Of all rules that match
// a path one alone decides: an exact one; else the one whose first + or *
// stands last; then one without a trailing *; with fewer +; the longer; the
// later in the alphabet. A + is one whole segment, a trailing * any
// continuation. Rules of the same path are merged: deny wins, capabilities and
// parameter lists join, the shorter wrapping times hold. A list asks for the
// path without its slash too. Parameters and wrapping times restrict create,
// read, update, patch and recover. The policy root may do everything.
//
// Templates ({{identity...}}) are taken as they are written, for a value that
// equals nothing else. Values of parameters are strings: beside those that the
// lists name, their globs, one that they do not name, and pairs of these joined
// by a comma are compared; lists of anything else than strings make the result
// incomplete where they differ, and so do control groups, MFA and event types.
//
// # How it is compared
//
// Because the most specific rule wins, a rule less may allow more: rules cannot
// be compared one by one. For paths of each length the patterns of both sides,
// with all their intersections, are built; for each the most general path that
// lies in it, whose other segments no rule names. Every path is treated by both
// sides as one of these is. Evaluate, which walks the rules as Vault does,
// confirms each witness; it shares the reading and merging of policies and the
// matching of values with the comparison, so the real Vault checks those.
package vaultacl
