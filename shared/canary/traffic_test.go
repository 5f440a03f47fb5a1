package canary

import (
	"math"
	"math/rand/v2"
	"time"
)

// traffic is a model of what a gateway meets: calls that pass, and hostile
// sessions of Burst blocked calls each, spread over Spread seconds. Each
// session goes to the canary with probability Weight, and stays there.
type traffic struct {
	Rate      float64 // calls a second, both sides
	Share     float64 // of them blocked
	Burst     float64 // blocks a hostile session (its mean when Geometric)
	Geometric bool    // sizes vary geometrically
	Spread    float64 // seconds over which a session's blocks fall
	Weight    float64 // of the canary
	Pods      int     // of the baseline
	Factor    float64 // the canary's blocks over the baseline's; 1: no difference
	Onset     float64 // second at which Factor begins
	Seconds   int
	Learn     int // seconds of baseline before the canary begins
}

// usual is 100 calls a second, 2 % blocked, 5 % on the canary, for 30 minutes.
func usual() traffic {
	return traffic{Rate: 100, Share: 0.02, Burst: 1, Weight: 0.05, Pods: 3, Factor: 1, Seconds: 1800}
}

// counts are increments: second by pod; pod 0 is the canary.
type counts [][]Counters

func (t traffic) generate(r *rand.Rand) counts {
	out := make(counts, t.Learn+t.Seconds)
	for i := range out {
		out[i] = make([]Counters, t.Pods+1)
		for pod := range out[i] {
			out[i][pod].Requests = poisson(r, t.Rate*(1-t.Share)*t.weightOf(pod))
		}
	}
	sessions := t.Rate * t.Share / t.Burst
	for s := -t.Spread; s < float64(len(out)); s++ {
		for k := poisson(r, sessions); k > 0; k-- {
			out.hostile(r, t, s, t.pick(r))
		}
		if s >= t.Onset+float64(t.Learn) {
			for k := poisson(r, sessions*t.Weight*(t.Factor-1)); k > 0; k-- {
				out.hostile(r, t, s, 0)
			}
		}
	}
	return out
}

func (t traffic) weightOf(pod int) float64 {
	if pod == 0 {
		return t.Weight
	}
	return (1 - t.Weight) / float64(t.Pods)
}

func (t traffic) pick(r *rand.Rand) int {
	if r.Float64() < t.Weight {
		return 0
	}
	return 1 + r.IntN(t.Pods)
}

func (c counts) hostile(r *rand.Rand, t traffic, second float64, pod int) {
	size := t.Burst
	if t.Geometric {
		size = 1 + math.Floor(math.Log(1-r.Float64())/math.Log(1-1/t.Burst))
	}
	start := second + r.Float64()
	for ; size > 0; size-- {
		if at := int(math.Floor(start + t.Spread*r.Float64())); at >= 0 && at < len(c) {
			c[at][pod].Blocks++
			c[at][pod].Requests++
		}
	}
}

func poisson(r *rand.Rand, mean float64) float64 {
	if mean > 60 {
		return math.Max(0, math.Round(mean+math.Sqrt(mean)*r.NormFloat64()))
	}
	limit, n := math.Exp(-mean), 0.0
	for p := r.Float64(); p > limit; p *= r.Float64() {
		n++
	}
	return n
}

var dawn = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// judge runs the counts past a judge and returns its verdict at the moment of
// decision, or at the end.
func (t traffic) judge(r *rand.Rand, c Criteria) Verdict {
	return t.judgeWith(r, c, func(j *Judge) *Judge { return j })
}

// judgeWith lets between replace the judge after every tick.
func (t traffic) judgeWith(r *rand.Rand, c Criteria, between func(*Judge) *Judge) Verdict {
	j, err := New(c)
	if err != nil {
		panic(err)
	}
	raw := make([]Counters, t.Pods+1)
	for i, second := range append(counts{make([]Counters, t.Pods+1)}, t.generate(r)...) {
		tick := Tick{At: dawn.Add(time.Duration(i) * time.Second), LogsFollowed: true}
		for pod := range raw {
			raw[pod] = raw[pod].plus(second[pod])
			sample := PodSample{Pod: string(rune('a' + pod)), Instance: "1", Counters: raw[pod], OK: true}
			if pod > 0 {
				tick.Baseline = append(tick.Baseline, sample)
			} else if i >= t.Learn {
				tick.Canary = append(tick.Canary, sample)
			}
		}
		j.Observe(tick)
		j = between(j)
		if j.s.Decision != Continue {
			break
		}
	}
	return j.Verdict()
}
