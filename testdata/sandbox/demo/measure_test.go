package demo

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// The history as the data plane tells it: an older rollback, then a shift at
// second 10 and weight 0 at second 12.
func pages(first500 string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		change := func(second int, backends string) string {
			return fmt.Sprintf(`{"time": "2026-01-01T00:00:%02dZ", "route": "clawql/clawql-mcp-http", "rules": [[{"backend": "clawql/clawql-mcp-http", "weight": 95}%s]]}`, second, backends)
		}
		canary := `, {"backend": "clawql/clawql-mcp-http-canary", "weight": 5}`
		if r.URL.Path == "/routes" {
			fmt.Fprintf(w, `{"history": [%s, %s, %s, %s]}`, change(1, canary), change(2, ""), change(10, canary), change(12, ""))
			return
		}
		fmt.Fprintf(w, `{"counters": [{"route": "clawql/clawql-mcp-http", "requests": 5, "byStatus": {"200": 3, "500": 2}, "first5xxAt": %q},
			{"route": "clawql/clawql-mcp-http-probe", "requests": 1, "byStatus": {"500": 1}, "first5xxAt": "2026-01-01T00:00:01Z"}]}`, first500)
	}
}

func TestMeasureTakesTheNewestShift(t *testing.T) {
	for first, took := range map[string]time.Duration{"2026-01-01T00:00:11Z": time.Second, "2026-01-01T00:00:13Z": 0} {
		server := httptest.NewServer(pages(first))
		s := &Stage{}
		s.status.Gateway.Admin = server.URL
		a, err := s.Measure(context.Background())
		server.Close()
		if err != nil || !a.Seen() || a.Took() != took || a.Bad != 2 || a.Served != 5 {
			t.Errorf("first 500 at %s: %+v took %s, %v", first, a, a.Took(), err)
		}
	}
}
