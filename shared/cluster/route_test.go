package cluster

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func backendRef(name string, weight int64) map[string]any {
	return map[string]any{"group": "", "kind": "Service", "name": name, "port": int64(80), "weight": weight}
}

func routeObject(c *Cluster, fence int64, rules ...any) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": GatewayGroup + "/v1", "kind": "HTTPRoute",
		"metadata": map[string]any{"name": "gw", "namespace": c.Namespace},
		"spec":     map[string]any{"parentRefs": []any{map[string]any{"name": "nobody"}}, "rules": rules}}}
	if fence > 0 {
		o.SetAnnotations(map[string]string{FenceAnnotation: fmt.Sprint(fence)})
	}
	return o
}

func rules(backends ...any) map[string]any { return map[string]any{"backendRefs": backends} }

func putRoute(t *testing.T, c *Cluster, fence, stable, canary int64) {
	t.Helper()
	_, err := c.Apply(context.Background(), routeObject(c, fence, rules(backendRef("gw", stable), backendRef("gw-canary", canary))), false)
	must(t, err)
}

func wantWeights(t *testing.T, r *Route, stable, canary int64) {
	t.Helper()
	s, k, err := r.Weights(context.Background())
	if err != nil || s != stable || k != canary {
		t.Errorf("weights %d/%d, %v; want %d/%d", s, k, err, stable, canary)
	}
}

func brief(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestWeightsMoveAndTheCutTakesTheCanaryOut(t *testing.T) {
	c := connect(t)
	putRoute(t, c, 3, 100, 0)
	r := c.NewRoute("gw", "gw", "gw-canary", 3)
	before, err := r.Set(brief(t), 95, 5)
	must(t, err)
	wantWeights(t, r, 95, 5)
	after, err := r.Cut(brief(t))
	must(t, err)
	wantWeights(t, r, 100, 0)
	if there, err := r.HasCanary(brief(t)); there || err != nil || after <= before {
		t.Errorf("canary %t, %v; generations %d, %d", there, err, before, after)
	}
	again, err := r.Cut(brief(t)) // by a successor, or again
	if err != nil || again != after {
		t.Errorf("second cut: %d, %v", again, err)
	}
	if _, err := r.Set(brief(t), 95, 5); fault.Code(err) != fault.CodeNo {
		t.Errorf("weight for a canary that is not there: %v", err)
	}
}

func TestDeposedWriterFails(t *testing.T) {
	c := connect(t)
	putRoute(t, c, 3, 100, 0)
	old := c.NewRoute("gw", "gw", "gw-canary", 3)
	must(t, old.Prepare(brief(t))) // it looked, and then slept
	must(t, c.NewRoute("gw", "gw", "gw-canary", 4).Prepare(brief(t)))
	if _, err := old.Set(brief(t), 0, 100); !errors.Is(err, ErrDeposed) {
		t.Errorf("set by the deposed: %v", err)
	}
	if _, err := old.Cut(brief(t)); !errors.Is(err, ErrDeposed) {
		t.Errorf("cut by the deposed: %v", err)
	}
	wantWeights(t, old, 100, 0)
}

// Somebody rewrites the route in between, with rules in another order and
// without our annotation: it is looked at again, and the move still holds.
func TestRouteRewrittenBySomebodyElse(t *testing.T) {
	c, ctx := connect(t), context.Background()
	putRoute(t, c, 3, 95, 5)
	r := c.NewRoute("gw", "gw", "gw-canary", 3)
	must(t, r.Prepare(ctx))
	must(t, c.Delete(ctx, RouteRef(c.Namespace, "gw")))
	_, err := c.Apply(ctx, routeObject(c, 0, rules(backendRef("other", 1)), rules(backendRef("gw-canary", 70), backendRef("gw", 30))), false)
	must(t, err)
	_, err = r.Set(brief(t), 90, 10)
	must(t, err)
	wantWeights(t, r, 90, 10)
	_, err = r.Cut(brief(t))
	must(t, err)
	wantWeights(t, r, 100, 0)
	live, err := c.Get(ctx, RouteRef(c.Namespace, "gw"))
	must(t, err)
	first, _, _ := unstructured.NestedSlice(live.Object, "spec", "rules")
	if backends := first[0].(map[string]any)["backendRefs"].([]any); backends[0].(map[string]any)["name"] != "other" {
		t.Errorf("a foreign rule changed: %v", backends)
	}
}

func TestEveryRuleMovesAndTheHighestWeightCounts(t *testing.T) {
	c := connect(t)
	both := rules(backendRef("gw", 95), backendRef("gw-canary", 5))
	_, err := c.Apply(context.Background(), routeObject(c, 1, both, rules(backendRef("gw", 100), backendRef("gw-canary", 0))), false)
	must(t, err)
	r := c.NewRoute("gw", "gw", "gw-canary", 1)
	if _, canary, err := r.Weights(context.Background()); canary != 5 || err != nil {
		t.Errorf("a rule still sends the canary 5, read was %d, %v", canary, err)
	}
	_, err = r.Cut(brief(t))
	must(t, err)
	if there, err := r.HasCanary(brief(t)); there || err != nil {
		t.Errorf("canary %t, %v", there, err)
	}
}

func TestRouteThatIsGoneSendsNothing(t *testing.T) {
	c := connect(t)
	r := c.NewRoute("gw", "gw", "gw-canary", 1)
	if generation, err := r.Cut(brief(t)); generation != 0 || err != nil {
		t.Errorf("%d, %v", generation, err)
	}
	if ok, missing, err := r.InForce(brief(t), 1); ok || missing == "" || err != nil {
		t.Errorf("%t, %q, %v", ok, missing, err)
	}
	wantWeights(t, r, 0, 0)
}

// No controller has taken a route whose parent does not exist.
func TestUnacceptedRouteIsNotInForce(t *testing.T) {
	c := connect(t)
	putRoute(t, c, 1, 100, 0)
	if ok, missing, err := c.RouteInForce(brief(t), RouteRef(c.Namespace, "gw"), 1); ok || missing == "" || err != nil {
		t.Errorf("%t, %q, %v", ok, missing, err)
	}
}
