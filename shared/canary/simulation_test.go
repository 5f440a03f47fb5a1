package canary

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
	"testing"
	"time"
)

var (
	long = flag.Bool("long", false, "simulate -runs deploys a row instead of a few")
	many = flag.Int("runs", 1000, "simulated deploys a row with -long")
)

// runs is the number of simulated deploys a row.
func runs(short int) int {
	if *long {
		return *many
	}
	return short
}

// outcome of many simulated deploys of one kind.
type outcome struct {
	Name      string  `json:"name"`
	Runs      int     `json:"runs"`
	Rollbacks int     `json:"rollbacks"`
	Rate      float64 `json:"rate"`
	Median    float64 `json:"medianSeconds,omitempty"` // until rollback
	P90       float64 `json:"p90Seconds,omitempty"`
}

func (t traffic) deploys(name string, n int, c Criteria) outcome {
	o := outcome{Name: name, Runs: n}
	var seconds []float64
	for i := range n {
		v := t.judge(rand.New(rand.NewPCG(uint64(i), 7)), c)
		if v.Decision == Rollback {
			seconds = append(seconds, v.Elapsed.Seconds())
		}
	}
	sort.Float64s(seconds)
	if o.Rollbacks = len(seconds); o.Rollbacks > 0 {
		o.Median, o.P90 = seconds[o.Rollbacks/2], seconds[o.Rollbacks*9/10]
	}
	o.Rate = float64(o.Rollbacks) / float64(n)
	return o
}

// allowedAt is the most rollbacks in n runs that a true rate of p explains: more
// come with a probability below 1 in 1000.
func allowedAt(p float64, n int) int {
	tail, term := 1.0, math.Pow(1-p, float64(n))
	for k := 0; k <= n; k++ {
		if tail -= term; tail < 0.001 {
			return k
		}
		term *= float64(n-k) / float64(k+1) * p / (1 - p)
	}
	return n
}

func with(change func(*traffic)) traffic {
	t := usual()
	change(&t)
	return t
}

// sandbox is the traffic and the short window of `make demo`.
func sandbox(share, factor float64) (traffic, Criteria) {
	c := Default()
	c.Window, c.GapCap = 20*time.Second, 20*time.Second
	return with(func(t *traffic) { t.Rate, t.Share, t.Factor, t.Seconds, t.Learn = 200, share, factor, 40, 10 }), c
}

// The bound is the judge's promise; each row is a good version.
func TestSimulationHoldsTheBound(t *testing.T) {
	for _, burst := range []float64{1, 5, 20} {
		for _, geometric := range []bool{false, true} {
			if burst == 1 && geometric {
				continue
			}
			tr := with(func(t *traffic) { t.Burst, t.Spread, t.Geometric = burst, 20, geometric })
			o := tr.deploys(fmt.Sprintf("burst %v geometric %v", burst, geometric), runs(150), Default())
			if most := allowedAt(0.01, o.Runs); o.Rollbacks > most {
				t.Errorf("%s: %d of %d good versions rolled back, at most %d fit a bound of 1 %%", o.Name, o.Rollbacks, o.Runs, most)
			}
		}
	}
}

// Few hostile sessions: that the canary meets the first of them happens to one
// good version in twenty.
func TestSimulationOfRareSessions(t *testing.T) {
	for _, spread := range []float64{0, 20} {
		tr := with(func(t *traffic) { t.Burst, t.Spread, t.Share = 20, spread, 0.0004 })
		o := tr.deploys(fmt.Sprintf("spread %v", spread), runs(200), Default())
		if most := allowedAt(0.01, o.Runs); o.Rollbacks > most {
			t.Errorf("%s: %d of %d good versions rolled back, at most %d fit a bound of 1 %%", o.Name, o.Rollbacks, o.Runs, most)
		}
	}
}

func TestSimulationHasPower(t *testing.T) {
	for name, c := range map[string]struct {
		traffic traffic
		least   float64 // rate
		median  float64 // seconds
	}{
		"doubling":                        {with(func(t *traffic) { t.Factor = 2 }), 0.95, 450},
		"doubling, clumping learned":      {with(func(t *traffic) { t.Factor, t.Learn = 2, 1800 }), 0.95, 280},
		"ten times":                       {with(func(t *traffic) { t.Factor = 10 }), 1, 40},
		"doubling from half time on":      {with(func(t *traffic) { t.Factor, t.Onset = 2, 900 }), 0.8, 1600},
		"doubling, bursts of 5":           {with(func(t *traffic) { t.Factor, t.Burst, t.Spread = 2, 5, 20 }), 0.6, 1500},
		"ten times, bursts of 20":         {with(func(t *traffic) { t.Factor, t.Burst, t.Spread = 10, 20, 20 }), 0.95, 450},
		"half as much more, a single pod": {with(func(t *traffic) { t.Factor, t.Pods = 1.5, 1 }), 0.4, 1800},
	} {
		o := c.traffic.deploys(name, runs(20), Default())
		if o.Rate < c.least || o.Median > c.median {
			t.Errorf("%s: %.0f %% caught, median %.0f s; want %.0f %% and %.0f s", name, 100*o.Rate, o.Median, 100*c.least, c.median)
		}
	}
}

