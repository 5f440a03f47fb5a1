package dataplane

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clawql/clawql-workbench/testdata/sandbox/dataplane/count"
	"github.com/clawql/clawql-workbench/testdata/sandbox/dataplane/envelope"
	"github.com/clawql/clawql-workbench/testdata/sandbox/dataplane/route"
	"github.com/clawql/clawql-workbench/testdata/sandbox/gateway/standin"
)

// plane is a proxy on real HTTP; its rule's backends are set by the test.
type plane struct {
	*httptest.Server
	proxy *Proxy
	book  *count.Book
}

const port = 80

func startPlane(t *testing.T) plane {
	t.Helper()
	book := &count.Book{}
	proxy := NewProxy(book, dialPod)
	server := httptest.NewServer(proxy.Handler(port))
	t.Cleanup(server.Close)
	return plane{server, proxy, book}
}

// backend names a Service's pods by the addresses they serve on.
type backend struct {
	name   string
	weight int
	pods   []string
}

func (p plane) use(backends ...backend) {
	rule := &route.Rule{Route: "clawql/clawql-mcp-http", Generation: 1, Local: p.book.Series(count.Key{Route: "clawql/clawql-mcp-http"})}
	var weights []int
	for _, b := range backends {
		compiled := &route.Backend{Name: b.name, Weight: b.weight, Local: p.book.Series(count.Key{Route: rule.Route, Backend: b.name})}
		for _, address := range b.pods {
			key := count.Key{Route: rule.Route, Backend: b.name, Pod: "clawql/" + address, Address: address}
			compiled.Endpoints = append(compiled.Endpoints, &route.Endpoint{Address: address, Series: p.book.Series(key)})
		}
		rule.Backends = append(rule.Backends, compiled)
		weights = append(weights, b.weight)
	}
	rule.Deck = route.NewDeck(weights)
	p.proxy.Use(&route.Table{Ports: map[int32][]route.Entry{port: {{Match: route.Match{PathKind: route.PathPrefix, Path: "/"}, Rule: rule}}}})
}

// row sums the counters of a backend, pods and the data plane's own answers.
func (p plane) row(name string) count.Row {
	sum := count.Row{ByStatus: map[string]int64{}}
	for _, r := range p.book.Rows() {
		if r.Backend != name {
			continue
		}
		sum.Requests += r.Requests
		sum.SessionsOpened += r.SessionsOpened
		sum.InFlight += r.InFlight
		sum.DialErrors += r.DialErrors
		for status, n := range r.ByStatus {
			sum.ByStatus[status] += n
		}
	}
	return sum
}

