package canary

import (
	"encoding/json"
	"math"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Judge weighs one canary. It is not safe for concurrent use.
type Judge struct{ s state }

// state is all that a judge knows; its JSON lets a killed command resume.
type state struct {
	Criteria Criteria   `json:"criteria"`
	Cover    coverage   `json:"cover"`
	Meters   meters     `json:"meters"`
	Pending  totals     `json:"pending"` // increments that wait until both sides were read
	Stretch  stretch    `json:"stretch"` // not yet part of Sum
	Sum      totals     `json:"sum"`
	Starts   []totals   `json:"starts,omitempty"`
	Clumping dispersion `json:"clumping"` // of the baseline
	Alone    dispersion `json:"alone"`    // of the canary
	Errors   [2]int     `json:"errors"`   // unhandled 500s: baseline, canary
	Decision Decision   `json:"decision"`
	Reason   string     `json:"reason,omitempty"`
}

type meters struct {
	Baseline meter `json:"baseline"`
	Canary   meter `json:"canary"`
}

// stretch is a short time over which the traffic is taken to be alike.
type stretch struct {
	totals
	Length time.Duration `json:"length"`
}

// New is a judge that has seen nothing. Criteria out of range are an error of
// usage (exit 2).
func New(c Criteria) (*Judge, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Judge{state{Criteria: c, Decision: Continue}}, nil
}

// MarshalJSON is the whole judge, for the record of the deploy.
func (j *Judge) MarshalJSON() ([]byte, error) { return json.Marshal(j.s) }

// Restore is the judge that MarshalJSON wrote. A record that no judge can have
// written is an error (exit 3).
func Restore(data []byte) (*Judge, error) {
	j := &Judge{}
	if err := json.Unmarshal(data, &j.s); err != nil {
		return nil, fault.Unable("resume the canary's judge: %w", err)
	}
	if err := j.s.check(); err != nil {
		return nil, fault.Unable("resume the canary's judge: %w", err)
	}
	return j, nil
}

// Observe takes one tick. A tick at the time of the last one is dropped; a
// clock that went backwards covers nothing but its counts are taken.
func (j *Judge) Observe(t Tick) {
	s := &j.s
	if t.At.IsZero() || t.At.Equal(s.Cover.Last) {
		return
	}
	began := s.Cover.First
	base, _ := s.Meters.Baseline.advance(t.Baseline, func(p PodSample) bool {
		return !began.IsZero() && p.startedSince(began)
	})
	can, all := s.Meters.Canary.advance(t.Canary, func(PodSample) bool { return !s.Cover.Began.IsZero() })
	full := all && len(base) > 0 && t.LogsFollowed
	length := s.Cover.advance(t.At, full, len(t.Canary) > 0, s.Criteria.MaxGap)
	s.Clumping.add(base)
	s.Alone.add(can)
	if s.Cover.Began.IsZero() {
		return
	}
	s.count(base, can, length)
	s.decide(full)
}

// count adds the increments once both sides were read in the same tick: a
// count is only compared with what the other side served meanwhile.
func (s *state) count(base, can []cell, length time.Duration) {
	s.Pending.Baseline = s.Pending.Baseline.plus(sum(base))
	s.Pending.Canary = s.Pending.Canary.plus(sum(can))
	s.Stretch.Length = later(s.Stretch.Length, length)
	if len(base) == 0 || len(can) == 0 {
		return
	}
	s.Stretch.Baseline = s.Stretch.Baseline.plus(s.Pending.Baseline)
	s.Stretch.Canary = s.Stretch.Canary.plus(s.Pending.Canary)
	s.Pending = totals{}
	if s.Stretch.Length >= s.Criteria.Window/stretchesPerWindow && s.Stretch.comparable() {
		s.Sum, s.Stretch = s.now(), stretch{}
	}
	if due := time.Duration(len(s.Starts)+1) * s.Criteria.Window / startsPerWindow; s.Cover.Elapsed >= due && len(s.Starts) < maxStarts {
		s.Starts = append(s.Starts, s.now())
	}
}

// stretchesPerWindow: 30 s of a window of 30 minutes.
const stretchesPerWindow = 60

func (t totals) comparable() bool { return t.Baseline.Requests > 0 && t.Canary.Requests > 0 }

// now is all that was counted, the open stretch included.
func (s *state) now() totals {
	return totals{
		Baseline: s.Sum.Baseline.plus(s.Stretch.Baseline),
		Canary:   s.Sum.Canary.plus(s.Stretch.Canary),
		Expected: math.Min(s.Sum.Expected+s.Stretch.Canary.Requests*s.Stretch.Baseline.share(), maxCount),
	}
}
