package canary

import (
	"math"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Rule names how the block rates of the two sides are compared.
type Rule string

const (
	// Sequential is the e-process of doc.go: it may be looked at every second
	// and keeps its false-rollback bound.
	Sequential Rule = "sequential"
	// Literal is "more than 20 % more blocks" taken at its word: the ratio of
	// the cumulative block shares, once both sides have literalMinBlocks blocks
	// (a baseline with none needs them on the canary only). It rolls back a
	// quarter and more of good versions at 5 % weight; use it when a rule book
	// demands it.
	Literal Rule = "literal"
)

// literalMinBlocks is the least number of blocks with which Literal compares.
const literalMinBlocks = 30

// Criteria is what a canary is judged by. It is fixed before the deploy and
// kept in its record.
type Criteria struct {
	Window            time.Duration `json:"window"`            // time to cover before promotion; 1 s to 7 days
	GapCap            time.Duration `json:"gapCap"`            // largest total extension; 0 to 7 days
	Tick              time.Duration `json:"tick"`              // how often both sides are scraped; 10 ms to Window
	MaxGap            time.Duration `json:"maxGap"`            // a longer interval between two full ticks is not covered; Tick to Window
	MaxBlockIncrease  float64       `json:"maxBlockIncrease"`  // relative: 0.20 is 20 %; above 0, at most 100
	Alpha             float64       `json:"alpha"`             // bound on rolling back a version that is no worse; 1e-6 to 0.2
	MinCanaryRequests float64       `json:"minCanaryRequests"` // the canary must have served these; at least 1
	Rule              Rule          `json:"rule"`
}

// Default is the production rule: 30 minutes, 20 %, one good version in a
// hundred rolled back at most (domain.md, "Canary and rollback").
func Default() Criteria {
	return Criteria{
		Window:            30 * time.Minute,
		GapCap:            30 * time.Minute,
		Tick:              time.Second,
		MaxGap:            5 * time.Second,
		MaxBlockIncrease:  0.20,
		Alpha:             0.01,
		MinCanaryRequests: 100,
		Rule:              Sequential,
	}
}

const week = 7 * 24 * time.Hour

// Validate names the first field that is out of its range (exit 2).
func (c Criteria) Validate() error {
	switch {
	case c.Window < time.Second || c.Window > week:
		return outOfRange("window", c.Window, "1s to 168h")
	case c.GapCap < 0 || c.GapCap > week:
		return outOfRange("gapCap", c.GapCap, "0s to 168h")
	case c.Tick < 10*time.Millisecond || c.Tick > c.Window:
		return outOfRange("tick", c.Tick, "10ms to the window")
	case c.MaxGap < c.Tick || c.MaxGap > c.Window:
		return outOfRange("maxGap", c.MaxGap, "the tick to the window")
	case !within(c.MaxBlockIncrease, 1e-9, 100):
		return outOfRange("maxBlockIncrease", c.MaxBlockIncrease, "above 0 to 100 (0.20 is 20 %)")
	case !within(c.Alpha, 1e-6, 0.2):
		return outOfRange("alpha", c.Alpha, "0.000001 to 0.2")
	case !within(c.MinCanaryRequests, 1, math.MaxFloat64):
		return outOfRange("minCanaryRequests", c.MinCanaryRequests, "1 or more")
	case c.Rule != Sequential && c.Rule != Literal:
		return outOfRange("rule", c.Rule, `"sequential" or "literal"`)
	}
	return nil
}

// within is false for NaN.
func within(v, low, high float64) bool { return v >= low && v <= high }

func outOfRange(field string, value any, allowed string) error {
	return fault.Usage("canary criteria: %s is %v; allowed: %s", field, value, allowed)
}
