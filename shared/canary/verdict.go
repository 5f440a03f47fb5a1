package canary

import (
	"fmt"
	"math"
	"time"
)

// Decision is what to do with the canary.
type Decision string

// The decisions. The last three end the observation, but an event still turns
// a promotion that was not carried out into a rollback.
const (
	Continue     Decision = "continue"
	Promote      Decision = "promote"
	Rollback     Decision = "rollback"
	Inconclusive Decision = "inconclusive" // not watched well enough to tell: the caller rolls back
)

// SideTotals is what one version did since the window began.
type SideTotals struct {
	Requests   float64 `json:"requests"`
	Blocks     float64 `json:"blocks"`
	BlockShare float64 `json:"blockShare"` // blocks per request, 0 to 1 where every call is blocked at most once
	Errors     int     `json:"errors"`     // unhandled 500s
}

// Verdict is the judge's view of the moment.
type Verdict struct {
	Decision  Decision      `json:"decision"`
	Reason    string        `json:"reason"` // one sentence for a person
	Covered   time.Duration `json:"covered"`
	Elapsed   time.Duration `json:"elapsed"`
	Baseline  SideTotals    `json:"baseline"`
	Canary    SideTotals    `json:"canary"`
	Expected  float64       `json:"expected"`  // blocks of the canary's requests at the baseline's share
	Ratio     float64       `json:"ratio"`     // the canary's blocks over Expected; 1000000 when only Expected is none
	Evidence  float64       `json:"evidence"`  // e-value: how much likelier "worse" makes what was seen
	Threshold float64       `json:"threshold"` // the evidence that rolls back, 1/alpha
	Clumping  float64       `json:"clumping"`  // 1: blocks come singly; 20: in bursts of about 20
}

// Report takes an event. Whatever came before, one that is grave enough makes
// the decision a rollback, a promotion not yet carried out included.
func (j *Judge) Report(e Event) {
	s := &j.s
	side := 1
	if e.Side == Baseline {
		side = 0
	}
	if e.Kind == Unhandled500 && s.Errors[side] < math.MaxInt32 {
		s.Errors[side]++
	}
	if s.Decision == Rollback || (side == 0 && e.harmless()) {
		return
	}
	s.Decision, s.Reason = Rollback, e.sentence(s.Cover.Began)
}

// harmless says whether an event on the baseline says nothing of the canary.
func (e Event) harmless() bool {
	return e.Kind == Unhandled500 || e.Kind == NotReady || e.Kind == Restarted
}

func (e Event) sentence(began time.Time) string {
	what, known := map[EventKind]string{
		Unhandled500:  "canary answered 500",
		FalcoCritical: "Falco raised a critical alert",
		NotReady:      "canary did not become ready",
		Restarted:     "canary's container restarted",
		RouteMoved:    "the route is not as this deploy left it",
	}[e.Kind]
	if !known {
		what = fmt.Sprintf("unknown event %q", string(e.Kind))
	}
	if at := e.At.Sub(began); !began.IsZero() && at >= 0 {
		what += " at " + clock(at)
	}
	for _, part := range []string{e.Text, podOf(e)} {
		if part != "" {
			what += ": " + part
		}
	}
	return what
}

func podOf(e Event) string {
	if e.Pod == "" {
		return ""
	}
	return "pod " + e.Pod
}

// Verdict says what to do now. Rollback and inconclusive are final; promote
// gives way to a later grave event only.
func (j *Judge) Verdict() Verdict {
	s := &j.s
	t := s.now()
	e, c := s.weigh()
	v := Verdict{
		Decision: s.Decision, Reason: s.Reason,
		Covered: s.Cover.Covered, Elapsed: s.Cover.Elapsed,
		Baseline: sideTotals(t.Baseline, s.Errors[0]), Canary: sideTotals(t.Canary, s.Errors[1]),
		Expected: t.Expected, Ratio: t.ratio(), Evidence: e, Threshold: 1 / s.Criteria.Alpha, Clumping: c.phi,
	}
	if v.Decision == Continue {
		v.Reason = s.progress(t)
	}
	return v
}

func sideTotals(c Counters, errors int) SideTotals {
	return SideTotals{c.Requests, c.Blocks, c.share(), errors}
}

func (s *state) weigh() (float64, clump) {
	t := s.now()
	if t.Baseline.Blocks == 0 && s.Clumping.Scales[0].moments().Weight == 0 {
		return evidence(t, s.Starts, s.Alone.alone(float64(s.Cover.Elapsed/s.Criteria.Tick)))
	}
	return evidence(t, s.Starts, s.Clumping.clumps())
}

func (s *state) evidence() float64 {
	e, _ := s.weigh()
	return e
}

// decide is asked after every tick; full says whether this one saw all.
func (s *state) decide(full bool) {
	if s.Decision != Continue {
		return
	}
	t, c := s.now(), s.Criteria
	switch {
	case s.worse(t):
		s.Decision, s.Reason = Rollback, s.harm(t)
	case full && s.served(t) && !s.doubtful(t):
		s.Decision, s.Reason = Promote, s.noHarm(t)
	case s.Cover.gaps() > c.GapCap || s.Cover.Elapsed > later(c.Window, c.GapCap):
		s.Decision, s.Reason = Inconclusive, s.blind(t)
	}
}

// worse says whether the block criterion is met.
func (s *state) worse(t totals) bool {
	if s.Criteria.Rule == Literal {
		return s.increased(t) && t.Canary.Blocks >= literalMinBlocks && (t.Baseline.Blocks >= literalMinBlocks || t.Baseline.Blocks == 0)
	}
	return s.increased(t) && s.evidence() >= 1/s.Criteria.Alpha
}

func (s *state) increased(t totals) bool { return t.ratio() > 1+s.Criteria.MaxBlockIncrease }

// served says whether the canary was watched long enough at enough requests.
func (s *state) served(t totals) bool {
	return s.Cover.Covered >= s.Criteria.Window && t.Canary.Requests >= s.Criteria.MinCanaryRequests && t.Baseline.Requests > 0
}

// doubtful says whether the end of the window is no moment to stop: half the
// evidence of harm (in its logarithm) is there, and time is left. Looking
// longer costs nothing of the bound: an e-value may be looked at for ever.
func (s *state) doubtful(t totals) bool {
	if s.Criteria.Rule == Literal || !s.increased(t) || s.Cover.Elapsed >= later(s.Criteria.Window, s.Criteria.GapCap) {
		return false
	}
	e := s.evidence()
	return e*e >= 1/s.Criteria.Alpha
}
