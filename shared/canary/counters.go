package canary

import (
	"math"
	"time"
)

// lastSeen is the last good reading of one pod.
type lastSeen struct {
	Instance string   `json:"instance"`
	Counters Counters `json:"counters"`
}

// cell is what one pod added in an interval.
type cell struct {
	Pod string `json:"pod"`
	Counters
}

// meter turns the raw counters of one side into increments. It remembers a
// pod that went away, so that a pod that comes back is not counted twice.
type meter struct {
	Pods map[string]lastSeen `json:"pods"`
}

// advance returns what each pod of samples added since it was last read, and
// whether all of them could be read. A pod not read before counts from zero when
// bornInWindow says so; else its first reading is only the reference.
func (m *meter) advance(samples []PodSample, bornInWindow func(PodSample) bool) (added []cell, all bool) {
	if m.Pods == nil {
		m.Pods = map[string]lastSeen{}
	}
	all = len(samples) > 0
	now := make(map[string]bool, len(samples))
	for _, s := range samples {
		if now[s.Pod] || !s.readable() {
			all = false
			continue
		}
		now[s.Pod] = true
		added = append(added, m.read(s, bornInWindow))
	}
	return added, all
}

func (m *meter) read(s PodSample, bornInWindow func(PodSample) bool) cell {
	last, known := m.Pods[s.Pod]
	m.Pods[s.Pod] = lastSeen{Instance: s.Instance, Counters: s.Counters}
	from := last.Counters
	switch {
	case !known && !bornInWindow(s):
		from = s.Counters
	case !known || last.Instance != s.Instance:
		from = Counters{}
	}
	return cell{s.Pod, Counters{increase(from.Requests, s.Requests), increase(from.Blocks, s.Blocks)}}
}

// increase from one raw value to the next; a counter that went down has
// restarted from zero, so all of it is new (the rule of Prometheus).
func increase(from, to float64) float64 {
	if to < from {
		return to
	}
	return to - from
}

// maxCount is where a float64 stops counting single requests; a larger reading
// is no count.
const maxCount = 1 << 53

func (s PodSample) readable() bool {
	return s.OK && within(s.Requests, 0, maxCount) && within(s.Blocks, 0, maxCount)
}

// startedSince says whether the instance began at or after t.
func (s PodSample) startedSince(t time.Time) bool {
	return !s.Started.IsZero() && !s.Started.Before(t)
}

// sum adds the cells up.
func sum(cells []cell) (c Counters) {
	for _, x := range cells {
		c = c.plus(x.Counters)
	}
	return c
}

// share is blocks per request, at most maxRatio; 0 where nothing was served.
func (c Counters) share() float64 {
	if c.Requests <= 0 {
		return 0
	}
	return math.Min(c.Blocks/c.Requests, maxRatio)
}

func (c Counters) plus(d Counters) Counters {
	return Counters{math.Min(c.Requests+d.Requests, maxCount), math.Min(c.Blocks+d.Blocks, maxCount)}
}

func (c Counters) minus(d Counters) Counters {
	return Counters{math.Max(c.Requests-d.Requests, 0), math.Max(c.Blocks-d.Blocks, 0)}
}
