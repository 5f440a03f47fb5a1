package deploy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/canary"
	"github.com/clawql/clawql-workbench/shared/cluster"
	"github.com/clawql/clawql-workbench/shared/posture"
)

// promote brings stable to the new version, pod by pod and still under
// watch, and takes the canary away when its sessions have ended.
func (e *engine) promote(ctx context.Context, o *observation) error {
	if err := e.enter(ctx, Promoting, ""); err != nil {
		return err
	}
	problem, err := e.rollStable(ctx, o.alarm)
	if err != nil {
		return err
	}
	if problem != "" {
		return e.rollBack(ctx, problem)
	}
	if problem, err := o.shift(ctx, 100, 0); err != nil || problem != "" {
		return e.rollBackOr(ctx, problem, err)
	}
	if problem, err := e.drain(ctx, o); err != nil || problem != "" {
		return e.rollBackOr(ctx, problem, err)
	}
	return e.finish(ctx)
}

func (e *engine) promotionReason() string {
	if e.Verdict == nil {
		return ""
	}
	return e.Verdict.Reason
}

// rollStable applies the new stable Deployment and waits for it; the problem
// is a reason to roll back.
func (e *engine) rollStable(ctx context.Context, alarm func(context.Context) string) (problem string, err error) {
	wanted, err := e.withScale(ctx, e.desired.stable)
	if err != nil {
		return "", err
	}
	live, err := e.cluster.Apply(ctx, wanted, false)
	if err != nil {
		return "", err
	}
	if problem := e.foreign(live); problem != "" {
		return problem, nil
	}
	return e.awaitRollout(ctx, e.gateway(), alarm)
}

// foreign finds what another writer left in the Deployment against a
// control: server-side apply keeps fields of other managers.
func (e *engine) foreign(live *object) string {
	all := slices.Concat([]*object{e.desired.namespace, live}, e.desired.shared)
	for _, v := range posture.Harden(all, e.settings(0)).Violations {
		if v.Object.Kind != live.GetKind() || v.Object.Name != live.GetName() {
			continue
		}
		return fmt.Sprintf("another writer set %s of %s against control %s (%s)", posture.FieldString(v.Field), v.Object, v.Control, short(fmt.Sprint(v.Value)))
	}
	return ""
}

// drain waits until the canary serves nothing any more: its sessions go on
// at weight 0. A 500 is still a reason to roll back.
func (e *engine) drain(ctx context.Context, o *observation) (problem string, err error) {
	deadline := time.Now().Add(time.Duration(e.project.Canary.Drain))
	quiet, last := time.Now(), -1.0
	for time.Now().Before(deadline) && time.Since(quiet) < 3*time.Second {
		tick := o.watch.look(ctx, o.Now())
		o.judge.Observe(tick)
		served := o.canaryRequests(tick)
		if served != last {
			last, quiet = served, time.Now()
		}
		e.Report.Progress(e.progress("canary sessions are ending"))
		select {
		case event := <-o.watch.events:
			o.hear(event)
		case <-ctx.Done():
			return "", context.Cause(ctx)
		case <-time.After(500 * time.Millisecond):
		}
		if v := o.judge.Verdict(); v.Decision == canary.Rollback {
			return v.Reason, nil
		}
	}
	e.prove("canary: served nothing for %s before it was taken away", time.Since(quiet).Truncate(time.Second))
	return "", nil
}

// canaryRequests adds up the canary Deployment's own pods, not the stable
// ones that run the new version already.
func (o *observation) canaryRequests(tick canary.Tick) (served float64) {
	prefix := canaryName(o.gateway()) + "-"
	for _, pod := range tick.Canary {
		if len(pod.Pod) > len(prefix) && pod.Pod[:len(prefix)] == prefix {
			served += pod.Requests
		}
	}
	return served
}

// finishing is the note of a promotion that only has to clean up and to be
// proven: a successor goes on with it. Without it, a route that lost its
// canary while promoting is the beginning of a rollback.
const finishing = "stable serves the new version alone: taking away what is left"

// finish removes the canary, sets what had to wait, and proves the end.
func (e *engine) finish(ctx context.Context) error {
	if err := e.enter(ctx, Promoting, finishing); err != nil {
		return err
	}
	generation, err := e.cut(ctx)
	if err != nil {
		return err
	}
	for _, o := range e.desired.canary {
		if err := e.cluster.Delete(ctx, cluster.RefOf(o)); err != nil {
			return err
		}
	}
	if _, err := e.cluster.Apply(ctx, e.desired.namespace, false); err != nil {
		return err
	}
	if missing := e.provePromoted(ctx, generation); missing != "" {
		return e.unverified(ctx, "promoted, but not proven: "+missing)
	}
	if err := e.enter(ctx, Promoted, e.promotionReason()); err != nil {
		return err
	}
	e.forgetBefore(ctx)
	return nil
}

// provePromoted checks that what runs is what was gated.
func (e *engine) provePromoted(ctx context.Context, generation int64) (missing string) {
	if _, share, err := e.route.Weights(ctx); err != nil || share != 0 {
		return strings.TrimSpace(fmt.Sprintf("the route gives the canary weight %d %s", share, orNothing(err)))
	}
	if generation > 0 {
		if ok, text, err := e.route.InForce(ctx, generation); err != nil || !ok {
			return strings.TrimSpace(fmt.Sprintf("the gateway has not confirmed the route: %s %s", text, orNothing(err)))
		}
		e.prove("gateway: generation %d of the route is in force, all of it stable", generation)
	}
	live, err := e.cluster.Get(ctx, cluster.RefOf(e.desired.stable))
	if err != nil || live == nil {
		return strings.TrimSpace(fmt.Sprintf("Deployment %s cannot be read %s", e.gateway(), orNothing(err)))
	}
	if problem := e.foreign(live); problem != "" {
		return problem
	}
	return e.proveDigests(ctx)
}

// proveDigests waits a while: readiness may flap at the moment of the look.
func (e *engine) proveDigests(ctx context.Context) string {
	running := 0
	ok, text, err := until(ctx, 30*time.Second, 500*time.Millisecond, func(ctx context.Context) (proven bool, text string, err error) {
		running, text, err = e.digestsRunning(ctx)
		return text == "" && err == nil, text, err
	})
	if err != nil || !ok {
		return strings.TrimSpace(fmt.Sprint(text, " ", orNothing(err)))
	}
	e.prove("stable: %d pods ready, each runs the gated digest %s", running, e.To)
	return ""
}

func orNothing(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// digestsRunning counts the stable pods; the text names one that is not as
// it was gated.
func (e *engine) digestsRunning(ctx context.Context) (running int, text string, err error) {
	pods, err := e.cluster.Pods(ctx, podLabels(e.desired.stable), e.gateway())
	if err != nil {
		return 0, "", err
	}
	for _, pod := range pods {
		if pod.Ending {
			continue
		}
		running++
		if digestOf(pod.Image) != e.To || !pod.Ready {
			return running, fmt.Sprintf("pod %s runs %s (ready: %t), gated was %s", pod.Name, digestOf(pod.Image), pod.Ready, e.To), nil
		}
	}
	if running == 0 {
		return 0, "no stable pod runs", nil
	}
	return running, "", nil
}
