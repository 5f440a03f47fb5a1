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
		if !within(n, 0, maxSquare) {
			return fmt.Errorf("a count is %v", n)
		}
	}
	return nil
}

// maxSquare bounds the sums of squared counts.
const maxSquare = maxCount * maxCount * maxCount

func (s *state) numbers() (all []float64) {
	for _, t := range append([]totals{s.Pending, s.Stretch.totals, s.Sum}, s.Starts...) {
		all = append(all, t.Baseline.Requests, t.Baseline.Blocks, t.Canary.Requests, t.Canary.Blocks, t.Expected)
	}
	for _, m := range []meter{s.Meters.Baseline, s.Meters.Canary} {
		for _, p := range m.Pods {
			all = append(all, p.Counters.Requests, p.Counters.Blocks)
		}
	}
	return append(all, s.Clumping.numbers()...)
}

func (d *dispersion) numbers() (all []float64) {
	for _, s := range d.Scales {
		for _, m := range []moments{s.Pods, s.Halves} {
			all = append(all, m.Excess, m.Weight, m.Square)
		}
		for _, c := range s.Open {
			all = append(all, c.Requests, c.Blocks)
		}
	}
	return all
}
