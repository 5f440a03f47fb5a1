package canary

import "fmt"

// check names the first value that no judge can have written.
func (s *state) check() error {
	if err := s.Criteria.Validate(); err != nil {
		return err
	}
	switch s.Decision {
	case Continue, Promote, Rollback, Inconclusive:
	default:
		return fmt.Errorf("the decision is %q", s.Decision)
	}
	c := s.Cover
	if c.Covered < 0 || c.Elapsed < c.Covered {
		return fmt.Errorf("%v of %v are covered", c.Covered, c.Elapsed)
	}
	if s.Errors[0] < 0 || s.Errors[1] < 0 || s.Stretch.Length < 0 || len(s.Starts) > maxStarts {
		return fmt.Errorf("a count is out of range")
	}
	for _, n := range s.numbers() {
		if !within(n, 0, maxCount) {
			return fmt.Errorf("a count is %v", n)
		}
	}
	for i, d := range append(s.Clumping.Scales[:], s.Alone.Scales[:]...) {
		if !d.Pods.valid() || !d.Times.valid() || !d.Twins.valid() {
			return fmt.Errorf("the clumping of batch length %d is out of range", i)
		}
	}
	return nil
}

func (s *state) numbers() (all []float64) {
	counts := []Counters{}
	for _, t := range append([]totals{s.Pending, s.Stretch.totals, s.Sum}, s.Starts...) {
		counts = append(counts, t.Baseline, t.Canary)
		all = append(all, t.Expected)
	}
	for _, m := range []meter{s.Meters.Baseline, s.Meters.Canary} {
		for _, p := range m.Pods {
			counts = append(counts, p.Counters)
		}
	}
	for _, d := range append(s.Clumping.Scales[:], s.Alone.Scales[:]...) {
		counts = append(counts, d.Past)
		for _, c := range d.Open {
			counts = append(counts, c.Counters)
		}
	}
	for _, c := range counts {
		all = append(all, c.Requests, c.Blocks)
	}
	return all
}
