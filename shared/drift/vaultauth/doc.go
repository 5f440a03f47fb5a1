// Package vaultauth compares who may log in to two sides' Vaults, and what the
// token that they get may do, and proves each difference with one login.
//
// # Semantics
//
// Those of Vault 1.21.1: vault/router.go (the type of a token),
// vault/request_handling.go (policies), sdk/framework/lease.go (times),
// vault/token_store.go (token roles), builtin/credential, and the plugins
// kubernetes 0.23.1 and jwt 0.25.0 with cap/jwt. Fields are what Vault shows
// when they are read, or what one writes.
//
// # How it is compared
//
// A login passes a role where it passes each of its conditions, and these look
// at different parts of the login: the name of a service account, its
// namespace, the audience, an address. So one role lets something in that
// another does not exactly where it lets anything in at all, and one of its
// conditions takes a value that the other's does not take (gate). Names with *
// are told apart by an automaton of all patterns of both sides, addresses by
// where blocks begin and end, times and counts by their order. Where two
// conditions look at the same part (a subject that is bound twice) they are one
// gate; where they would and are not told apart, the fields are opaque.
//
// A token is compared by what its policies allow (package vaultacl), by how
// long it lives, with and without renewals, how often and from where it works.
//
// Opaque fields are presumed to be met, by a login that the witness does not
// tell more of; where they differ that is a finding without a direction, and
// incomplete where the field is not known. What the mount decides is one finding
// at the mount.
//
// Evaluate decides one login, by reading the role as Vault does. It shares with
// the comparison how values of fields are read, and nothing of the decisions.
package vaultauth
