package deploy

import (
	"context"
	"errors"
	"fmt"

	"github.com/clawql/clawql-workbench/shared/cluster"
	"github.com/clawql/clawql-workbench/shared/fault"
)

// takeOver deals with a deploy whose process ended before its work did. It
// gives the journal to go on with, or nil when a new deploy may begin. The
// caller holds the lock.
func (e *engine) takeOver(ctx context.Context) (*journal, error) {
	records, err := e.cluster.Records(ctx)
	if err != nil || len(records) == 0 {
		return nil, err
	}
	old, err := reopen(e.cluster, e.lock, records[0], e.Now, e.Report.Step)
	if err != nil || old.Phase.Ended() {
		return nil, err
	}
	same := old.Desired == e.desired.hash
	if old.Phase == Unverified && old.finishing() {
		old.Phase = Promoting // nothing is wrong with it that is known: prove it again
	}
	switch old.Phase {
	case Planned, Gated:
		return nil, old.enter(ctx, Abandoned, "its process ended before anything was applied")
	case Applied, Shifted, Observing, Promoting:
		if same {
			return e.continues(ctx, old)
		}
		return nil, e.finishRollback(ctx, old, fmt.Sprintf("its process ended; commit %.7s takes its place", e.source.commit.ID))
	}
	err = e.finishRollback(ctx, old, old.lastNote())
	if same && err == nil {
		return nil, fault.No("rolled back: %s", old.lastNote()).Hint("this was left over by deploy %d, whose process had ended; the same version was not tried again", old.Number)
	}
	return nil, err
}

// continues resumes a deploy of the same content, unless its canary was
// already taken out of the traffic: then its rollback is finished.
func (e *engine) continues(ctx context.Context, old *journal) (*journal, error) {
	if old.First || old.Phase == Applied || old.Phase == Shifted || old.finishing() {
		return old, nil
	}
	cut, err := e.cutAlready(ctx, old.Phase)
	if err != nil {
		return nil, err
	}
	if cut {
		reason := "the canary was taken out of the traffic and the process ended before it could say why"
		if err := e.finishRollback(ctx, old, reason); err != nil {
			return nil, err
		}
		return nil, fault.No("rolled back: %s", reason).Hint("the same version was not tried again; run the command once more to try it")
	}
	return old, nil
}

// cutAlready says whether the route of a deploy that was left in phase is as
// a rollback leaves it: while promoting, weight 0 is the ordinary end.
func (e *engine) cutAlready(ctx context.Context, phase Phase) (bool, error) {
	if phase == Promoting {
		there, err := e.newRoute().HasCanary(ctx)
		return !there, err
	}
	_, share, err := e.newRoute().Weights(ctx)
	return share == 0, err
}

// leftover rolls back a deploy whose process is gone, when the run that could
// have resumed it was refused: nobody would watch its canary. The error is the
// refusal.
func (e *engine) leftover(ctx context.Context, refused error) error {
	lock, held, err := e.cluster.Acquire(ctx, e.Environment, identity(e.Now()), dead, false)
	if err != nil {
		return refused // whoever holds it watches
	}
	defer lock.Release()
	e.journal = &journal{cluster: e.cluster, lock: lock, now: e.Now, tell: e.Report.Step, Record: &Record{}}
	records, err := e.cluster.Records(held)
	if err != nil || len(records) == 0 {
		return refused
	}
	old, err := reopen(e.cluster, lock, records[0], e.Now, e.Report.Step)
	if err != nil || old.Phase.Ended() || (old.Phase == Unverified && old.finishing()) {
		return refused
	}
	if old.Phase == Planned || old.Phase == Gated {
		err = old.enter(held, Abandoned, "its process ended before anything was applied")
	} else {
		err = e.finishRollback(held, old, "its process ended, and the run that followed it was refused")
	}
	if err != nil {
		return errors.Join(refused, err)
	}
	return refused
}

// finishRollback rolls back another run's deploy; only a failure to do so is
// an error.
func (e *engine) finishRollback(ctx context.Context, old *journal, reason string) error {
	e.step(RollingBack, "deploy %d was left in phase %s: %s", old.Number, old.Phase, reason)
	other := &engine{Inputs: e.Inputs, project: e.project, env: e.env, cluster: e.cluster, source: e.source, desired: e.desired, journal: old}
	other.Timing = Timing{}
	err := other.rollBack(ctx, reason)
	if fault.Code(err) == fault.CodeNo {
		return nil
	}
	return err
}

// finishing says whether the promotion had nothing left but to clean up and
// to be proven.
func (j *journal) finishing() bool {
	for i := len(j.Phases) - 1; i >= 0; i-- {
		switch p := j.Phases[i]; p.Phase {
		case RollingBack:
			return false
		case Promoting:
			return p.Note == finishing
		}
	}
	return false
}

// lastNote is why the deploy was being rolled back.
func (j *journal) lastNote() string {
	for i := len(j.Phases) - 1; i >= 0; i-- {
		if j.Phases[i].Phase == RollingBack && j.Phases[i].Note != "" {
			return j.Phases[i].Note
		}
	}
	return "its process ended"
}

// AbortOrder is what `deploy abort` carries out.
type AbortOrder struct {
	Inputs
	Reason string
}

// RunAbort ends the deploy that is under way: it takes the lock from whoever
// holds it, and rolls back. The record says who did so and why.
func RunAbort(ctx context.Context, order AbortOrder) (*Record, error) {
	e, err := connect(ctx, order.Inputs)
	if err != nil {
		return nil, err
	}
	records, err := e.cluster.Records(ctx)
	if err != nil {
		return nil, err
	}
	if len(records) == 0 || mustDecode(records[0]).Phase.Ended() {
		return nil, fault.Unable("no deploy of %s is under way", order.Environment).Hint("kubectl clawql deploy history %s", order.Environment)
	}
	who := identity(e.Now())
	lock, held, err := e.cluster.Acquire(ctx, order.Environment, who, dead, true)
	if err != nil {
		return nil, err
	}
	defer lock.Release()
	return e.abort(held, lock, who, order.Reason)
}

func (e *engine) abort(ctx context.Context, lock *cluster.Lock, who, reason string) (*Record, error) {
	e.journal = &journal{cluster: e.cluster, lock: lock, Record: &Record{}}
	cutting, cancel := context.WithTimeout(ctx, rollbackLimit)
	defer cancel()
	if _, err := e.newRoute().Cut(cutting); err != nil { // first, before the record is even read
		return nil, err
	}
	records, err := e.cluster.Records(ctx)
	if err != nil {
		return nil, err
	}
	if e.journal, err = reopen(e.cluster, lock, records[0], e.Now, e.Report.Step); err != nil {
		return nil, err
	}
	if e.Phase.Ended() {
		return e.Record, fault.Unable("deploy %d ended (%s) before it could be aborted", e.Number, e.Phase)
	}
	e.Aborted = &Abort{By: who, Reason: reason, At: e.Now().UTC()}
	err = e.rollBack(ctx, fmt.Sprintf("aborted by %s: %s", who, reason))
	if fault.Code(err) == fault.CodeNo {
		return e.Record, nil // that is what was asked for
	}
	return e.Record, err
}

func mustDecode(stored *cluster.Stored) *Record {
	record, err := decodeRecord(stored)
	if err != nil {
		return &Record{Number: stored.Number, Phase: Unverified}
	}
	return record
}
