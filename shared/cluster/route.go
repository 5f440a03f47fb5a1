package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// GatewayGroup is the API group of the Gateway API.
const GatewayGroup = "gateway.networking.k8s.io"

// FenceAnnotation carries the lock's number on the route: a holder that was
// deposed while it slept fails its write instead of moving traffic.
const FenceAnnotation = "clawql.io/fence"

// Route moves the weights of one HTTPRoute between a stable and a canary Service.
type Route struct {
	cluster        *Cluster
	ref            Ref
	stable, canary string
	fence          int64
	pairs          []pair // from the last look; nil before the first
}

// RouteRef names an HTTPRoute.
func RouteRef(namespace, name string) Ref {
	return Ref{GatewayGroup + "/v1", "HTTPRoute", namespace, name}
}

// NewRoute makes the mover of route name, writing as holder fence.
func (c *Cluster) NewRoute(name, stable, canary string, fence int64) *Route {
	return &Route{cluster: c, ref: RouteRef(c.Namespace, name), stable: stable, canary: canary, fence: fence}
}

type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// Set writes the weights and gives the route's generation. It retries until
// ctx ends, which should have a limit: a route that somebody rewrote is looked
// at again. A write by a deposed holder is ErrDeposed; without the right to
// write there is nothing to retry.
func (r *Route) Set(ctx context.Context, stable, canary int64) (int64, error) {
	return r.insist(ctx, canary > 0, func() []operation {
		ops := []operation{}
		for _, p := range r.pairs {
			ops = append(ops, operation{"replace", p.canary + "/weight", canary}, operation{"replace", p.stable + "/weight", stable})
		}
		return ops
	})
}

// Cut gives stable everything and takes the canary out of the route, in one
// write: weight 0 alone would leave persisted sessions on the canary, which a
// gateway keeps there whatever the weight (GEP-1619). It is 0 without an
// error where no route leads to a canary.
func (r *Route) Cut(ctx context.Context) (int64, error) {
	return r.insist(ctx, false, func() []operation {
		ops := []operation{}
		for _, p := range r.pairs {
			ops = append(ops, operation{"replace", p.stable + "/weight", int64(100)}, operation{Op: "remove", Path: p.canary})
		}
		return ops
	})
}

