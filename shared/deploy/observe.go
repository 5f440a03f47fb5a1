package deploy

import (
	"context"
	"encoding/json"
	"errors"
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
	judge  *canary.Judge
	watch  *watcher
	last   canary.Verdict
	saved  time.Time
	harmAt time.Time // the first harm of the canary that was heard
}

func (e *engine) newObservation() (*observation, error) {
	judge, err := canary.New(e.Criteria)
	if len(e.Judge) > 0 {
		judge, err = canary.Restore(e.Judge)
	}
	if err != nil {
		return nil, fmt.Errorf("the judge of deploy %d: %w", e.Number, err)
	}
	if len(e.Judge) == 0 && e.lessons != nil {
		_ = judge.Teach(*e.lessons) // a judge without lessons is only slower
	}
	number := fmt.Sprint(e.Number)
	isNew := func(p cluster.Pod) bool { return p.Labels["clawql.io/deploy"] == number }
	return &observation{engine: e, judge: judge, watch: newWatcher(e.cluster, e.project, podLabels(e.desired.stable), e.canaryLabels(), isNew)}, nil
}

// glance is what one look saw.
type glance struct {
	tick  canary.Tick
	moved string // what somebody else made of the weights
}

// run looks once a tick and hears events at once, until the judge decides.
func (o *observation) run(ctx context.Context) (canary.Verdict, error) {
	ticks := time.NewTicker(o.Criteria.Tick)
	defer ticks.Stop()
	for {
		looked := make(chan glance, 1)
		go func() { looked <- glance{o.watch.look(ctx, o.Now()), o.moved(ctx)} }()
		if decided := o.wait(ctx, looked); decided {
			return o.last, nil
		}
		if err := o.keep(ctx); err != nil {
			return o.last, err
		}
		if err := o.pause(ctx, ticks.C); err != nil || o.decided() {
			return o.last, err
		}
	}
}

// pause hears events until the next tick.
func (o *observation) pause(ctx context.Context, tick <-chan time.Time) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case e := <-o.watch.events:
			if o.hear(e); o.decided() {
				return nil
			}
		case <-tick:
			return nil
		}
	}
}

// wait hears events while a look is under way.
func (o *observation) wait(ctx context.Context, looked <-chan glance) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case e := <-o.watch.events:
			if o.hear(e); o.decided() {
				return true
			}
		case seen := <-looked:
			o.judge.Observe(seen.tick)
			o.hearSilence(seen.tick.At)
			if seen.moved != "" {
				o.hear(canary.Event{At: seen.tick.At, Kind: canary.RouteMoved, Side: canary.Canary, Text: seen.moved})
			}
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

// notReadyLimit is how long the canary may have no ready pod while traffic is
// sent to it: a gateway answers its share with 503 meanwhile.
const notReadyLimit = 10 * time.Second

// hearSilence reports a canary that lost its last ready pod and does not get
// one again.
func (o *observation) hearSilence(now time.Time) {
	since, why := o.watch.silent()
	if since.IsZero() || now.Sub(since) < notReadyLimit {
		return
	}
	text := fmt.Sprintf("no canary pod has been ready for %s", now.Sub(since).Truncate(time.Second))
	if why != "" {
		text += ", " + why
	}
	o.hear(canary.Event{At: now, Kind: canary.NotReady, Side: canary.Canary, Text: text})
}

// moved says what weights are not those of this deploy any more: a controller
// that syncs from git wrote them, or a person. A server that is away moves
// nothing.
func (o *observation) moved(ctx context.Context) string {
	stable, share, err := o.route.Weights(ctx)
	wanted := int64(o.Weight)
	switch {
	case err != nil:
		return ""
	case stable == 100-wanted && share == wanted:
		missing, _ := o.route.Unresolved(ctx) // somebody deleted a Service
		return missing
	case stable+share == 0:
		return fmt.Sprintf("%s sends nothing to stable nor to the canary", o.routeRef())
	}
	return fmt.Sprintf("%s gives stable %d and canary %d, this deploy set %d and %d", o.routeRef(), stable, share, 100-wanted, wanted)
}

func (o *observation) decided() bool { return o.last.Decision != canary.Continue }

// keep saves the judge's state for a successor. A record that cannot be
// written now is no reason to give up watching: only another holder is.
func (o *observation) keep(ctx context.Context) error {
	if time.Since(o.saved) < saveEvery {
		return nil
	}
	state, err := json.Marshal(o.judge)
	if err != nil {
		return err
	}
	o.Judge, o.Verdict, o.saved = state, ptr.To(o.last), time.Now()
	ctx, cancel := context.WithTimeout(ctx, saveEvery)
	defer cancel()
	if err := o.save(ctx); errors.Is(err, cluster.ErrDeposed) {
		return err
	} else if err != nil {
		o.watch.setTrouble(err.Error())
	}
	return nil
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
	return o.heard()
}

// heard takes the events that wait; the text is a reason to roll back.
func (o *observation) heard() string {
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

// shiftLimit bounds one move of the weights, shared by writing it and by the
// gateway's confirmation.
const shiftLimit = time.Minute

// shift moves the weights and waits until they are in force. It hears events
// meanwhile: traffic moves before the gateway says so.
func (o *observation) shift(ctx context.Context, stable, share int64) (problem string, err error) {
	limited, cancel := context.WithTimeout(ctx, shiftLimit)
	defer cancel()
	generation, err := o.route.Set(limited, stable, share)
	if err != nil {
		return "", err
	}
	ok, missing, err := until(ctx, shiftLimit/2, 50*time.Millisecond, func(ctx context.Context) (bool, string, error) {
		if problem = o.heard(); problem != "" {
			return true, "", nil
		}
		return o.route.InForce(ctx, generation)
	})
	if err == nil && !ok {
		err = notInForce(o.routeRef(), missing)
	}
	return problem, err
}
