package canary

import (
	"fmt"
	"strings"
	"time"
)

func (s *state) harm(t totals) string {
	if s.Criteria.Rule == Literal {
		return fmt.Sprintf("%s: more than the %.4g %% allowed, by the literal rule", compared(t), 100*s.Criteria.MaxBlockIncrease)
	}
	return fmt.Sprintf("%s: the evidence of harm is %s to 1, %s needed", compared(t), number(s.evidence()), number(1/s.Criteria.Alpha))
}

func (s *state) noHarm(t totals) string {
	after := fmt.Sprintf("%s covered, %s canary requests, no unhandled error", clock(s.Cover.Covered), number(t.Canary.Requests))
	if s.increased(t) {
		return fmt.Sprintf("%s; %s, which chance explains: the evidence of harm is %s to 1, %s needed", after, compared(t), number(s.evidence()), number(1/s.Criteria.Alpha))
	}
	return fmt.Sprintf("%s; %s: no evidence of harm", after, compared(t))
}

func (s *state) blind(t totals) string {
	if s.Cover.Covered >= s.Criteria.Window && t.Canary.Requests < s.Criteria.MinCanaryRequests {
		return fmt.Sprintf("the canary served %s requests in %s, too few to judge (%s needed)",
			number(t.Canary.Requests), clock(s.Cover.Elapsed), number(s.Criteria.MinCanaryRequests))
	}
	return fmt.Sprintf("only %s of %s were covered: both sides could not be read for %s, %s allowed",
		clock(s.Cover.Covered), clock(s.Criteria.Window), clock(s.Cover.gaps()), clock(s.Criteria.GapCap))
}

func (s *state) progress(t totals) string {
	at := fmt.Sprintf("%s of %s covered", clock(s.Cover.Covered), clock(s.Criteria.Window))
	switch {
	case s.Cover.Began.IsZero():
		return "waiting for the first canary pod"
	case !s.Cover.Full:
		return at + "; blind at the moment: not every canary pod and a baseline pod could be read"
	case s.Cover.Covered >= s.Criteria.Window && t.Canary.Requests < s.Criteria.MinCanaryRequests:
		return fmt.Sprintf("%s; waiting for %s canary requests, %s served", at, number(s.Criteria.MinCanaryRequests), number(t.Canary.Requests))
	case s.doubtful(t):
		return fmt.Sprintf("%s; %s: some evidence of harm, %s to 1 of %s, watching on", at, compared(t), number(s.evidence()), number(1/s.Criteria.Alpha))
	}
	return at + "; no evidence of harm"
}

// compared says how the block shares of the two sides stand to each other.
func compared(t totals) string {
	return fmt.Sprintf("canary blocked %s of %s calls (%s), baseline %s of %s (%s)%s",
		number(t.Canary.Blocks), number(t.Canary.Requests), percent(t.Canary.share()),
		number(t.Baseline.Blocks), number(t.Baseline.Requests), percent(t.Baseline.share()), times(t.ratio()))
}

func times(ratio float64) string {
	if ratio >= maxRatio {
		return ""
	}
	return fmt.Sprintf(", %.2f times", ratio)
}

func percent(share float64) string { return fmt.Sprintf("%.2f %%", 100*share) }

// number groups the thousands of a count; past a million million it gives up.
func number(v float64) string {
	if v >= 1e12 {
		return fmt.Sprintf("%.2g", v)
	}
	s := fmt.Sprintf("%.0f", v)
	var b strings.Builder
	for i, r := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// clock is d as 00:07:42.
func clock(d time.Duration) string {
	s := int64(d / time.Second)
	return fmt.Sprintf("%02d:%02d:%02d", s/3600, s/60%60, s%60)
}
