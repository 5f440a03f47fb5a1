package standin_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// sumOf parses a scrape with Prometheus' own parser and adds up a family, or
// one series of it when the prefix has a label.
func sumOf(t *testing.T, text, prefix string) int {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("metrics do not parse: %v", err)
	}
	name, labels, _ := strings.Cut(prefix, "{")
	sum := 0.0
	for _, m := range families[name].GetMetric() {
		for _, l := range m.GetLabel() {
			if labels == "" || labels == l.GetName()+`="`+l.GetValue()+`"}` {
				sum += m.GetCounter().GetValue()
				break
			}
		}
	}
	return int(sum)
}

func TestMetricsExistFromTheStart(t *testing.T) {
	_, text := start(t, nil).get(t, "/metrics")
	for _, line := range []string{
		`clawql_mcp_tool_calls_total{tool_name="search"} 0`,
		`clawql_atr_violations_total{component="panguard",decision="deny",ruleCategory="prompt-injection"} 0`,
		`clawql_native_protocol_graphql_execute_total{source="builtin",outcome="error"} 0`,
		`# TYPE clawql_audit_events_total counter`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %s in\n%s", line, text)
		}
	}
}

func TestOpenMetricsOnRequest(t *testing.T) {
	g := start(t, nil)
	req, _ := http.NewRequest(http.MethodGet, g.URL+"/metrics", nil)
	req.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	_, text := do(t, req)
	if !strings.HasSuffix(text, "# EOF\n") || !strings.Contains(text, "# TYPE clawql_mcp_tool_calls counter\n") {
		t.Errorf("no OpenMetrics:\n%s", text)
	}
}

func TestUnknownToolsShareALabel(t *testing.T) {
	g := start(t, nil)
	s := g.connect(t)
	for _, tool := range []string{"x1", "x2"} {
		if _, err := call(t, s, tool, nil); err == nil {
			t.Errorf("tool %s exists", tool)
		}
	}
	if n := g.sum(t, `clawql_mcp_tool_calls_total{tool_name="unknown"}`); n != 2 {
		t.Errorf("%d calls of unknown tools, want 2", n)
	}
}
