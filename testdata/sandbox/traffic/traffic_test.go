package traffic

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/testdata/sandbox/gateway/standin"
)

func gateway(t *testing.T, change func(*standin.Config)) *httptest.Server {
	t.Helper()
	config := standin.Defaults()
	config.Panguard = true
	if change != nil {
		change(&config)
	}
	g, err := standin.New(config, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(g.Handler())
	t.Cleanup(server.Close)
	return server
}

func options(url string) Options {
	return Options{URL: url + "/mcp", Rate: 1000, Sessions: 8, CallsPerSession: 10, Hostile: 10, Burst: 1, Seed: 1,
		Admin: "127.0.0.1:0", Duration: 500 * time.Millisecond}
}

func run(t *testing.T, o Options) Snapshot {
	t.Helper()
	stats, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if stats.Requests == 0 || stats.Requests != stats.OK+stats.Blocked+stats.Failed+stats.CallsLost {
		t.Errorf("calls do not add up: %+v", stats)
	}
	return stats
}

// metric sums a family of the gateway's own counters.
func metric(t *testing.T, url, name string) (sum int64) {
	t.Helper()
	resp, err := http.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, name+"{") {
			n, err := strconv.ParseInt(strings.TrimSpace(line[strings.LastIndex(line, " "):]), 10, 64)
			if err != nil {
				t.Fatalf("line %q: %v", line, err)
			}
			sum += n
		}
	}
	return sum
}

// TestCountsAgreeWithTheGateways: client and server count the same, fault by fault.
func TestCountsAgreeWithTheGateways(t *testing.T) {
	cases := []struct {
		name   string
		change func(*standin.Config)
		holds  func(Snapshot) bool
	}{
		{"healthy", nil, func(s Snapshot) bool {
			return s.Failed == 0 && s.Blocked == s.Hostile && s.Blocked > 0 && s.First500At == nil && s.ToolErrors == 0
		}},
		{"500 from the 20th call", func(c *standin.Config) { c.FailFrom = 20 }, func(s Snapshot) bool {
			return s.HTTP500 == s.Requests-19 && s.Failed == s.HTTP500 && s.HTTP5xx == s.HTTP500 && s.SessionsOpened < s.Requests/2 && s.First500At != nil && !s.Last500At.Before(*s.First500At)
		}},
		{"more blocks", func(c *standin.Config) { c.BlockShare = 0.5 }, func(s Snapshot) bool {
			return s.Blocked == s.Hostile+(s.Requests-s.Hostile)/2
		}},
		{"not enforcing", func(c *standin.Config) { c.Panguard = false }, func(s Snapshot) bool {
			return s.Blocked == 0 && s.Hostile > 0 && s.OK == s.Requests
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g := gateway(t, c.change)
			stats := run(t, options(g.URL))
			if !c.holds(stats) {
				t.Errorf("%+v", stats)
			}
			if n := metric(t, g.URL, "clawql_mcp_tool_calls_total"); n != stats.Requests {
				t.Errorf("gateway counted %d calls, clients %d", n, stats.Requests)
			}
			if n := metric(t, g.URL, "clawql_atr_violations_total"); n != stats.Blocked {
				t.Errorf("gateway counted %d blocks, clients %d", n, stats.Blocked)
			}
		})
	}
}

// TestLostSessionsAreReopened: behind a proxy that sends each third call to a
// pod that does not know the session.
func TestLostSessionsAreReopened(t *testing.T) {
	home, away := gateway(t, nil), gateway(t, nil)
	var calls, strayed atomic.Int64
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		target := home
		if strings.Contains(string(body), `"tools/call"`) && calls.Add(1)%3 == 0 {
			strayed.Add(1)
			target = away
		}
		forward(w, r, target, string(body))
	}))
	defer front.Close()
	stats := run(t, options(front.URL))
	if stats.SessionsLost == 0 || stats.SessionsLost != strayed.Load() || stats.Failed != 0 {
		t.Errorf("%d strayed: %+v", strayed.Load(), stats)
	}
	if n := metric(t, home.URL, "clawql_mcp_tool_calls_total"); n != stats.OK+stats.Blocked {
		t.Errorf("gateway counted %d, clients %d", n, stats.OK+stats.Blocked)
	}
}

func forward(w http.ResponseWriter, r *http.Request, target *httptest.Server, body string) {
	out, _ := http.NewRequest(r.Method, target.URL+r.URL.Path, strings.NewReader(body))
	out.Header = r.Header.Clone()
	resp, err := http.DefaultClient.Do(out)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	for name, values := range resp.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body)
}

func TestNobodyListens(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	o := options(gone.URL)
	o.Duration = 100 * time.Millisecond
	stats, err := Run(t.Context(), o)
	if err != nil || stats.OpenFailures == 0 || stats.TransportErrors < stats.OpenFailures || stats.Requests != 0 {
		t.Errorf("%+v, %v", stats, err)
	}
}

func TestStopAnswersWithTheFinalCounts(t *testing.T) {
	g := gateway(t, nil)
	o := options(g.URL)
	o.Duration, o.ReadyFile = 0, t.TempDir()+"/ready"
	o.Host = "mcp.example"
	ended := make(chan Snapshot)
	go func() {
		stats, _ := Run(t.Context(), o)
		ended <- stats
	}()
	generator := readyURL(t, o.ReadyFile)
	for n := int64(0); n < 20; {
		var now Snapshot
		ask(t, http.MethodGet, generator+"/stats", &now)
		n = now.Requests
		time.Sleep(5 * time.Millisecond)
	}
	var answer Snapshot
	ask(t, http.MethodPost, generator+"/stop", &answer)
	if last := <-ended; last.Requests != answer.Requests || answer.Requests != metric(t, g.URL, "clawql_mcp_tool_calls_total") {
		t.Errorf("answer %+v, end %+v", answer, last)
	}
}

func readyURL(t *testing.T, name string) string {
	t.Helper()
	for range 500 {
		if data, err := readFile(name); err == nil {
			return strings.TrimSpace(data)
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("no ready file in 5 s")
	return ""
}

func ask(t *testing.T, method, url string, into any) {
	t.Helper()
	req, _ := http.NewRequest(method, url, nil)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}
