package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/cluster"
	"github.com/clawql/clawql-workbench/shared/fault"
)

// rollbackLimit bounds a rollback whose API server is away.
const rollbackLimit = 5 * time.Minute

// rollBack takes the new version out of the traffic, first and whatever the
// state of stable, then writes the record, then undoes the rest. It outlives
// an interrupt. The error is the verdict (exit 1), or says what could not be
// proven (exit 3).
func (e *engine) rollBack(ctx context.Context, reason string) error {
	ctx, cancel := lasting(ctx, rollbackLimit)
	defer cancel()
	if e.Timing.HarmSeen.IsZero() {
		e.Timing.HarmSeen = time.Now()
	}
	phase := e.Phase
	slow := time.AfterFunc(2*time.Second, func() {
		e.step(phase, "the API server has not taken the canary out of the route yet (%s); trying for %s", reason, rollbackLimit)
	})
	generation, err := e.takeOut(ctx)
	slow.Stop()
	if errors.Is(err, cluster.ErrDeposed) {
		return err // the new holder acts, and only it
	}
	if err != nil {
		e.note(RollingBack, reason) // so that the next run knows which way it went
		return e.unverified(ctx, fmt.Sprintf("%s; and the canary's weight could not be set to 0: %v", reason, err))
	}
	e.Timing.ZeroAsked = time.Now()
	// The record comes before the gateway's confirmation: killed in between,
	// the next run must know that this is a rollback.
	if err := persist(ctx, func(ctx context.Context) error { return e.enter(ctx, RollingBack, reason) }); err != nil {
		return err
	}
	e.awaitZero(ctx, generation)
	if err := persist(ctx, e.undo); err != nil {
		return e.unverified(ctx, fmt.Sprintf("%s; traffic is off the canary, but undoing the rest failed: %v", reason, err))
	}
	if missing := e.proveRolledBack(ctx, generation); missing != "" {
		return e.unverified(ctx, fmt.Sprintf("%s; rolled back, but not proven: %s", reason, missing))
	}
	if err := persist(ctx, func(ctx context.Context) error { return e.enter(ctx, RolledBack, reason) }); err != nil {
		return err
	}
	e.forgetBefore(ctx)
	return fault.No("rolled back: %s", reason)
}

// forgetBefore removes what a rollback would need, now that the deploy has
// ended. Left behind it does no harm: the next deploy writes over it.
func (e *engine) forgetBefore(ctx context.Context) {
	if err := e.cluster.DropKept(ctx, e.Number); err != nil {
		e.step(e.Phase, "Secret %s is left behind: %v", cluster.KeptName, err)
	}
}

// cut removes the canary from the route and waits until the gateway
// controller has it in force.
func (e *engine) cut(ctx context.Context) (int64, error) {
	generation, err := e.takeOut(ctx)
	if err == nil {
		e.awaitZero(ctx, generation)
	}
	return generation, err
}

// takeOut removes the canary from the route, in one write.
func (e *engine) takeOut(ctx context.Context) (int64, error) {
	if e.route == nil {
		e.route = e.newRoute()
	}
	return e.route.Cut(ctx)
}

// awaitZero waits until the gateway has the cut in force; whether it has, the
// proof asks again.
func (e *engine) awaitZero(ctx context.Context, generation int64) {
	if generation == 0 {
		return
	}
	ok, _, _ := until(ctx, 20*time.Second, 20*time.Millisecond, func(ctx context.Context) (bool, string, error) {
		return e.route.InForce(ctx, generation)
	})
	if ok {
		e.Timing.ZeroSeen = time.Now()
	}
}

// undo restores what stood before, and removes what the deploy made. Controls
// stay: they only tighten.
func (e *engine) undo(ctx context.Context) error {
	if err := e.remove(ctx, e.Canary); err != nil { // sessions that it still serves end here
		return err
	}
	before, err := e.remembered(ctx)
	if err != nil {
		return err
	}
	for _, o := range before {
		if o.GetKind() == "HTTPRoute" {
			setFence(o, e.fence())
		}
		wanted, err := e.withScale(ctx, o)
		if err != nil {
			return err
		}
		if _, err := e.cluster.Apply(ctx, wanted, false); err != nil {
			return err
		}
	}
	return e.remove(ctx, e.Created)
}

