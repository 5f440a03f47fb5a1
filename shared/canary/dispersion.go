package canary

import "math"

// scales is how many batch lengths the dispersion is measured at: 1, 2, 4, ...
// 128 ticks. Hostile sessions that last longer than the longest are seen in part.
const scales = 8

// dispersion learns how much blocks clump: the variance of block counts over
// that of independent blocks, called phi (1: independent; about 20: bursts of
// 20). Batches of neighbouring ticks are merged like a binary counter.
type dispersion struct {
	Scales [scales]scale `json:"scales"`
}

// scale holds one batch length.
type scale struct {
	Open   []cell  `json:"open,omitempty"` // a batch that waits for its neighbour
	Held   bool    `json:"held"`
	Pods   moments `json:"pods"`   // pods of one batch against each other
	Halves moments `json:"halves"` // a batch against its neighbour
}

// moments estimates phi as Excess/Weight, a ratio that gives a large batch
// the weight of its blocks.
type moments struct {
	Excess float64 `json:"excess"`
	Weight float64 `json:"weight"`
	Square float64 `json:"square"` // sum of squared weights, for the degrees of freedom
}

// add takes one tick's increments.
func (d *dispersion) add(cells []cell) {
	for i := range d.Scales {
		s := &d.Scales[i]
		s.Pods.compare(cells)
		if !s.Held {
			s.Open, s.Held = cells, true
			return
		}
		a, b := sum(s.Open), sum(cells)
		s.Halves.compare([]cell{{"", a.Requests, a.Blocks}, {"", b.Requests, b.Blocks}})
		cells = merge(s.Open, cells)
		s.Open, s.Held = nil, false
	}
}

// compare adds Pearson's statistic of the cells, given their total and their
// exposure. The exposure is the calls that were not blocked: a burst of blocks
// must not explain itself.
func (m *moments) compare(cells []cell) {
	var blocks, exposure float64
	for _, c := range cells {
		blocks += c.Blocks
		exposure += passed(c)
	}
	if blocks <= 0 || exposure <= 0 {
		return
	}
	excess, n := 0.0, 0.0
	for _, c := range cells {
		if part := passed(c) / exposure; part > 0 {
			off := c.Blocks - part*blocks
			excess += off * off / part
			n++
		}
	}
	if n < 2 {
		return
	}
	m.Excess += excess / (n - 1)
	m.Weight += blocks
	m.Square += blocks * blocks / (n - 1)
}

func passed(c cell) float64 { return math.Max(c.Requests-c.Blocks, 0) }

func merge(a, b []cell) []cell {
	out := append([]cell(nil), a...)
next:
	for _, x := range b {
		for i := range out {
			if out[i].Pod == x.Pod {
				out[i].Requests += x.Requests
				out[i].Blocks += x.Blocks
				continue next
			}
		}
		out = append(out, x)
	}
	return out
}

// clump is one reading of how blocks clump.
type clump struct {
	phi     float64 // variance of block counts over that of independent blocks
	freedom float64 // degrees of freedom behind phi
}

// discount takes the log-likelihood ratio x of independent blocks down to what
// it is worth: divided by phi, and as polynomial as Student's t where phi is
// little known.
func (c clump) discount(x float64) float64 {
	return math.Copysign(c.freedom/2*math.Log1p(2*math.Abs(x)/(c.phi*c.freedom)), x)
}

// Before the baseline has shown anything, blocks are taken to come in bursts
// of firstPhi, with the weight of firstFreedom observations.
const (
	firstPhi     = 3
	firstFreedom = 4
)

// clumps lists what each batch length says; a long batch, of which there are
// few, leans on the next shorter one.
func (d *dispersion) clumps() []clump {
	out := []clump{{firstPhi, firstFreedom}}
	phi := float64(firstPhi)
	for i, s := range d.Scales {
		m := s.Pods
		if m.Weight <= 0 {
			m = s.Halves
		}
		if m.Weight <= 0 {
			break
		}
		n := m.Weight * m.Weight / m.Square
		phi = (m.Excess/m.Weight*n + phi*firstFreedom) / (n + firstFreedom)
		if i == 0 {
			out = out[:0]
		}
		out = append(out, clump{math.Max(phi, 1), n + firstFreedom})
	}
	return out
}
