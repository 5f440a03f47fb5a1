package signals

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/fault"
)

const openMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8"

var (
	calls  = Metric{Name: "calls_total"}
	blocks = Metric{Name: "blocks_total"}
)

// serve answers each request with body, as a gateway's /metrics does.
func serve(t *testing.T, contentType, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

var readings = map[string]struct {
	contentType, body string
	want              Counts
}{
	"series are summed": {"text/plain",
		"# TYPE calls_total counter\ncalls_total{tool_name=\"a\"} 3\ncalls_total{tool_name=\"b\"} 4\nblocks_total 0\n", Counts{7, 0}},
	"without types":                   {"text/plain", "calls_total 3\nblocks_total 1\n", Counts{3, 1}},
	"with timestamps":                 {"text/plain", "calls_total 3 1395066363000\nblocks_total 1 1395066363000\n", Counts{3, 1}},
	"large and written exponentially": {"text/plain", "calls_total 1.5e+06\nblocks_total 2e3\n", Counts{1.5e6, 2000}},
	"a gauge that is a counter":       {"text/plain", "# TYPE calls_total gauge\ncalls_total 3\nblocks_total 1\n", Counts{3, 1}},
	"a similar name":                  {"text/plain", "calls_total_created 9\ncalls_total 3\nblocks_total 1\n", Counts{3, 1}},
	"OpenMetrics": {openMetrics,
		"# TYPE calls counter\n# UNIT calls calls\n# HELP calls Calls.\ncalls_total{tool_name=\"a\"} 3.0\ncalls_created{tool_name=\"a\"} 1395066363.5\nblocks_total 1.0\n# EOF\n", Counts{3, 1}},
	"OpenMetrics with exemplars and timestamps": {openMetrics,
		"# TYPE calls counter\ncalls_total{tool_name=\"a\"} 3 1395066363.123 # {trace_id=\"x\"} 1 1395066363.1\nblocks_total 1 # {} 1\n# EOF\n", Counts{3, 1}},
	"OpenMetrics with odd label values": {openMetrics,
		"calls_total{tool_name=\"a } # {\\\" b\"} 3\nblocks_total{rule=\"\\\\\"} 1\n# EOF\n", Counts{3, 1}},
	"OpenMetrics types unknown to the text format": {openMetrics,
		"# TYPE build info\nbuild_info{v=\"1\"} 1\n# TYPE s stateset\ns{s=\"on\"} 1\ncalls_total 3\nblocks_total 1\n# EOF\n", Counts{3, 1}},
}

func TestReadings(t *testing.T) {
	for name, c := range readings {
		t.Run(name, func(t *testing.T) {
			got, err := Scrape(context.Background(), http.DefaultClient, serve(t, c.contentType, c.body), calls, blocks)
			if err != nil || got != c.want {
				t.Errorf("%+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}

// No data is never taken for zero.
var noReadings = map[string]struct{ contentType, body, message string }{
	"no requests":               {"text/plain", "blocks_total 1\n", "no series calls_total"},
	"no blocks":                 {"text/plain", "calls_total 1\n", "no series blocks_total"},
	"empty":                     {"text/plain", "", "no series calls_total"},
	"a histogram":               {"text/plain", "# TYPE calls_total histogram\ncalls_total_bucket{le=\"+Inf\"} 3\ncalls_total_sum 3\ncalls_total_count 3\nblocks_total 1\n", "is a histogram, but must be a counter"},
	"a summary":                 {"text/plain", "calls_total 3\n# TYPE blocks_total summary\nblocks_total_sum 3\nblocks_total_count 3\n", "is a summary, but must be a counter"},
	"not metrics":               {"text/html", "<html>login</html>\n", "do not parse"},
	"cut off":                   {"text/plain", "calls_total 3\nblocks_total{rule=\"a", "do not parse"},
	"a value that is no number": {"text/plain", "calls_total many\nblocks_total 1\n", "do not parse"},
	"OpenMetrics, cut off":      {openMetrics, "calls_total 3\nblocks_total{rule=\"a", "do not parse"},
	"too large":                 {"text/plain", "calls_total 3\nblocks_total 1\n" + strings.Repeat("#"+strings.Repeat("x", 1<<20)+"\n", 17), "larger than 16 MiB"},
}

func TestNoReadings(t *testing.T) {
	for name, c := range noReadings {
		t.Run(name, func(t *testing.T) {
			got, err := Scrape(context.Background(), http.DefaultClient, serve(t, c.contentType, c.body), calls, blocks)
			if err == nil || !strings.Contains(err.Error(), c.message) || fault.Code(err) != fault.CodeUnable {
				t.Errorf("%+v, %v; want an error with %q", got, err, c.message)
			}
		})
	}
}

func TestOnlySeriesWithTheLabels(t *testing.T) {
	url := serve(t, "text/plain", "calls_total{code=\"200\",tool=\"a\"} 3\ncalls_total{code=\"500\",tool=\"a\"} 4\ncalls_total 5\nblocks_total 1\n")
	for want, labels := range map[float64]map[string]string{3: {"code": "200"}, 4: {"code": "500", "tool": "a"}, 7: {"tool": "a"}, 12: nil} {
		got, err := Scrape(context.Background(), http.DefaultClient, url, Metric{"calls_total", labels}, blocks)
		if err != nil || got.Requests != want {
			t.Errorf("%v: %v, %v; want %v", labels, got.Requests, err, want)
		}
	}
	if _, err := Scrape(context.Background(), http.DefaultClient, url, Metric{"calls_total", map[string]string{"code": "404"}}, blocks); err == nil || !strings.Contains(err.Error(), "code:404") {
		t.Errorf("a label that no series has: %v", err)
	}
}

// What is no number reaches the judge as such, and is not readable there.
func TestNotANumberStays(t *testing.T) {
	got, err := Scrape(context.Background(), http.DefaultClient, serve(t, "text/plain", "calls_total NaN\nblocks_total +Inf\n"), calls, blocks)
	if err != nil || !math.IsNaN(got.Requests) || !math.IsInf(got.Blocks, 1) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAnErrorAnswerIsNoReading(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, "calls_total 3\nblocks_total 1\n")
	}))
	defer server.Close()
	if _, err := Scrape(context.Background(), http.DefaultClient, server.URL, calls, blocks); err == nil || !strings.Contains(err.Error(), "500") {
		t.Errorf("%v", err)
	}
}

// Whatever a pod answers, reading it ends, and a sum is the same in both formats.
func FuzzParse(f *testing.F) {
	for _, c := range readings {
		f.Add(c.body, c.contentType == openMetrics)
	}
	for _, c := range noReadings {
		f.Add(c.body[:min(len(c.body), 200)], true)
	}
	f.Fuzz(func(t *testing.T, body string, open bool) {
		contentType := "text/plain"
		if open {
			contentType = openMetrics
		}
		families, err := parse([]byte(body), contentType)
		if err != nil {
			return
		}
		_, _ = sum(families, calls, "requests")
	})
}