func (e *engine) remove(ctx context.Context, refs []cluster.Ref) error {
	for _, ref := range refs {
		if err := e.cluster.Delete(ctx, ref); err != nil {
			return err
		}
	}
	return nil
}

// proveRolledBack checks the end state and notes what was seen.
func (e *engine) proveRolledBack(ctx context.Context, generation int64) (missing string) {
	_, canary, err := e.route.Weights(ctx)
	if err != nil {
		return err.Error()
	}
	if canary != 0 {
		return fmt.Sprintf("the route gives the canary weight %d", canary)
	}
	e.prove("route: canary weight 0")
	if generation > 0 && !slices.Contains(e.Created, e.routeRef()) {
		ok, text, err := e.route.InForce(ctx, generation)
		if err != nil || !ok {
			return strings.TrimSpace(fmt.Sprintf("the gateway has not confirmed weight 0: %s %s", text, orNothing(err)))
		}
		e.prove("gateway: generation %d of the route is in force", generation)
	}
	if text := e.proveGone(ctx, time.Minute, "canary pods", map[string]string{"clawql.io/track": "canary"}); text != "" {
		return text
	}
	e.proveCanaryGone(ctx)
	// A promotion that was broken off left new pods in stable too.
	if text := e.proveGone(ctx, rollbackLimit, "pods of the new version", map[string]string{"clawql.io/deploy": fmt.Sprint(e.Number)}); text != "" {
		return text
	}
	e.proveStable(ctx)
	return ""
}

// proveCanaryGone tells ending pods from none: a node that is away cannot end
// them, and they serve nobody since the route does not lead to them.
func (e *engine) proveCanaryGone(ctx context.Context) {
	pods, err := e.cluster.Pods(ctx, map[string]string{"clawql.io/track": "canary", "clawql.io/gateway": e.gateway()}, e.gateway())
	switch {
	case err != nil:
		e.prove("canary: its pods cannot be counted: %v", err)
	case len(pods) > 0:
		e.prove("canary: out of the route, pods still ending: %d", len(pods))
	default:
		e.prove("canary: no pod is left")
	}
}

// proveGone waits until no pod of the gateway carries labels.
func (e *engine) proveGone(ctx context.Context, limit time.Duration, what string, labels map[string]string) (missing string) {
	labels["clawql.io/gateway"] = e.gateway()
	ok, text, err := until(ctx, limit, 250*time.Millisecond, func(ctx context.Context) (bool, string, error) {
		pods, err := e.cluster.Pods(ctx, labels, e.gateway())
		alive := 0
		for _, p := range pods {
			if !p.Ending {
				alive++
			}
		}
		return alive == 0 && err == nil, fmt.Sprintf("%d %s still run", alive, what), err
	})
	if err != nil {
		return fmt.Sprintf("%s cannot be counted: %v", what, err)
	}
	if !ok {
		return text
	}
	return ""
}

// proveStable notes how stable is; a rollback does not depend on it.
func (e *engine) proveStable(ctx context.Context) {
	r, err := e.cluster.Rollout(ctx, e.gateway())
	switch {
	case err != nil:
		e.prove("stable: cannot be read: %v", err)
	case r == nil:
		e.prove("stable: nothing served before, nothing serves now")
	case r.Ready < r.Desired:
		e.prove("stable: ONLY %d of %d pods are ready", r.Ready, r.Desired)
	default:
		e.prove("stable: %d of %d pods ready", r.Ready, r.Desired)
	}
}

func (e *engine) routeRef() cluster.Ref { return cluster.RouteRef(e.env.Namespace, e.gateway()) }

func (e *engine) prove(format string, args ...any) {
	e.Proof = append(e.Proof, fmt.Sprintf(format, args...))
}

// unverified ends a deploy whose end state is not known: exit 3, and the
// next run or an abort finishes it.
func (e *engine) unverified(ctx context.Context, reason string) error {
	_ = e.enter(ctx, Unverified, reason) // where the server is away, the record stays where it was
	return fault.Unable("%s", reason).
		Hint("run the same command again, or `kubectl clawql deploy abort %s --reason ...`: both finish the rollback", e.Environment)
}
