package route

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"
	"time"
)

func prefix(p string) Match { return Match{PathKind: PathPrefix, Path: p} }
func exact(p string) Match  { return Match{PathKind: PathExact, Path: p} }
func header(m Match, pairs ...string) Match {
	for i := 0; i < len(pairs); i += 2 {
		m.Headers = append(m.Headers, Condition{Name: pairs[i], Value: pairs[i+1]})
	}
	return m
}

func entry(name, host string, m Match) Entry {
	return Entry{Hostname: host, Match: m, Rule: &Rule{Route: name}}
}

func request(method, target, host string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	r.Host = host
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

// TestPrecedence puts every way to be more specific against its lesser.
func TestPrecedence(t *testing.T) {
	old, young := entry("ns/old", "", prefix("/tie")), entry("ns/a-young", "", prefix("/tie"))
	young.Created = time.Unix(1, 0)
	first, second := entry("ns/rules", "rules.io", prefix("/")), entry("ns/rules-2", "rules.io", prefix("/"))
	second.Rule = &Rule{Route: "ns/rules", Index: 1}
	entries := []Entry{
		young, old, second, first,
		entry("any", "", prefix("/")),
		entry("wild", "*.io", prefix("/mcp")),
		entry("longer wild", "*.clawql.io", prefix("/")),
		entry("name", "a.clawql.io", prefix("/")),
		entry("prefix", "", prefix("/mcp")),
		entry("longer prefix", "", prefix("/mcp/tools")),
		entry("exact", "", exact("/mcp")),
		entry("method", "", Match{PathKind: PathPrefix, Path: "/mcp", Method: "DELETE"}),
		entry("probe", "", header(prefix("/mcp"), "x-clawql-probe", "r4nd0m")),
		entry("two headers", "", header(prefix("/mcp"), "x-clawql-probe", "r4nd0m", "x-more", "1")),
		entry("query", "", Match{PathKind: PathPrefix, Path: "/mcp", Query: []Condition{{Name: "v", Value: "2"}}}),
		entry("regex", "", Match{PathKind: PathRegex, Path: "/rx/.*", PathExpr: regexp.MustCompile("^(?:/rx/.*)$")}),
	}
	Sort(entries)
	table := &Table{Ports: map[int32][]Entry{80: entries}}
	cases := []struct {
		req  *http.Request
		want string
	}{
		{request("GET", "/", "x.example"), "any"},
		{request("GET", "/mcp/x", "x.example"), "prefix"},
		{request("GET", "/mcpx", "x.example"), "any"},
		{request("GET", "/mcp", "x.example"), "exact"},
		{request("GET", "/mcp/tools/1", "x.example"), "longer prefix"},
		{request("DELETE", "/mcp/x", "x.example"), "method"},
		{request("GET", "/mcp/x", "x.example", "X-Clawql-Probe", "r4nd0m"), "probe"},
		{request("GET", "/mcp/x", "x.example", "X-Clawql-Probe", "other"), "prefix"},
		{request("GET", "/mcp/x", "x.example", "X-Clawql-Probe", "r4nd0m", "X-Clawql-Probe", "twice"), "prefix"},
		{request("GET", "/mcp/x", "x.example", "X-Clawql-Probe", "r4nd0m", "X-More", "1"), "two headers"},
		{request("DELETE", "/mcp/x", "x.example", "X-Clawql-Probe", "r4nd0m"), "method"},
		{request("GET", "/mcp/x?v=2", "x.example"), "query"},
		{request("GET", "/mcp", "b.io"), "wild"},
		{request("GET", "/mcp", "b.clawql.io"), "longer wild"},
		{request("GET", "/mcp", "clawql.io"), "wild"},
		{request("GET", "/mcp", "A.clawql.io:8080"), "name"},
		{request("GET", "/tie", "x.example"), "ns/old"},
		{request("GET", "/", "rules.io"), "ns/rules"},
		{request("GET", "/rx/1", "x.example"), "any"}, // a prefix match goes before a pattern
	}
	for _, c := range cases {
		rule := table.Find(80, c.req)
		if rule == nil || rule.Route != c.want || rule.Index != 0 {
			t.Errorf("%s %s host %s %v: %+v, want %s", c.req.Method, c.req.URL, c.req.Host, c.req.Header, rule, c.want)
		}
	}
	if rule := table.Find(81, request("GET", "/", "x.example")); rule != nil {
		t.Errorf("another port: %s", rule.Route)
	}
}

func TestIntersect(t *testing.T) {
	cases := []struct {
		listener, route, want string
		ok                    bool
	}{
		{"", "", "", true}, {"", "a.io", "a.io", true}, {"a.io", "", "a.io", true}, {"a.io", "a.io", "a.io", true},
		{"*.io", "a.io", "a.io", true}, {"a.io", "*.io", "a.io", true}, {"*.io", "*.b.io", "*.b.io", true},
		{"a.io", "b.io", "", false}, {"*.io", "io", "", false}, {"*.a.io", "*.b.io", "", false},
	}
	for _, c := range cases {
		if got, ok := Intersect(c.listener, c.route); got != c.want || ok != c.ok {
			t.Errorf("Intersect(%q, %q) = %q, %v", c.listener, c.route, got, ok)
		}
	}
}

func TestPick(t *testing.T) {
	stable := &Backend{Name: "stable", Weight: 100, Endpoints: []*Endpoint{{Address: "s1"}, {Address: "s2"}}}
	canary := &Backend{Name: "canary", Weight: 0, Endpoints: []*Endpoint{{Address: "c1"}}}
	missing := &Backend{Name: "missing", Weight: 1, Invalid: true}
	empty := &Backend{Name: "empty", Weight: 1}
	rule := func(backends ...*Backend) *Rule {
		var weights []int
		for _, b := range backends {
			weights = append(weights, b.Weight)
		}
		return &Rule{Backends: backends, Deck: NewDeck(weights)}
	}
	cases := []struct {
		name, session string
		rule          *Rule
		backend       string
		status        int
	}{
		{"by weight", "", rule(stable, canary), "stable", 0},
		{"session beats weight 0 (GEP-1619)", "c1", rule(stable, canary), "canary", 0},
		{"session of a pod that is gone", "c9", rule(stable, canary), "stable", 0},
		{"session of a backend that left the rule", "c1", rule(stable), "stable", 0},
		{"no such Service", "", rule(missing), "missing", 500},
		{"no ready pod", "", rule(empty), "empty", 503},
		{"zero weight everywhere", "", rule(canary), "", 500},
		{"no backend", "", rule(), "", 500},
	}
	for _, c := range cases {
		got := c.rule.Pick(c.session)
		if got.Status != c.status || c.backend != "" && got.Backend.Name != c.backend || c.session == "c1" && c.backend == "canary" && got.Endpoint.Address != "c1" {
			t.Errorf("%s: %+v, want %s %d", c.name, got, c.backend, c.status)
		}
	}
}

func TestPickSpreadsOverPods(t *testing.T) {
	b := &Backend{Weight: 1, Endpoints: []*Endpoint{{Address: "a"}, {Address: "b"}}}
	r := &Rule{Backends: []*Backend{b}, Deck: NewDeck([]int{1})}
	counts := map[string]int{}
	for range 1000 {
		counts[r.Pick("").Endpoint.Address]++
	}
	if counts["a"] < 405 || counts["b"] < 405 { // six standard deviations
		t.Errorf("spread %v of 1000", counts)
	}
}
