package mcpprobe

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// pod is a real MCP server of the official SDK, with sessions in its memory.
func pod(t *testing.T) *url.URL {
	t.Helper()
	server := mcp.NewServer(&mcp.Implementation{Name: "pod", Version: "1"}, nil)
	web := httptest.NewServer(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, nil))
	t.Cleanup(web.Close)
	address, err := url.Parse(web.URL)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// gateway balances requests over pods in turn. A sticky one remembers where
// the session of each answer began.
type gateway struct {
	pods   []*url.URL
	sticky bool
	mu     sync.Mutex
	next   int
	began  map[string]*url.URL
	seen   []*http.Request
}

func (g *gateway) choose(r *http.Request) *url.URL {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seen = append(g.seen, r.Clone(context.Background()))
	if pod := g.began[r.Header.Get("Mcp-Session-Id")]; pod != nil && g.sticky {
		return pod
	}
	g.next++
	return g.pods[g.next%len(g.pods)]
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	pod := g.choose(r)
	proxy := httputil.NewSingleHostReverseProxy(pod)
	proxy.ModifyResponse = func(answer *http.Response) error {
		g.mu.Lock()
		defer g.mu.Unlock()
		if id := answer.Header.Get("Mcp-Session-Id"); id != "" && g.began[id] == nil {
			g.began[id] = pod
		}
		return nil
	}
	r.Host = pod.Host // the SDK's server takes no foreign one on loopback
	proxy.ServeHTTP(w, r)
}

func start(t *testing.T, sticky bool, pods ...*url.URL) (*gateway, string) {
	t.Helper()
	g := &gateway{pods: pods, sticky: sticky, began: map[string]*url.URL{}}
	web := httptest.NewServer(g)
	t.Cleanup(web.Close)
	return g, web.URL + "/mcp"
}

func TestStickyRoutePasses(t *testing.T) {
	g, address := start(t, true, pod(t), pod(t))
	result, err := Sticky(context.Background(), Target{URL: address, Host: "mcp.example.com", Header: http.Header{"X-Clawql-Probe": {"secret"}}}, 12, 4)
	if err != nil || !result.Sticky() || result.Sessions != 12 || result.Calls != 48 || result.Example != "" {
		t.Fatalf("%+v, %v", result, err)
	}
	used := map[*url.URL]bool{}
	for _, pod := range g.began {
		used[pod] = true
	}
	if len(used) != 2 {
		t.Errorf("the probe saw %d of 2 pods", len(used))
	}
	for _, r := range g.seen {
		if r.Header.Get("X-Clawql-Probe") != "secret" || r.Host != "mcp.example.com" || !r.Close {
			t.Errorf("%s %v of host %s, close %t: not marked", r.Method, r.Header, r.Host, r.Close)
		}
	}
}

// Each request goes to the other pod: no session survives its second request.
func TestRouteThatIsNotStickyIsFound(t *testing.T) {
	_, address := start(t, false, pod(t), pod(t))
	result, err := Sticky(context.Background(), Target{URL: address}, 6, 3)
	if err != nil || result.Sticky() || result.Lost == 0 || result.Example == "" {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestOnePodNeedsNoStickiness(t *testing.T) {
	_, address := start(t, false, pod(t))
	if result, err := Sticky(context.Background(), Target{URL: address}, 3, 2); err != nil || !result.Sticky() {
		t.Errorf("%+v, %v", result, err)
	}
}

// A gateway that cannot be reached, or that answers no MCP, is an error and
// no verdict about stickiness.
func TestNoSessionIsNoVerdict(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	html := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html>login</html>"))
	}))
	defer html.Close()
	missing := httptest.NewServer(http.NotFoundHandler())
	defer missing.Close()
	for name, address := range map[string]string{"closed": closed.URL, "html": html.URL, "404": missing.URL} {
		result, err := Sticky(context.Background(), Target{URL: address}, 2, 1)
		if err == nil || result.Sticky() || !strings.Contains(err.Error(), "opening an MCP session") {
			t.Errorf("%s: %+v, %v", name, result, err)
		}
	}
}

func TestCancelledProbeIsNoVerdict(t *testing.T) {
	_, address := start(t, true, pod(t))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if result, err := Sticky(ctx, Target{URL: address}, 2, 1); err == nil || result.Sticky() {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestNoSessionsAreNotSticky(t *testing.T) {
	if (Result{}).Sticky() {
		t.Error("nothing was probed, and it passed")
	}
}

// A route without weight must refuse; a gateway that serves all the same has
// not understood it.
func TestRefused(t *testing.T) {
	for status, want := range map[int]bool{500: true, 503: true, 404: true, 200: false, 400: false, 401: false} {
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status) }))
		refused, err := Refused(context.Background(), Target{URL: web.URL})
		web.Close()
		if err != nil || refused != want {
			t.Errorf("status %d: refused %t, %v", status, refused, err)
		}
	}
	if _, err := Refused(context.Background(), Target{URL: "http://127.0.0.1:1/mcp"}); err == nil {
		t.Error("a gateway that is not there counts as an answer")
	}
	_, address := start(t, true, pod(t))
	if refused, err := Refused(context.Background(), Target{URL: address}); err != nil || refused {
		t.Errorf("a gateway that opens sessions: refused %t, %v", refused, err)
	}
}
