package demo

import (
	"context"
	"strings"
	"time"
)

// Abort is how one rollback looked in the data plane.
type Abort struct {
	First500 time.Time
	Zero     time.Time // weight 0 in force
	Bad      int64     // answers of 500 and above, from all backends
	Served   int64     // all answers
}

// Seen says whether both ends were seen in the data plane.
func (a Abort) Seen() bool { return !a.First500.IsZero() && !a.Zero.IsZero() }

// Took is the time from the first 500 to weight 0. The gateway logs before it
// answers: where weight 0 was faster than the answer, it is 0.
func (a Abort) Took() time.Duration { return max(0, a.Zero.Sub(a.First500)) }

// production ends the name of the route that clients use.
const production = "/clawql-mcp-http"

type countersPage struct {
	Counters []struct {
		Route      string
		Requests   int64
		ByStatus   map[string]int64
		First5xxAt *time.Time
	}
}

type routesPage struct {
	History []struct {
		Time  time.Time
		Route string
		Rules [][]struct {
			Backend string
			Weight  int
		}
	}
}

// Reset sets the data plane's counters to zero.
func (s *Stage) Reset(ctx context.Context) error {
	var ignored map[string]any
	return s.admin(ctx, "POST", "/counters/reset", &ignored)
}

// Measure reads the rollback of the canary from the data plane's own book.
func (s *Stage) Measure(ctx context.Context) (Abort, error) {
	var counters countersPage
	if err := s.admin(ctx, "GET", "/counters", &counters); err != nil {
		return Abort{}, err
	}
	var a Abort
	for _, row := range counters.Counters {
		if !strings.HasSuffix(row.Route, production) {
			continue // the deploy's own probe wants to be refused
		}
		a.Served += row.Requests
		for status, n := range row.ByStatus {
			if strings.HasPrefix(status, "5") {
				a.Bad += n
			}
		}
		if row.First5xxAt != nil && (a.First500.IsZero() || row.First5xxAt.Before(a.First500)) {
			a.First500 = *row.First5xxAt
		}
	}
	var routes routesPage
	if err := s.admin(ctx, "GET", "/routes", &routes); err != nil {
		return a, err
	}
	for _, change := range routes.History {
		if !strings.HasSuffix(change.Route, production) {
			continue
		}
		if canaryWeight(change.Rules) > 0 {
			a.Zero = time.Time{} // the newest shift counts
		} else if a.Zero.IsZero() {
			a.Zero = change.Time
		}
	}
	return a, nil
}

func canaryWeight(rules [][]struct {
	Backend string
	Weight  int
}) (weight int) {
	for _, rule := range rules {
		for _, backend := range rule {
			if strings.HasSuffix(backend.Backend, "-canary") {
				weight += backend.Weight
			}
		}
	}
	return weight
}
