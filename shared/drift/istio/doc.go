// Package istio compares what two sides' Istio policies let through:
// PeerAuthentication (plain text or not) and AuthorizationPolicy (who may ask
// for what).
//
// Objects that differ are looked at one by one: the other side's form is put
// into `to`, and requests drawn from the rules of both sides are asked of both.
// A request that the whole of the one side allows and the other refuses is the
// witness. What no drawn request shows is "different".
//
// PeerAuthentication: a workload's policy goes before its namespace's, that
// before the mesh's (namespace istio-system); UNSET inherits, and where nothing
// is said the mode is PERMISSIVE. STRICT refuses plain text; DISABLE sends it
// even between pods of the mesh, which PERMISSIVE does not. Ports have modes of
// their own in policies of workloads. A mesh's policy counts where
// istio-system is part of what is compared.
//
// AuthorizationPolicy: DENY goes first; without any ALLOW all is allowed;
// otherwise one has to match. CUSTOM, conditions (`when`), target references,
// path templates and fields that are not listed in the code tell nothing:
// where a namespace or the mesh has them, all differences are "different".
package istio