func TestSimulationOfShortWindows(t *testing.T) {
	for _, share := range []float64{0.02, 0.1} {
		good, c := sandbox(share, 1)
		o := good.deploys("good", runs(400), c)
		if most := allowedAt(0.01, o.Runs); o.Rollbacks > most {
			t.Errorf("share %v: %d of %d good versions rolled back, at most %d fit", share, o.Rollbacks, o.Runs, most)
		}
		bad, c := sandbox(share, 10)
		if o := bad.deploys("ten times", runs(200), c); o.Rate < 0.99 {
			t.Errorf("share %v: only %.1f %% of ten-fold increases caught", share, 100*o.Rate)
		}
	}
}

// The doc comment of Literal says a quarter and more.
func TestLiteralRuleIsAsBadAsDocumented(t *testing.T) {
	c := Default()
	c.Rule = Literal
	o := usual().deploys("literal", runs(60), c)
	if o.Rate < 0.1 {
		t.Errorf("the literal rule rolls back %.0f %% of good versions: its doc comment is out of date", 100*o.Rate)
	}
}

// TestPrintOperatingCharacteristics prints the table of `make bench-judge`,
// one line of JSON at its end; it fails when a row breaks the bound.
func TestPrintOperatingCharacteristics(t *testing.T) {
	if !*long {
		t.Skip("prints a table: run with -v -args -long")
	}
	var all []outcome
	fmt.Printf("%-58s %6s %12s %9s %8s\n", "30 min, 100 req/s, 2 % blocked, 5 % on the canary", "runs", "rolled back", "median", "p90")
	for _, row := range table() {
		o := row.traffic.deploys(row.name, runs(20), row.criteria)
		fmt.Printf("%-58s %6d %10.1f %% %7.0f s %6.0f s\n", o.Name, o.Runs, 100*o.Rate, o.Median, o.P90)
		all = append(all, o)
		if row.bound && o.Rollbacks > allowedAt(0.01, o.Runs) {
			t.Errorf("%s: %.1f %% of good versions rolled back", o.Name, 100*o.Rate)
		}
	}
	line, err := json.Marshal(map[string]any{"bench": "judge", "alpha": Default().Alpha, "rows": all})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(string(line))
}

type row struct {
	name     string
	traffic  traffic
	criteria Criteria
	bound    bool // a good version, traffic within what doc.go promises
}

func table() (rows []row) {
	for _, factor := range []float64{1, 2, 10} {
		for _, burst := range []float64{1, 5, 20} {
			for _, pods := range []int{3, 1} {
				for _, learn := range []int{0, 1800} {
					tr := with(func(t *traffic) { t.Factor, t.Burst, t.Pods, t.Learn = factor, burst, pods, learn })
					if burst > 1 {
						tr.Spread = 20
					}
					name := fmt.Sprintf("x%v, bursts of %v over %v s, baseline pods: %d, %s", factor, burst, tr.Spread, pods, map[int]string{0: "cold", 1800: "learned"}[learn])
					rows = append(rows, row{name, tr, Default(), factor == 1})
				}
			}
		}
	}
	for _, spread := range []float64{0, 100} {
		tr := with(func(t *traffic) { t.Burst, t.Spread, t.Geometric = 20, spread, true })
		rows = append(rows, row{fmt.Sprintf("x1, bursts of about 20 over %v s, baseline pods: 3, cold", spread), tr, Default(), false})
	}
	literal := Default()
	literal.Rule = Literal
	rows = append(rows, row{"x1, single blocks, the literal rule", usual(), literal, false})
	for _, factor := range []float64{1, 10} {
		tr, c := sandbox(0.02, factor)
		rows = append(rows, row{fmt.Sprintf("x%v, 20 s window, 200 req/s, baseline pods: 3", factor), tr, c, factor == 1})
	}
	return rows
}
