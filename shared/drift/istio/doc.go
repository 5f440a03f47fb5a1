// Package istio compares what two sides' Istio policies let through:
// PeerAuthentication (plain text or not) and AuthorizationPolicy (who may ask
// for what).
//
// All rules of both sides that hold in a namespace are put together, and every
// kind of request that they can tell apart is looked for: part by part (port,
// host, method, path, headers, sender, addresses, token) values are drawn so
// that each combination of answers of the rules is given by one of them, and
// requests which the same rules are left to match are one kind. A kind that one
// side lets through and the other refuses is the witness; it is told of the
// policies that are by themselves enough for the difference. What differs, and
// not only in order, and shows in no kind of request is "different".
//
// PeerAuthentication: a workload's policy goes before its namespace's, that
// before the mesh's (namespace istio-system); UNSET inherits, and where nothing
// is said the mode is PERMISSIVE. STRICT refuses plain text; DISABLE sends it
// even between pods of the mesh, which PERMISSIVE does not. Ports have modes of
// their own in policies of workloads. A mesh's policy counts where
// istio-system is part of what is compared.
//
// AuthorizationPolicy: DENY goes first; without any ALLOW all is allowed;
// otherwise one has to match. AUDIT and a dry run (the annotation
// istio.io/dry-run) decide nothing. A port of which Istio does not know that it
// is HTTP is asked about as TCP: there a rule of an ALLOW that asks for
// something of HTTP matches nothing, and one of a DENY does not ask for it.
// Tokens count where a RequestAuthentication verifies those of their issuer.
//
// CUSTOM, target references, path templates, claims within claims, conditions
// on the server's name, the destination's address or Envoy's filters, and
// fields that are not listed in the code tell nothing: where a namespace or the
// mesh has them, all differences are "different". So it is where two policies
// for one pod stand in one scope, of which the older one counts, and where a
// rule asks about tokens and the sides do not verify the same ones.
package istio
