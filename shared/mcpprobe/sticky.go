// Package mcpprobe proves with real MCP sessions that a route keeps each
// session on the pod where it began. A session lives in one pod's memory: a
// weighted split without stickiness breaks it (domain.md of the gateway:
// unknown session, HTTP 400).
package mcpprobe

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"golang.org/x/sync/errgroup"
)

// Target is the route to probe.
type Target struct {
	URL    string      // of the MCP endpoint
	Host   string      // Host header; empty: the URL's
	Header http.Header // sent with each request, so that only the probe's own route matches
}

// Result counts what the probe saw.
type Result struct {
	Sessions int    `json:"sessions"` // opened
	Calls    int    `json:"calls"`    // follow-up calls, over all sessions
	Lost     int    `json:"lost"`     // sessions that a later call did not find
	Example  string `json:"example,omitempty"`
}

// Sticky says whether every session stayed where it began.
func (r Result) Sticky() bool { return r.Sessions > 0 && r.Lost == 0 }

// Sticky opens sessions MCP sessions through target and pings each calls
// times. An error means that a session could not even be opened.
func Sticky(ctx context.Context, target Target, sessions, calls int) (Result, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	defer transport.CloseIdleConnections()
	kept := make([]error, sessions)
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(8)
	for i := range sessions {
		work.Go(func() (err error) {
			kept[i], err = one(ctx, &marker{next: transport, target: target}, calls)
			return err
		})
	}
	if err := work.Wait(); err != nil {
		return Result{}, err
	}
	result := Result{Sessions: sessions, Calls: sessions * calls}
	for _, lost := range kept {
		if lost != nil {
			result.Lost++
			result.Example = lost.Error()
		}
	}
	return result, nil
}

// Refused says whether target answers a request to open a session with a
// server's error or with "not found", as a route without any weight must.
func Refused(ctx context.Context, target Target) (bool, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.URL, strings.NewReader(opening))
	if err != nil {
		return false, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json, text/event-stream")
	answer, err := (&marker{next: transport, target: target}).RoundTrip(request)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	return answer.StatusCode >= http.StatusInternalServerError || answer.StatusCode == http.StatusNotFound, nil
}

const opening = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"clawql-deploy-probe","version":"1"}}}`

// one gives the error of the first request that lost the session, apart from
// the error of opening it. A session is open once a server has named it: the
// client's next request, which confirms it, can be the first to be lost.
func one(ctx context.Context, m *marker, calls int) (lost, err error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	transport := &mcp.StreamableClientTransport{Endpoint: m.target.URL, HTTPClient: &http.Client{Transport: m}, MaxRetries: -1, DisableStandaloneSSE: true}
	// With a fixed protocol version the SDK sends no request outside the session first.
	session, err := mcp.NewClient(&mcp.Implementation{Name: "clawql-deploy-probe", Version: "1"}, nil).
		Connect(ctx, transport, &mcp.ClientSessionOptions{ProtocolVersion: "2025-11-25"})
	if err != nil && m.opened.Load() && ctx.Err() == nil {
		return err, nil
	}
	if err != nil {
		return nil, fmt.Errorf("opening an MCP session at %s: %w", m.target.URL, err)
	}
	defer session.Close()
	for range calls {
		if err := session.Ping(ctx, nil); err != nil {
			return err, ctx.Err()
		}
	}
	return nil, nil
}

// marker adds the probe's headers to the requests of one session. A new
// connection for each request keeps a proxy from being sticky by connection
// only.
type marker struct {
	next   http.RoundTripper
	target Target
	opened atomic.Bool // a server has named the session
}

func (m *marker) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	for name, values := range m.target.Header {
		request.Header[name] = values
	}
	if m.target.Host != "" {
		request.Host = m.target.Host
	}
	request.Close = true
	answer, err := m.next.RoundTrip(request)
	if err == nil && answer.Header.Get("Mcp-Session-Id") != "" {
		m.opened.Store(true)
	}
	return answer, err
}
