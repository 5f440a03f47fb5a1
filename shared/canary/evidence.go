package canary

import "math"

// totals is what both sides served since the window began.
type totals struct {
	Baseline Counters `json:"baseline"`
	Canary   Counters `json:"canary"`
	// Expected is how many blocks the canary's requests would have met at the
	// baseline's share of the same minutes: a wave of attacks that reaches both
	// sides is no difference between them.
	Expected float64 `json:"expected"`
}

func (t totals) since(s totals) totals {
	return totals{t.Baseline.minus(s.Baseline), t.Canary.minus(s.Canary), math.Max(t.Expected-s.Expected, 0)}
}

// ratio estimates the canary's blocks over the expected ones: 1 when both are
// none, maxRatio when only the expected are none.
func (t totals) ratio() float64 {
	switch {
	case t.Expected > 0:
		return math.Min(t.Canary.Blocks/t.Expected, maxRatio)
	case t.Canary.Blocks > 0:
		return maxRatio
	}
	return 1
}

// maxRatio stands for "the baseline has none": JSON knows no infinity.
const maxRatio = 1e6

// odds is the canary's exposure over the baseline's, weighted by where the
// baseline's blocks fell.
func (t totals) odds() float64 {
	if t.Baseline.Blocks > 0 {
		return math.Min(t.Expected/t.Baseline.Blocks, maxRatio)
	}
	return math.Min(t.Canary.Requests/t.Baseline.Requests, maxRatio)
}

// ratios are the increases that the evidence is mixed over.
var ratios = []float64{1.15, 1.4, 1.8, 2.4, 3.5, 6, 10}

// likelihood is the log-likelihood ratio of "the canary blocks r times as
// much" against "the same", for independent blocks: conditional on all blocks,
// each fell on the canary with the odds o, or with r times those.
func likelihood(r, canary, baseline, o float64) float64 {
	down := math.Log1p(o) - math.Log1p(o*r)
	return canary*(math.Log(r)+down) + baseline*down
}

// mixed is the e-value of one stretch of time, for blocks that clump as c says.
func (t totals) mixed(c clump) float64 {
	if t.Baseline.Requests <= 0 || t.Canary.Requests <= 0 {
		return 1
	}
	e, o := 0.0, t.odds()
	for _, r := range ratios {
		x := likelihood(r, t.Canary.Blocks, t.Baseline.Blocks, o)
		e += math.Exp(math.Min(c.discount(x), maxLog))
	}
	return e / float64(len(ratios))
}

// maxLog keeps e-values finite.
const maxLog = 600

// A change may come late (a leak, a cache that fills): the evidence is also
// mixed over when it began.
const (
	startsPerWindow = 8    // a window is cut into so many possible beginnings
	maxStarts       = 16   // and an extended one into no more than these
	fromTheStart    = 0.75 // the weight of "it was so from the first request"
)

// evidence is the e-value of all stretches, under the least favourable of the
// clumpings that the baseline allows. Where blocks clump no more than that, it
// reaches 1/alpha in at most alpha of the canaries that are no worse.
func evidence(now totals, starts []totals, clumps []clump) (e float64, worst clump) {
	e = math.Inf(1)
	for _, c := range clumps {
		if v := overStarts(now, starts, c); v < e {
			e, worst = v, c
		}
	}
	return e, worst
}

func overStarts(now totals, starts []totals, c clump) float64 {
	const each = (1 - fromTheStart) / maxStarts
	e := fromTheStart*now.mixed(c) + each*float64(maxStarts-len(starts))
	for _, s := range starts {
		e += each * now.since(s).mixed(c)
	}
	return e
}
