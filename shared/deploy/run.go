package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/clawql/clawql-workbench/shared/canary"
	"github.com/clawql/clawql-workbench/shared/cluster"
	"github.com/clawql/clawql-workbench/shared/fault"
	"k8s.io/utils/ptr"
)

// Outcome is how a run ended.
type Outcome struct {
	Plan   *Plan
	Record *Record // nil where nothing was written: a dry run, a refusal
}

// Run deploys HEAD to an environment. dryRun stops after the plan and writes
// nothing. The error is nil only for a promoted version, or one that serves
// already.
func Run(ctx context.Context, in Inputs, dryRun bool) (Outcome, error) {
	e, l, err := load(ctx, in)
	if err != nil {
		return Outcome{}, err
	}
	defer l.repo.Close()
	if e.cluster, err = cluster.Connect(ctx, in.Getter, in.KubeContext, wanted(e.env)); err != nil {
		return Outcome{}, err
	}
	s, err := e.survey(ctx)
	if err != nil {
		return Outcome{}, err
	}
	if err := e.refuseIfHeld(ctx, s, dryRun); err != nil {
		return Outcome{}, err
	}
	plan, err := e.prepare(ctx, l, s)
	if plan != nil {
		in.Report.Plan(plan)
	}
	if err != nil && !dryRun && s.open != nil && ctx.Err() == nil {
		return Outcome{Plan: plan}, e.leftover(ctx, err)
	}
	if err != nil || dryRun || plan.Serving {
		return Outcome{Plan: plan}, err
	}
	record, err := e.carryOut(ctx, l, s, plan)
	return Outcome{plan, record}, err
}

// refuseIfHeld says no before the gates are even asked.
func (e *engine) refuseIfHeld(ctx context.Context, s *survey, dryRun bool) error {
	if !s.namespace || dryRun {
		return nil
	}
	holder, err := e.cluster.CurrentHolder(ctx)
	if err != nil || holder == nil || dead(holder.Identity) || !holder.Fresh() {
		return err
	}
	return holder.Held(e.Environment)
}

// prepare asks the gates and makes the plan. The plan is given even when a
// gate says no, so that a person sees all of it.
func (e *engine) prepare(ctx context.Context, l *loaded, s *survey) (*Plan, error) {
	number := s.newest + 1
	if s.open != nil {
		number = s.open.Number
	}
	var err error
	if e.desired, err = e.want(l, number); err != nil {
		return nil, err
	}
	lastDeployed := ""
	if s.last != nil {
		lastDeployed, e.lessons = s.last.Commit.ID, s.last.Learned
	}
	results, took, refused := e.runGates(ctx, l, lastDeployed)
	plan, err := e.plan(ctx, l, s, number)
	if plan != nil {
		plan.Gates, plan.Took = results, took.Seconds()
	}
	if refused != nil {
		return plan, refused
	}
	if err != nil {
		return plan, err
	}
	if plan.Serving, err = e.serving(ctx, l, s); err != nil || plan.Serving {
		return plan, err
	}
	if !plan.First {
		err = e.outlook(ctx, plan, s)
	}
	return plan, err
}

// carryOut takes the lock and goes through the phases.
func (e *engine) carryOut(ctx context.Context, l *loaded, s *survey, plan *Plan) (*Record, error) {
	if !s.namespace {
		if _, err := e.cluster.Apply(ctx, e.desired.namespace, false); err != nil {
			return nil, err
		}
	}
	lock, held, err := e.cluster.Acquire(ctx, e.Environment, identity(e.Now()), dead, false)
	if err != nil {
		return nil, err
	}
	defer lock.Release()
	e.journal = &journal{cluster: e.cluster, lock: lock, now: e.Now, tell: e.Report.Step, Record: &Record{}}
	old, err := e.takeOver(held)
	if err != nil {
		return nil, err
	}
	if old != nil {
		e.step(old.Phase, "resuming deploy %d, which was left in phase %s", old.Number, old.Phase)
		e.journal = old
		if err := e.claim(held, l); err != nil {
			return nil, err
		}
	} else if err := e.start(held, l, plan, lock); err != nil {
		return nil, err
	}
	err = e.proceed(held)
	return e.Record, e.ended(held, err)
}

// claim writes this process into the record that it takes over, so that a
// holder that only slept fails its next write.
func (e *engine) claim(ctx context.Context, l *loaded) (err error) {
	if e.desired, err = e.want(l, e.Number); err != nil {
		return err
	}
	e.By = identity(e.Now())
	return e.save(ctx)
}

// start writes the record of a new deploy. Its number is the next that is
// free now, under the lock.
func (e *engine) start(ctx context.Context, l *loaded, plan *Plan, lock *cluster.Lock) error {
	s, err := e.survey(ctx)
	if err != nil {
		return err
	}
	if e.desired, err = e.want(l, s.newest+1); err != nil {
		return err
	}
	plan.Number = s.newest + 1
	record := &Record{APIVersion: plan.APIVersion, Kind: "DeployRecord", Number: plan.Number, Environment: e.Environment,
		Namespace: e.env.Namespace, Context: e.cluster.Context, By: identity(e.Now()), Started: e.Now().UTC(),
		Commit: plan.Commit, From: plan.From, To: plan.To, Desired: e.desired.hash, First: s.live == nil,
		Controls: plan.Controls, Exceptions: plan.Exceptions, Criteria: plan.Criteria, Weight: plan.Weight}
	if e.journal, err = begin(ctx, e.cluster, lock, record, e.Now, e.Report.Step); err != nil {
		return err
	}
	e.Gates = plan.Gates
	return e.enter(ctx, Gated, "")
}

