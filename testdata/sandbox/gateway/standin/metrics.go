package standin

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// The rule categories that a block is counted under. They are label values, so
// the list is closed (the contract allows no label of a session or a user).
const (
	categoryBlockedTool = "tool-policy"
	categoryInjection   = "prompt-injection"
	categoryExecution   = "command-execution"
	categoryTraversal   = "path-traversal"
	categoryAnomaly     = "anomaly" // what SANDBOX_BLOCK_FACTOR adds
)

var categories = []string{categoryBlockedTool, categoryInjection, categoryExecution, categoryTraversal, categoryAnomaly}

// metrics are plain counters. Every series exists from the start with value 0,
// so that a reader of raw counters never meets a series born at 1.
type metrics struct {
	started    time.Time
	calls      map[string]*atomic.Int64 // by tool; fixed keys, hence no lock
	violations map[string]*atomic.Int64 // by rule category
	graphqlOK  atomic.Int64
	auditOK    atomic.Int64
}

// otherTool is the label of calls of tools that do not exist.
const otherTool = "unknown"

func newMetrics(started time.Time, tools []string) *metrics {
	m := &metrics{started: started, calls: map[string]*atomic.Int64{}, violations: map[string]*atomic.Int64{}}
	for _, t := range append([]string{otherTool}, tools...) {
		m.calls[t] = new(atomic.Int64)
	}
	for _, c := range categories {
		m.violations[c] = new(atomic.Int64)
	}
	return m
}

// call counts one answered tools/call.
func (m *metrics) call(tool string) {
	counter, ok := m.calls[tool]
	if !ok {
		counter = m.calls[otherTool]
	}
	counter.Add(1)
}

func (m *metrics) violation(category string) { m.violations[category].Add(1) }

// ServeHTTP writes OpenMetrics to those who ask for it and the older text
// format to the others: they differ in the TYPE line of a counter and the end.
func (m *metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	open := strings.Contains(r.Header.Get("Accept"), "application/openmetrics-text")
	if open {
		w.Header().Set("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
	} else {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	}
	m.write(w, open)
}

func (m *metrics) write(w io.Writer, open bool) {
	family(w, open, "clawql_mcp_tool_calls", "MCP tool calls answered, blocked and failed ones included.", "tool_name", m.calls, nil)
	family(w, open, "clawql_atr_violations", "Calls that Panguard denied.", "ruleCategory", m.violations, []string{`component="panguard"`, `decision="deny"`})
	family(w, open, "clawql_native_protocol_graphql_execute", "Native GraphQL executions.", "outcome",
		map[string]*atomic.Int64{"ok": &m.graphqlOK, "error": new(atomic.Int64)}, []string{`source="builtin"`})
	family(w, open, "clawql_audit_events", "Audit events written.", "component",
		map[string]*atomic.Int64{"gateway": &m.auditOK}, nil)
	fmt.Fprintf(w, "# HELP process_start_time_seconds Start of this process, seconds since 1970.\n# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds %.3f\n",
		float64(m.started.UnixMilli())/1000)
	if open {
		io.WriteString(w, "# EOF\n")
	}
}

func family(w io.Writer, open bool, name, help, label string, series map[string]*atomic.Int64, fixed []string) {
	described := name + "_total"
	if open {
		described = name
	}
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s counter\n", described, help, described)
	for _, value := range sortedKeys(series) {
		labels := append(append([]string{}, fixed...), fmt.Sprintf("%s=%q", label, value))
		fmt.Fprintf(w, "%s_total{%s} %d\n", name, strings.Join(labels, ","), series[value].Load())
	}
}