// pod is a real stand-in gateway; its address is its pod's.
func pod(t *testing.T) (*httptest.Server, string) {
	t.Helper()
	g, err := standin.New(standin.Defaults(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(g.Handler())
	t.Cleanup(server.Close)
	return server, strings.TrimPrefix(server.URL, "http://")
}

func connect(t *testing.T, url string) *mcp.ClientSession {
	t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	s, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: url + "/mcp", DisableStandaloneSSE: true},
		&mcp.ClientSessionOptions{ProtocolVersion: "2025-11-25"})
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func tool(ctx context.Context, s *mcp.ClientSession) error {
	_, err := s.CallTool(ctx, &mcp.CallToolParams{Name: "cache", Arguments: map[string]any{"key": "k"}})
	return err
}

func TestStickySessionsSurviveAnEvenSplit(t *testing.T) {
	_, stable := pod(t)
	_, canary := pod(t)
	p := startPlane(t)
	p.use(backend{"stable", 50, []string{stable}}, backend{"canary", 50, []string{canary}})
	for range 10 {
		s := connect(t, p.URL)
		address, _, ok := envelope.Open(s.ID())
		if !ok || address != stable && address != canary {
			t.Fatalf("session id %q is no envelope of a pod", s.ID())
		}
		for range 5 {
			if err := tool(t.Context(), s); err != nil {
				t.Fatalf("session lost: %v", err)
			}
		}
	}
	for _, name := range []string{"stable", "canary"} {
		if row := p.row(name); row.SessionsOpened == 0 || row.Requests != row.ByStatus["200"]+row.ByStatus["202"] {
			t.Errorf("%s: %+v", name, row)
		}
	}
	if a, b := p.row("stable"), p.row("canary"); a.SessionsOpened+b.SessionsOpened != 10 || a.Requests+b.Requests != 70 {
		t.Errorf("counted %+v and %+v, want 10 sessions and 70 requests", a, b)
	}
}

func TestWithoutStickinessSessionsAreLost(t *testing.T) {
	_, stable := pod(t)
	_, canary := pod(t)
	p := startPlane(t)
	p.proxy.sticky.Store(false)
	p.use(backend{"stable", 50, []string{stable}}, backend{"canary", 50, []string{canary}})
	id := rawSession(t, p.URL)
	if _, _, sealed := envelope.Open(id); sealed {
		t.Errorf("session id %q is an envelope", id)
	}
	statuses := map[int]int{}
	for range 20 { // a deck of two: ten go to each side
		statuses[rawCall(t, p.URL, id)]++
	}
	if statuses[200] < 9 || statuses[400] < 9 {
		t.Errorf("statuses %v, want half of them 400", statuses)
	}
}

func TestSessionBeatsWeightUntilItsPodIsGone(t *testing.T) {
	_, stable := pod(t)
	_, canary := pod(t)
	p := startPlane(t)
	p.use(backend{"stable", 0, []string{stable}}, backend{"canary", 100, []string{canary}})
	id := rawSession(t, p.URL)
	p.use(backend{"stable", 100, []string{stable}}, backend{"canary", 0, []string{canary}})
	if status := rawCall(t, p.URL, id); status != 200 {
		t.Errorf("weight 0, pod ready: %d, want 200 (GEP-1619)", status)
	}
	p.use(backend{"stable", 100, []string{stable}}, backend{"canary", 0, nil})
	if status := rawCall(t, p.URL, id); status != 400 {
		t.Errorf("pod no longer ready: %d, want 400 of another pod", status)
	}
	fresh := rawSession(t, p.URL)
	if status := rawCall(t, p.URL, fresh); status != 200 {
		t.Errorf("after a new initialize: %d", status)
	}
	if row := p.row("canary"); row.Requests != 3 {
		t.Errorf("canary answered %d, want 3: the handshake of two and one call", row.Requests)
	}
}

func TestPodThatRefusesConnectionsIsPassedOver(t *testing.T) {
	dead, gone := pod(t)
	dead.Close()
	_, alive := pod(t)
	p := startPlane(t)
	p.use(backend{"stable", 50, []string{alive}}, backend{"canary", 50, []string{gone}})
	for range 10 {
		if id := rawSession(t, p.URL); id == "" {
			t.Fatal("no session")
		}
	}
	if row := p.row("canary"); row.DialErrors == 0 || row.Requests != 0 || row.InFlight != 0 {
		t.Errorf("dead pod: %+v", row)
	}
	p.use(backend{"canary", 1, []string{gone}})
	if status := rawCall(t, p.URL, "x"); status != 502 {
		t.Errorf("only dead pods: %d, want 502", status)
	}
}

func TestAnswersOfTheDataPlaneItself(t *testing.T) {
	p := startPlane(t)
	if status := rawCall(t, p.URL, ""); status != 404 {
		t.Errorf("no route: %d", status)
	}
	p.use(backend{"stable", 1, nil})
	if status := rawCall(t, p.URL, ""); status != 503 {
		t.Errorf("no ready pod: %d", status)
	}
	p.use(backend{"stable", 0, nil}, backend{"canary", 0, nil})
	if status := rawCall(t, p.URL, ""); status != 500 {
		t.Errorf("zero weight everywhere: %d", status)
	}
	if row := p.row(""); row.ByStatus["404"] != 1 || row.ByStatus["500"] != 1 {
		t.Errorf("own answers: %+v", row)
	}
	if row := p.row("stable"); row.ByStatus["503"] != 1 {
		t.Errorf("stable: %+v", row)
	}
}

// TestStreamsPassUnbuffered: an event must arrive while the stream is open.
func TestStreamsPassUnbuffered(t *testing.T) {
	next := make(chan string)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set(sessionHeader, "plain")
		for event := range next {
			fmt.Fprintf(w, "data: %s\n\n", event)
			http.NewResponseController(w).Flush()
		}
	}))
	defer upstream.Close()
	p := startPlane(t)
	p.use(backend{"stable", 1, []string{strings.TrimPrefix(upstream.URL, "http://")}})
	go func() { next <- "one" }()
	resp, err := http.Get(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for _, want := range []string{"one", "two"} {
		if !lines.Scan() || lines.Text() != "data: "+want || !lines.Scan() {
			t.Fatalf("got %q, want event %s", lines.Text(), want)
		}
		if want == "one" {
			if row := p.row("stable"); row.InFlight != 1 || row.Requests != 1 {
				t.Errorf("while streaming: %+v", row)
			}
			next <- "two"
		}
	}
	close(next)
	if lines.Scan() {
		t.Errorf("more: %q", lines.Text())
	}
	resp.Body.Close()
	waitUntil(t, func() bool { return p.row("stable").InFlight == 0 })
}

func TestUpstreamSeesTheClientsHost(t *testing.T) {
	var host, forwarded, id string
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, forwarded, id = r.Host, r.Header.Get("X-Forwarded-For"), r.Header.Get(sessionHeader)
	}))
	defer upstream.Close()
	address := strings.TrimPrefix(upstream.URL, "http://")
	p := startPlane(t)
	p.use(backend{"stable", 1, []string{address}})
	req, _ := http.NewRequest(http.MethodGet, p.URL, nil)
	req.Host = "mcp.example"
	req.Header.Set(sessionHeader, envelope.Seal(address, "own-id"))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if host != "mcp.example" || forwarded != "127.0.0.1" || id != "own-id" {
		t.Errorf("host %q, forwarded for %q, session %q", host, forwarded, id)
	}
}

const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`

// rawSession opens a session without the SDK and returns its id.
func rawSession(t *testing.T, url string) string {
	t.Helper()
	resp := rawPost(t, url, "", initialize)
	rawPost(t, url, resp.Header.Get(sessionHeader), `{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	return resp.Header.Get(sessionHeader)
}

func rawCall(t *testing.T, url, session string) int {
	t.Helper()
	return rawPost(t, url, session, `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"cache","arguments":{"key":"k"}}}`).StatusCode
}

func rawPost(t *testing.T, url, session, body string) *http.Response {
	t.Helper()
	req, _ := http.NewRequest(http.MethodPost, url+"/mcp", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	if session != "" {
		req.Header.Set(sessionHeader, session)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp
}

func waitUntil(t *testing.T, done func() bool) {
	t.Helper()
	for range 6000 {
		if done() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("waited a minute in vain")
}
