package canary

import (
	"fmt"
	"math"
	"testing"
	"time"
)

func TestOutlook(t *testing.T) {
	minutes, seconds := Default(), Default()
	seconds.Window = 20 * time.Second
	for _, c := range []struct {
		criteria                      Criteria
		rate, share, weight, clumping float64
		want                          string
	}{
		{minutes, 2000, 0.05, 0.05, 1, "5 % of 2 000 req/s are blocked: 20 % more shows in about 3 min"},
		{minutes, 100, 0.02, 0.05, 1, "too little traffic to see 20 %: in 30 min only 43 % more shows"},
		{seconds, 200, 0.02, 0.05, 1, "too little traffic to see 20 %: in 20 s only 4.9 times as many show"},
		{seconds, 1, 0.02, 0.05, 20, "too little traffic to see 20 %: in 20 s no increase of blocks shows"},
		{minutes, 100, 0, 0.05, 1, "nothing of 100 req/s is blocked: 4 blocks on the canary alone roll back"},
		{minutes, math.NaN(), 0, 0.05, 1, "the traffic is unknown: it cannot be said what will show"},
		{minutes, 100, 0.02, 1, 1, "the traffic is unknown: it cannot be said what will show"},
	} {
		if o := c.criteria.Outlook(c.rate, c.share, c.weight, c.clumping); o.Text != c.want {
			t.Errorf("%v req/s, %v blocked: %q, want %q", c.rate, c.share, o.Text, c.want)
		}
	}
}

// What the outlook promises, the judge keeps: the least increase that it names
// is caught in about nine of ten simulated deploys.
func TestSimulationKeepsTheOutlook(t *testing.T) {
	for _, rate := range []float64{50, 200} {
		tr := with(func(t *traffic) { t.Rate, t.Learn = rate, 7200 })
		tr.Factor = 1 + Default().Outlook(rate, tr.Share, tr.Weight, 1).Increase
		o := tr.deploys(fmt.Sprintf("%v req/s, %.2f-fold", rate, tr.Factor), runs(40), Default())
		if o.Rate < 0.75 {
			t.Errorf("%s: %.0f %% caught, about 90 %% promised", o.Name, 100*o.Rate)
		}
	}
}
