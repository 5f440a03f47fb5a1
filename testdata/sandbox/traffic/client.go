package traffic

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// The protocol that upstream's gateway speaks. Naming it spares the SDK's
// server/discover, which such a gateway refuses.
const protocolVersion = "2025-11-25"

// blockedPrefix begins what Panguard denies; it comes in a normal result.
const blockedPrefix = "[BLOCKED by PanGuard]"

// callTimeout bounds one message, in case nobody answers.
const callTimeout = 10 * time.Second

// session is one MCP session of the official SDK's client, whose HTTP answers
// are watched: the SDK's errors do not tell the status.
type session struct {
	mcp  *mcp.ClientSession
	wire *wire
}

// open initializes a session. A failure is counted.
func (g *Generator) open(ctx context.Context) (*session, error) {
	stats := g.stats.Load()
	w := &wire{next: g.transport, host: g.options.Host, stats: &g.stats}
	client := mcp.NewClient(&mcp.Implementation{Name: "sandbox-traffic", Version: "1"}, nil)
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	s, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: g.options.URL, HTTPClient: &http.Client{Transport: w},
		DisableStandaloneSSE: true, MaxRetries: -1}, &mcp.ClientSessionOptions{ProtocolVersion: protocolVersion})
	switch {
	case err != nil && w.lost.Load(): // the pod went away within the handshake
		stats.lostEarly.Add(1)
		return nil, err
	case err != nil:
		stats.openFailures.Add(1)
		return nil, err
	}
	stats.sessionsOpened.Add(1)
	return &session{s, w}, nil
}

func (s *session) close() { _ = s.mcp.Close() } // the DELETE is a courtesy

// call makes one call, counts how it ended and says whether the session is
// still good for another: after a 5xx it is, as with most clients, and the
// next call may well be served as badly. A 400 ends it, and the SDK then sends
// a DELETE by itself, which is why only the first status counts.
func (g *Generator) call(ctx context.Context, s *session, c Call) bool {
	stats := g.stats.Load()
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	stats.requests.Add(1)
	if c.Hostile {
		stats.hostile.Add(1)
	}
	began := time.Now()
	s.wire.first.Store(0)
	result, err := s.mcp.CallTool(ctx, &mcp.CallToolParams{Name: c.Tool, Arguments: c.Arguments})
	status := int(s.wire.first.Load())
	if status != 0 {
		stats.latency.add(time.Since(began))
	}
	switch {
	case err == nil:
		stats.result(result)
		return true
	case s.wire.lost.Load():
		stats.lost.Add(1)
		return false
	default:
		stats.failed.Add(1)
		return status >= http.StatusInternalServerError
	}
}

func (s *Stats) result(r *mcp.CallToolResult) {
	if len(r.Content) > 0 {
		if text, ok := r.Content[0].(*mcp.TextContent); ok && strings.HasPrefix(text.Text, blockedPrefix) {
			s.blocked.Add(1)
			return
		}
	}
	s.ok.Add(1)
	if r.IsError {
		s.toolErrors.Add(1)
	}
}

// wire watches the answers of one session, whose calls come one at a time.
type wire struct {
	next  http.RoundTripper
	host  string // Host header; empty is the URL's
	stats *atomic.Pointer[Stats]
	lost  atomic.Bool  // a pod did not know the session
	first atomic.Int64 // status of the first answer since it was set to 0; a DELETE may follow
}

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	if w.host != "" {
		req.Host = w.host
	}
	resp, err := w.next.RoundTrip(req)
	if err != nil {
		if req.Context().Err() == nil {
			w.stats.Load().transportErrors.Add(1)
		}
		return nil, err
	}
	if unknownSession(req, resp) {
		w.lost.Store(true)
	}
	w.first.CompareAndSwap(0, int64(resp.StatusCode))
	w.stats.Load().answered(resp.StatusCode)
	return resp, nil
}

// unknownSession: MCP says 404, upstream's gateway says 400.
func unknownSession(req *http.Request, resp *http.Response) bool {
	return req.Header.Get("Mcp-Session-Id") != "" && req.Method == http.MethodPost &&
		(resp.StatusCode == http.StatusBadRequest || resp.StatusCode == http.StatusNotFound)
}
