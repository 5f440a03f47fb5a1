package canary

import (
	"math/rand/v2"
	"testing"
)

func TestDecisions(t *testing.T) {
	good, bad := usual(), usual()
	bad.Factor = 10
	for name, c := range map[string]struct {
		traffic traffic
		want    Decision
	}{"good": {good, Promote}, "ten times the blocks": {bad, Rollback}} {
		if v := c.traffic.judge(rand.New(rand.NewPCG(1, 2)), Default()); v.Decision != c.want {
			t.Errorf("%s: %s (%s), want %s", name, v.Decision, v.Reason, c.want)
		}
	}
}
