package canary

import (
	"math"
	"time"
)

// coverage is how much of the time was really watched.
type coverage struct {
	First   time.Time     `json:"first"`   // the first tick at all
	Began   time.Time     `json:"began"`   // the first tick with canary pods: the window begins
	Last    time.Time     `json:"last"`    // the latest tick
	Full    bool          `json:"full"`    // the latest tick saw all that it must
	Covered time.Duration `json:"covered"` // between full ticks at most MaxGap apart
	Elapsed time.Duration `json:"elapsed"` // since Began, gaps included
}

// advance takes the time of a tick and returns how long it was since the one
// before. A clock that went backwards counts as one gap of maxGap, so that a
// canary never stays for ever.
func (c *coverage) advance(at time.Time, full, canary bool, maxGap time.Duration) time.Duration {
	step := at.Sub(c.Last)
	if c.First.IsZero() {
		c.First, step = at, 0
	}
	backwards := step < 0
	if backwards {
		step = maxGap
	}
	if !c.Began.IsZero() {
		c.Elapsed = later(c.Elapsed, step)
		if full && c.Full && !backwards && step <= maxGap {
			c.Covered = later(c.Covered, step)
		}
	} else if canary {
		c.Began = at
	}
	c.Last, c.Full = at, full
	return step
}

// gaps is the time that was not covered.
func (c *coverage) gaps() time.Duration { return c.Elapsed - c.Covered }

// later adds without overflow.
func later(a, b time.Duration) time.Duration {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