func (r *Route) insist(ctx context.Context, needed bool, ops func() []operation) (int64, error) {
	for {
		generation, err := r.try(ctx, needed, ops)
		if err == nil || errors.Is(err, ErrDeposed) || ctx.Err() != nil || fault.Code(err) == fault.CodeNo || apierrors.IsForbidden(err) {
			return generation, err
		}
		r.pairs = nil
		select {
		case <-ctx.Done():
			return 0, err
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (r *Route) try(ctx context.Context, needed bool, ops func() []operation) (int64, error) {
	if len(r.pairs) == 0 { // none seen is no proof that there are none now
		generation, err := r.look(ctx)
		if err != nil {
			return 0, err
		}
		if len(r.pairs) == 0 && needed {
			return 0, fault.No("%s has no rule with the backends %s and %s", r.ref, r.stable, r.canary)
		}
		if len(r.pairs) == 0 {
			return generation, nil
		}
	}
	client, err := r.cluster.mapping(r.ref)
	if err != nil {
		return 0, err
	}
	body, err := json.Marshal(append(r.tests(), ops()...))
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	written, err := client.Patch(ctx, r.ref.Name, types.JSONPatchType, body, metav1.PatchOptions{FieldManager: FieldManager})
	if err != nil {
		return 0, r.cluster.Explain("moving weights of "+r.ref.String(), err)
	}
	return written.GetGeneration(), nil
}

// tests make the patch fail when the lock or the backends changed since the
// last look.
func (r *Route) tests() []operation {
	ops := []operation{{"test", "/metadata/annotations/clawql.io~1fence", strconv.FormatInt(r.fence, 10)}}
	for _, p := range r.pairs {
		ops = append(ops, operation{"test", p.canary + "/name", r.canary}, operation{"test", p.stable + "/name", r.stable})
	}
	return ops
}

// Prepare looks at the route now, so that a later Set or Cut is one request.
func (r *Route) Prepare(ctx context.Context) error {
	_, err := r.look(ctx)
	return err
}

// look reads the route and takes its fence. A route that is gone sends
// nothing to a canary.
func (r *Route) look(ctx context.Context) (generation int64, err error) {
	live, err := r.cluster.Get(ctx, r.ref)
	if err != nil {
		return 0, err
	}
	if live == nil {
		r.pairs = []pair{}
		return 0, nil
	}
	if fence, _ := strconv.ParseInt(live.GetAnnotations()[FenceAnnotation], 10, 64); fence > r.fence {
		return 0, fmt.Errorf("moving weights of %s as holder %d: %w", r.ref, r.fence, ErrDeposed)
	}
	if err := r.takeFence(ctx, live); err != nil {
		return 0, err
	}
	r.pairs = backendPairs(live, r.stable, r.canary)
	return live.GetGeneration(), nil
}

func (r *Route) takeFence(ctx context.Context, live *unstructured.Unstructured) error {
	if live.GetAnnotations()[FenceAnnotation] == strconv.FormatInt(r.fence, 10) {
		return nil
	}
	err := r.cluster.Patch(ctx, r.ref, map[string]any{"metadata": map[string]any{
		"resourceVersion": live.GetResourceVersion(),
		"annotations":     map[string]any{FenceAnnotation: strconv.FormatInt(r.fence, 10)}}})
	if apierrors.IsConflict(errors.Unwrap(err)) {
		return fault.Unable("%s changed while its lock was taken", r.ref)
	}
	return err
}

// highestFence is the highest number that any route of the namespace carries.
func (c *Cluster) highestFence(ctx context.Context) (highest int32, err error) {
	client, err := c.mapping(RouteRef(c.Namespace, ""))
	if err != nil {
		return 0, err
	}
	list, err := client.List(ctx, metav1.ListOptions{})
	if err != nil {
		return 0, c.Explain("reading the fences of the routes", err)
	}
	for _, route := range list.Items {
		if fence, err := strconv.ParseInt(route.GetAnnotations()[FenceAnnotation], 10, 32); err == nil {
			highest = max(highest, int32(fence))
		}
	}
	return highest, nil
}

// pair holds the JSON pointers of two backends of one rule.
type pair struct{ stable, canary string }

func backendPairs(route *unstructured.Unstructured, stable, canary string) []pair {
	pairs := []pair{}
	rules, _, _ := unstructured.NestedSlice(route.Object, "spec", "rules")
	for i, rule := range rules {
		var p pair
		fields, _ := rule.(map[string]any)
		backends, _ := fields["backendRefs"].([]any)
		for j, backend := range backends {
			entry, _ := backend.(map[string]any)
			pointer := fmt.Sprintf("/spec/rules/%d/backendRefs/%d", i, j)
			switch entry["name"] {
			case stable:
				p.stable = pointer
			case canary:
				p.canary = pointer
			}
		}
		if p.stable != "" && p.canary != "" {
			pairs = append(pairs, p)
		}
	}
	return pairs
}

// Weights reads the highest weight that any rule gives to stable, and to the
// canary: 0 for the canary means that no rule sends it anything.
func (r *Route) Weights(ctx context.Context) (stable, canary int64, err error) {
	live, err := r.cluster.Get(ctx, r.ref)
	if err != nil || live == nil {
		return 0, 0, err
	}
	eachBackend(live, func(entry map[string]any) {
		weight, set := entry["weight"].(int64)
		if !set {
			weight = 1
		}
		switch entry["name"] {
		case r.stable:
			stable = max(stable, weight)
		case r.canary:
			canary = max(canary, weight)
		}
	})
	return stable, canary, nil
}

// HasCanary says whether any rule names the canary, whatever its weight.
func (r *Route) HasCanary(ctx context.Context) (bool, error) {
	live, err := r.cluster.Get(ctx, r.ref)
	if err != nil || live == nil {
		return false, err
	}
	there := false
	eachBackend(live, func(entry map[string]any) { there = there || entry["name"] == r.canary })
	return there, nil
}

func eachBackend(route *unstructured.Unstructured, visit func(entry map[string]any)) {
	rules, _, _ := unstructured.NestedSlice(route.Object, "spec", "rules")
	for _, rule := range rules {
		fields, _ := rule.(map[string]any)
		backends, _ := fields["backendRefs"].([]any)
		for _, backend := range backends {
			entry, _ := backend.(map[string]any)
			visit(entry)
		}
	}
}

// InForce says whether every parent Gateway has accepted the route at this
// generation or a later one; the text says what is missing.
func (r *Route) InForce(ctx context.Context, generation int64) (bool, string, error) {
	return r.cluster.RouteInForce(ctx, r.ref, generation)
}

// RouteInForce is InForce for a route that moves no weights.
func (c *Cluster) RouteInForce(ctx context.Context, ref Ref, generation int64) (bool, string, error) {
	live, err := c.Get(ctx, ref)
	if err != nil {
		return false, "", err
	}
	if live == nil {
		return false, ref.String() + " is not there", nil
	}
	parents, _, _ := unstructured.NestedSlice(live.Object, "status", "parents")
	if len(parents) == 0 {
		return false, "no gateway controller has taken " + ref.String(), nil
	}
	for _, parent := range parents {
		status, _ := parent.(map[string]any)
		if missing := unaccepted(status, generation); missing != "" {
			return false, missing, nil
		}
	}
	return true, "", nil
}

// Unresolved says which backend a Gateway cannot find, empty where it has not
// complained: the share of a backend that is gone is answered with 500
// (Gateway API, HTTPBackendRef).
func (r *Route) Unresolved(ctx context.Context) (string, error) {
	live, err := r.cluster.Get(ctx, r.ref)
	if err != nil || live == nil {
		return "", err
	}
	parents, _, _ := unstructured.NestedSlice(live.Object, "status", "parents")
	for _, parent := range parents {
		status, _ := parent.(map[string]any)
		conditions, _ := status["conditions"].([]any)
		for _, entry := range conditions {
			condition, _ := entry.(map[string]any)
			seen, _ := condition["observedGeneration"].(int64)
			if condition["type"] == "ResolvedRefs" && condition["status"] == "False" && seen == live.GetGeneration() {
				return fmt.Sprintf("the gateway cannot resolve a backend of %s: %v: %v", r.ref, condition["reason"], condition["message"]), nil
			}
		}
	}
	return "", nil
}

func unaccepted(status map[string]any, generation int64) string {
	conditions, _ := status["conditions"].([]any)
	for _, entry := range conditions {
		condition, _ := entry.(map[string]any)
		if condition["type"] != "Accepted" {
			continue
		}
		if seen, _ := condition["observedGeneration"].(int64); seen < generation {
			return fmt.Sprintf("the gateway has seen generation %d of %d", seen, generation)
		}
		if condition["status"] != "True" {
			return fmt.Sprintf("the gateway refuses the route: %v: %v", condition["reason"], condition["message"])
		}
		return ""
	}
	return "the gateway has not said whether it accepts the route"
}
