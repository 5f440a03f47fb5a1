package canary

import "math"

// scales is how many batch lengths the clumping is measured at: 1, 2, 4, ...
// 128 ticks. Of hostile sessions that last longer only a part is seen.
const scales = 8

// dispersion learns how the blocks of one side clump. Neighbouring ticks are
// merged into longer batches like the digits of a binary counter.
type dispersion struct {
	Scales [scales]scale `json:"scales"`
}

// scale holds one batch length.
type scale struct {
	Open  []cell   `json:"open,omitempty"` // a batch that waits for its neighbour
	Held  bool     `json:"held,omitempty"`
	Past  Counters `json:"past,omitzero"`  // all batches so far
	Pods  moments  `json:"pods,omitzero"`  // pods of one batch against each other
	Times moments  `json:"times,omitzero"` // a batch against all earlier ones
	Twins moments  `json:"twins,omitzero"` // a batch against its neighbour
}

// moments estimate phi, the variance of block counts over that of independent
// blocks, as Excess/Weight: a batch has the weight of its blocks.
type moments struct {
	Excess float64 `json:"excess"`
	Weight float64 `json:"weight"`
	Square float64 `json:"square"` // sum of squared weights over their freedom
}

// add takes one tick's increments.
func (d *dispersion) add(cells []cell) {
	if len(cells) == 0 {
		return
	}
	for i := range d.Scales {
		s := &d.Scales[i]
		s.Pods.compare(cells)
		s.Times.follow(s.Past, sum(cells))
		s.Past = s.Past.plus(sum(cells))
		if !s.Held {
			s.Open, s.Held = cells, true
			return
		}
		s.Twins.compare([]cell{{"", sum(s.Open)}, {"", sum(cells)}})
		cells = merge(s.Open, cells)
		s.Open, s.Held = nil, false
	}
}

// compare adds Pearson's statistic of the pods of one batch, given the sum of
// their blocks. Exposure is the calls that were not blocked: a burst of blocks
// must not explain itself.
func (m *moments) compare(cells []cell) {
	all := sum(cells)
	if all.Blocks <= 0 || all.passed() <= 0 {
		return
	}
	excess, n := 0.0, 0.0
	for _, c := range cells {
		if part := c.passed() / all.passed(); part > 0 {
			off := c.Blocks - part*all.Blocks
			excess += off * off / part
			n++
		}
	}
	if n >= 2 {
		m.note(excess/(n-1), all.Blocks, n-1)
	}
}

// follow adds how far one batch is from what all earlier ones foretold, given
// the sum of both. A slow change that reaches all pods looks like clumping
// here, so it serves only where a single pod leaves nothing to compare.
func (m *moments) follow(past, batch Counters) {
	both := past.plus(batch)
	if both.Blocks <= 0 || past.passed() <= 0 || batch.passed() <= 0 {
		return
	}
	part := batch.passed() / both.passed()
	off := batch.Blocks - part*both.Blocks
	m.note(off*off/(1-part), part*both.Blocks, 1)
}

func (m *moments) note(excess, weight, freedom float64) {
	if square := weight * weight / freedom; within(excess, 0, maxSum) && square > 0 {
		m.plus(moments{excess, weight, square}, 1)
	}
}

// plus adds a part of o.
func (m *moments) plus(o moments, part float64) {
	m.Excess = math.Min(m.Excess+part*o.Excess, maxSum)
	m.Weight = math.Min(m.Weight+part*o.Weight, maxSum)
	m.Square = math.Min(m.Square+part*o.Square, maxSum)
}

// maxSum keeps sums finite.
const maxSum = 1e100

// passed is the calls that were not blocked.
func (c Counters) passed() float64 { return math.Max(c.Requests-c.Blocks, 0) }

func merge(a, b []cell) []cell {
	out := append([]cell(nil), a...)
next:
	for _, x := range b {
		for i := range out {
			if out[i].Pod == x.Pod {
				out[i].Counters = out[i].plus(x.Counters)
				continue next
			}
		}
		out = append(out, x)
	}
	return out
}
