package deploy

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/clawql/clawql-workbench/shared/canary"
	"github.com/clawql/clawql-workbench/shared/cluster"
	"k8s.io/utils/ptr"
)

// saveEvery is how much judged time a kill may cost.
const saveEvery = 3 * time.Second

// observation is the canary under judgement.
type observation struct {
	*engine
	judge   *canary.Judge
	watch   *watcher
	last    canary.Verdict
	saved   time.Time
	harmAt  time.Time
	present string
}

func (e *engine) newObservation() (*observation, error) {
	judge, err := canary.New(e.Criteria)
	if err != nil {
		return nil, err
	}
	if len(e.Judge) > 0 {
		if err := json.Unmarshal(e.Judge, judge); err != nil {
			return nil, fmt.Errorf("reading the judge's state from record %d: %w", e.Number, err)
		}
	}
	number := fmt.Sprint(e.Number)
	isNew := func(p cluster.Pod) bool { return p.Labels["clawql.io/deploy"] == number }
	return &observation{engine: e, judge: judge, watch: newWatcher(e.cluster, e.project, podLabels(e.desired.stable), e.canaryLabels(), isNew)}, nil
}

// run looks once a tick and hears events at once, until the judge decides.
func (o *observation) run(ctx context.Context) (canary.Verdict, error) {
	ticks := time.NewTicker(o.Criteria.Tick)
	defer ticks.Stop()
	for {
		looked := make(chan canary.Tick, 1)
		go func() { looked <- o.watch.look(ctx, o.Now()) }()
		if decided := o.wait(ctx, looked); decided {
			return o.last, nil
		}
		if err := o.keep(ctx); err != nil {
			return o.last, err
		}
		select {
		case <-ctx.Done():
			return o.last, context.Cause(ctx)
		case e := <-o.watch.events:
			if o.hear(e); o.decided() {
				return o.last, nil
			}
		case <-ticks.C:
		}
	}
}

// wait hears events while a look is under way.
func (o *observation) wait(ctx context.Context, looked <-chan canary.Tick) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case e := <-o.watch.events:
			if o.hear(e); o.decided() {
				return true
			}
		case tick := <-looked:
			o.judge.Observe(tick)
			o.last = o.judge.Verdict()
			o.Report.Progress(o.progressNow())
			return o.decided()
		}
	}
}

func (o *observation) hear(e canary.Event) {
	if o.harmAt.IsZero() && e.Side == canary.Canary {
		o.harmAt = time.Now()
	}
	o.judge.Report(e)
	o.last = o.judge.Verdict()
}

func (o *observation) decided() bool { return o.last.Decision != canary.Continue }

// keep saves the judge's state for a successor.
func (o *observation) keep(ctx context.Context) error {
	if time.Since(o.saved) < saveEvery {
		return nil
	}
	state, err := json.Marshal(o.judge)
	if err != nil {
		return err
	}
	o.Judge, o.Verdict, o.saved = state, ptr.To(o.last), time.Now()
	return o.save(ctx)
}

func (o *observation) progressNow() Progress {
	p := o.progress("")
	p.Verdict = o.last
	errors, trouble := o.watch.state()
	p.BaselineErrors, p.CanaryErrors, p.Detail = errors[canary.Baseline], errors[canary.Canary], trouble
	return p
}

func (e *engine) progress(detail string) Progress {
	p := Progress{Phase: e.Phase, Window: e.Criteria.Window, Detail: detail, StableWeight: 100}
	if e.Phase == Observing || e.Phase == Shifted {
		p.CanaryWeight = int64(e.Weight)
		p.StableWeight = 100 - p.CanaryWeight
	}
	return p
}

// alarm drains events while a rollout of the new version goes on: a 500 of
// any new pod ends it.
func (o *observation) alarm(ctx context.Context) string {
	o.judge.Observe(o.watch.look(ctx, o.Now()))
	for {
		select {
		case e := <-o.watch.events:
			o.hear(e)
		default:
			if o.last = o.judge.Verdict(); o.last.Decision == canary.Rollback {
				return o.last.Reason
			}
			return ""
		}
	}
}
