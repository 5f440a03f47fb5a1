package canary

import (
	"fmt"
	"math"
	"time"
)

// Outlook says, before a deploy, what the judge will be able to tell.
type Outlook struct {
	// After is how long an increase of just MaxBlockIncrease takes to show, in
	// nine of ten runs; 0 when it would take more than ten years.
	After time.Duration `json:"after"`
	// CanaryBlocks is how many blocks the canary has made by then.
	CanaryBlocks float64 `json:"canaryBlocks"`
	// Increase is the least that is caught within the window in nine of ten
	// runs: 0.5 is 50 % more; 0 when not even maxFold times as much is.
	Increase float64 `json:"increase"`
	Clear    bool    `json:"clear"` // After is within the window
	Text     string  `json:"text"`  // one line for the plan
}

const (
	maxFold  = 1000
	tenYears = 10 * 365 * 24 * time.Hour
	// nineOfTen is the normal quantile of a power of 90 %.
	nineOfTen = 1.2816
)

// stream is a steady stream of calls.
type stream struct {
	Criteria
	rate, share, weight, clumping float64
}

// Outlook for a gateway that answers rate calls a second, of which the part
// share is blocked, in clumps of clumping (1: singly; Verdict.Clumping of an
// earlier deploy), with the part weight of the traffic on the canary.
func (c Criteria) Outlook(rate, share, weight, clumping float64) Outlook {
	if !within(rate, 1e-9, maxCount) || !within(share, 0, 1) || !within(weight, 1e-9, 1-1e-9) {
		return Outlook{Text: "the traffic is unknown: it cannot be said what will show"}
	}
	s := stream{c, rate, share, weight, 1}
	if within(clumping, 1, maxCount) {
		s.clumping = clumping
	}
	if share == 0 {
		return s.nothingBlocked()
	}
	o := Outlook{After: s.after(), Increase: s.increase()}
	o.CanaryBlocks = math.Ceil((1 + c.MaxBlockIncrease) * s.expected(o.After))
	o.Clear = o.After > 0 && o.After <= c.Window
	o.Text = s.text(o)
	return o
}

// expected blocks on a canary that is no worse, in d.
func (s stream) expected(d time.Duration) float64 {
	return s.rate * s.share * s.weight * d.Seconds()
}

// seen is what both sides have counted after d when the canary blocks fold
// times as much, and is as unlucky for the proof as one run in ten.
func (s stream) seen(fold float64, d time.Duration) totals {
	m, odds := s.expected(d), s.weight/(1-s.weight)
	blocks := fold*m - nineOfTen*math.Sqrt(s.clumping*fold*m*(1+fold*odds))
	calls := s.rate * d.Seconds()
	return totals{
		Baseline: Counters{calls * (1 - s.weight), m / odds},
		Canary:   Counters{calls * s.weight, math.Max(blocks, 0)},
		Expected: m,
	}
}

// proven says whether t is enough evidence, whatever its estimate.
func (s stream) proven(t totals) bool {
	if s.Rule == Literal {
		return t.Canary.Blocks >= literalMinBlocks
	}
	return fromTheStart*t.mixed(clump{s.clumping, 1e6}) >= 1/s.Alpha
}

func (s stream) after() time.Duration {
	shows := func(seconds float64) bool {
		return s.proven(s.seen(1+s.MaxBlockIncrease, time.Duration(seconds*float64(time.Second))))
	}
	return time.Duration(least(1e-3, tenYears.Seconds(), shows) * float64(time.Second))
}

// increase counts an estimate above the allowed one, too: the judge needs both.
func (s stream) increase() float64 {
	caught := func(fold float64) bool {
		t := s.seen(fold, s.Window)
		return t.ratio() > 1+s.MaxBlockIncrease && s.proven(t)
	}
	if fold := least(1+1e-6, maxFold, caught); fold > 0 {
		return fold - 1
	}
	return 0
}

// least is the smallest value from low to high for which ok holds, ok being
// false below it and true above; 0 when it holds for none.
func least(low, high float64, ok func(float64) bool) float64 {
	if !ok(high) {
		return 0
	}
	for range 60 {
		if middle := math.Sqrt(low * high); ok(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

func (s stream) text(o Outlook) string {
	most := fmt.Sprintf("%.4g %%", 100*s.MaxBlockIncrease)
	switch {
	case o.Clear:
		return fmt.Sprintf("%.2g %% of %s req/s are blocked: %s more shows in about %s", 100*s.share, few(s.rate), most, about(o.After))
	case o.Increase == 0:
		return fmt.Sprintf("too little traffic to see %s: in %s no increase of blocks shows", most, about(s.Window))
	case o.Increase >= 1:
		return fmt.Sprintf("too little traffic to see %s: in %s only %s times as many show", most, about(s.Window), few(1+o.Increase))
	}
	return fmt.Sprintf("too little traffic to see %s: in %s only %.0f %% more shows", most, about(s.Window), math.Ceil(100*o.Increase))
}

// nothingBlocked looks for how many blocks the canary alone may make.
func (s stream) nothingBlocked() Outlook {
	odds := s.weight / (1 - s.weight)
	n := least(1, maxCount, func(blocks float64) bool {
		calls := s.rate * s.Window.Seconds()
		return s.proven(totals{Baseline: Counters{Requests: calls}, Canary: Counters{calls * odds, blocks}})
	})
	return Outlook{CanaryBlocks: math.Ceil(n), Text: fmt.Sprintf("nothing of %s req/s is blocked: %.0f blocks on the canary alone roll back", few(s.rate), math.Ceil(n))}
}

// few is a rate or a factor to two digits, or to the unit from 10 on.
func few(v float64) string {
	if v < 10 {
		return fmt.Sprintf("%.2g", v)
	}
	return number(v)
}

// about is a duration as people say it.
func about(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", math.Ceil(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", math.Ceil(d.Minutes()))
	}
	return fmt.Sprintf("%.0f h", math.Ceil(d.Hours()))
}
