package canary

import (
	"math"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// clump is one reading of how blocks clump: 1 for independent blocks, about 20
// for bursts of 20.
type clump struct {
	phi     float64 // at least 1
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

// clumps lists what each batch length says, without those that cannot be the
// least favourable. A long batch, of which there are few, leans on where the
// shorter ones are heading: clumping by long sessions doubles with the length.
func (d *dispersion) clumps() []clump {
	phi, before := float64(firstPhi), float64(firstPhi)
	var all []clump
	for _, s := range d.Scales {
		m := s.moments()
		if m.Weight <= 0 {
			break
		}
		n := s.freedom()
		heading := phi + 2*math.Max(phi-before, 0)
		before, phi = phi, (m.Excess/m.Weight*n+heading*firstFreedom)/(n+firstFreedom)
		all = unbeaten(all, clump{math.Max(phi, 1), n + firstFreedom})
	}
	if len(all) == 0 {
		all = []clump{{firstPhi, firstFreedom}}
	}
	return all
}

// alone is used for the canary while the baseline has blocked nothing at all:
// blocks that keep coming are a habit, one burst may be one hostile session.
// Neighbouring batches are compared, so that a canary that begins to block
// late does not look like a burst for long.
func (d *dispersion) alone(ticks float64) []clump {
	phi, known := 1.0, false
	for _, s := range d.Scales {
		if m := s.Twins; m.Weight > 0 {
			phi, known = math.Max(phi, m.Excess/m.Weight), true
		}
	}
	if !known {
		return []clump{{firstPhi, firstFreedom}}
	}
	return []clump{{phi, firstFreedom + ticks/aloneTicks}}
}

// aloneTicks is how many ticks of the canary are as good as one degree of
// freedom: ten single blocks in 40 s, and none in twenty times the baseline's
// calls, are then enough; as many within 10 s are not.
const aloneTicks = 10

func (s scale) moments() moments {
	if s.Pods.Weight > 0 {
		return s.Pods
	}
	return s.Times
}

// freedom is the degrees of freedom of moments, 0 or more. A single pod is
// compared with its own past, whose slow swings are as good as two lost.
func (s scale) freedom() float64 {
	m := s.moments()
	n := m.Weight * m.Weight / m.Square
	if s.Pods.Weight > 0 {
		return n
	}
	return math.Max(n-2, 0)
}

// unbeaten adds c unless another discounts every evidence more, and drops what
// c beats.
func unbeaten(all []clump, c clump) []clump {
	var out []clump
	for _, o := range all {
		if o.phi >= c.phi && o.freedom <= c.freedom {
			return all
		}
		if o.phi > c.phi || o.freedom < c.freedom {
			out = append(out, o)
		}
	}
	return append(out, c)
}

// Learned is how a gateway's blocks clump, to be kept from one deploy to the
// next: a judge that knows it tells a doubling in about two thirds of the time.
type Learned struct {
	Tick  time.Duration   `json:"tick"`
	Pods  [scales]moments `json:"pods"`
	Times [scales]moments `json:"times"`
}

// keptPart of the older lessons enters the next deploy: it forgets in about
// four windows.
const keptPart = 0.75

// Learned is what this judge knows of the baseline, lessons taught included.
func (j *Judge) Learned() Learned {
	l := Learned{Tick: j.s.Criteria.Tick}
	for i, s := range j.s.Clumping.Scales {
		l.Pods[i], l.Times[i] = s.Pods, s.Times
	}
	return l
}

// Teach adds what an earlier judge of the same gateway learned. Lessons at
// another tick, or that no judge can have learned, are refused (exit 3) and
// change nothing: the judge is then only slower.
func (j *Judge) Teach(l Learned) error {
	if l.Tick != j.s.Criteria.Tick {
		return fault.Unable("use the clumping learned earlier: its tick is %v, this deploy's %v", l.Tick, j.s.Criteria.Tick)
	}
	for i := range l.Pods {
		if !l.Pods[i].valid() || !l.Times[i].valid() {
			return fault.Unable("use the clumping learned earlier: its sums at scale %d are out of range", i)
		}
	}
	for i := range j.s.Clumping.Scales {
		j.s.Clumping.Scales[i].Pods.plus(l.Pods[i], keptPart)
		j.s.Clumping.Scales[i].Times.plus(l.Times[i], keptPart)
	}
	return nil
}

func (m moments) valid() bool {
	return within(m.Excess, 0, maxSum) && within(m.Weight, 0, maxSum) && within(m.Square, 0, maxSum) &&
		(m.Weight > 0) == (m.Square > 0)
}