// proceed goes on from the phase that the record names.
func (e *engine) proceed(ctx context.Context) error {
	e.route = e.newRoute()
	if e.First {
		return e.firstDeploy(ctx)
	}
	if e.Phase == Gated || e.Phase == Applied {
		if err := e.raise(ctx); err != nil {
			return err
		}
	}
	o, err := e.newObservation()
	if err != nil {
		return err
	}
	watching, stop := context.WithCancel(ctx)
	defer o.watch.close()
	defer stop()
	if e.Phase == Promoting {
		return e.promote(watching, o)
	}
	return e.observe(watching, o)
}

// firstDeploy has nothing to compare with: it applies, waits and proves.
func (e *engine) firstDeploy(ctx context.Context) error {
	if e.Phase == Gated {
		if err := e.remember(ctx); err != nil {
			return err
		}
	}
	if err := e.enter(ctx, Applied, "first version: no baseline, so no canary"); err != nil {
		return err
	}
	if err := e.applyShared(ctx); err != nil {
		return err
	}
	route := e.desired.route.DeepCopy() // no canary, no second backend
	setFence(route, e.fence())
	if _, err := e.cluster.Apply(ctx, route, false); err != nil {
		return err
	}
	problem, err := e.rollStable(ctx, noAlarm)
	if err != nil {
		return err
	}
	if problem != "" {
		return e.rollBack(ctx, problem)
	}
	return e.finish(ctx)
}

// raise brings the canary up beside stable and proves that the route keeps
// sessions, all at weight 0.
func (e *engine) raise(ctx context.Context) error {
	if e.Phase == Gated {
		if err := e.remember(ctx); err != nil {
			return err
		}
	}
	e.Canary = []cluster.Ref{e.probeRef()}
	for _, o := range e.desired.canary {
		e.Canary = append(e.Canary, cluster.RefOf(o))
	}
	if err := e.enter(ctx, Applied, ""); err != nil {
		return err
	}
	if err := e.applyShared(ctx); err != nil {
		return err
	}
	if err := e.applyCanary(ctx); err != nil {
		return err
	}
	problem, err := e.awaitRollout(ctx, canaryName(e.gateway()), noAlarm)
	if err != nil {
		return err
	}
	if problem != "" {
		return e.rollBack(ctx, "the canary did not become ready: "+problem)
	}
	return e.proveSticky(ctx)
}

// observe shifts the weight and watches until the judge decides.
func (e *engine) observe(ctx context.Context, o *observation) error {
	if err := e.route.Prepare(ctx); err != nil {
		return err
	}
	o.judge.Observe(o.watch.look(ctx, e.Now())) // counters before the first canary request
	if err := e.enter(ctx, Shifted, ""); err != nil {
		return err
	}
	if problem, err := o.shift(ctx, 100-int64(e.Weight), int64(e.Weight)); err != nil || problem != "" {
		return e.rollBackOr(ctx, problem, err)
	}
	if err := e.enter(ctx, Observing, ""); err != nil {
		return err
	}
	verdict, err := o.run(ctx)
	if err != nil {
		return err
	}
	e.Verdict, e.Learned = &verdict, ptr.To(o.judge.Learned())
	if e.Judge, err = json.Marshal(o.judge); err != nil {
		return err
	}
	if verdict.Decision == canary.Promote {
		return e.promote(ctx, o)
	}
	e.Timing.HarmSeen = o.harmAt // zero where it was no event but the evidence
	return e.rollBack(ctx, verdict.Reason)
}

// rollBackOr is err, or the rollback that problem asks for.
func (e *engine) rollBackOr(ctx context.Context, problem string, err error) error {
	if err != nil {
		return err
	}
	return e.rollBack(ctx, problem)
}

// ended turns a broken-off run into a rollback: whoever leaves a deploy,
// leaves no canary behind.
func (e *engine) ended(ctx context.Context, err error) error {
	switch {
	case err == nil || e.journal == nil || e.Phase.Ended() || e.Phase == Unverified:
		return err
	case errors.Is(err, cluster.ErrDeposed) || errors.Is(context.Cause(ctx), cluster.ErrDeposed):
		return e.deposed(ctx)
	}
	interrupted := errors.Is(err, context.Canceled)
	reason := "broken off: " + err.Error()
	if interrupted {
		reason = "interrupted"
	}
	if rolled := e.rollBack(ctx, reason); fault.Code(rolled) != fault.CodeNo {
		return rolled
	}
	return err
}

// deposed tells what became of a deploy that somebody else took over: the
// lock comes before the word in the record, which is waited for, and an abort
// is told when its rollback has ended.
func (e *engine) deposed(ctx context.Context) error {
	ctx, cancel := lasting(ctx, 35*time.Second)
	defer cancel()
	mine := e.lock.Fence
	_, _, _ = until(ctx, 30*time.Second, 250*time.Millisecond, func(ctx context.Context) (bool, string, error) {
		records, err := e.cluster.Records(ctx)
		for _, stored := range records {
			if record := mustDecode(stored); record.Number == e.Number {
				e.Record = record
			}
		}
		if e.Aborted != nil {
			return e.Phase.Ended() || e.Phase == Unverified, "", err
		}
		return e.last().Fence > mine, "", err
	})
	if e.Aborted != nil {
		return fault.No("aborted by %s: %s", e.Aborted.By, e.Aborted.Reason)
	}
	return fault.Unable("another process took over deploy %d", e.Number).Hint("kubectl clawql deploy status %s --watch", e.Environment)
}
