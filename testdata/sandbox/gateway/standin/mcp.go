package standin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	sessionHeader = "Mcp-Session-Id"
	maxBody       = 4 << 20 // bytes, the SDK's own default

	// What upstream answers, word for word: to a call without a session that
	// it knows, and when a handler failed.
	noSessionBody     = `{"jsonrpc":"2.0","error":{"code":-32000,"message":"Bad Request: No valid session ID provided"},"id":null}`
	internalErrorBody = `{"jsonrpc":"2.0","error":{"code":-32603,"message":"Internal server error"},"id":null}`
)

// message is the little of a JSON-RPC message that the HTTP layer looks at.
type message struct {
	Method string `json:"method"`
	Params struct {
		Name string `json:"name"`
	} `json:"params"`
}

// mcpHandler is the SDK's streamable handler with upstream's manners: 400 where
// the SDK says 404 for an unknown session, no session but by initialize, and
// the injected 500s. A foreign Host is fine: the proxy forwards the client's.
func (g *Gateway) mcpHandler() http.Handler {
	sdk := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return g.server },
		&mcp.StreamableHTTPOptions{SessionTimeout: sessionIdle, DisableLocalhostProtection: true, MaxRequestBodyBytes: maxBody})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r, cancel := g.endWithProcess(r)
		defer cancel()
		if r.Method == http.MethodPost && !g.admit(w, r) {
			return
		}
		sdk.ServeHTTP(&sessionWriter{ResponseWriter: w}, r)
	})
}

// endWithProcess ties the standing SSE streams to the process's end, so that
// they do not hold up a shutdown; calls in flight are left to finish.
func (g *Gateway) endWithProcess(r *http.Request) (*http.Request, context.CancelFunc) {
	if r.Method != http.MethodGet {
		return r, func() {}
	}
	ctx, cancel := context.WithCancel(r.Context())
	stop := context.AfterFunc(g.streams, cancel)
	return r.WithContext(ctx), func() { stop(); cancel() }
}

// admit answers itself, and says false, when the request must not reach the
// SDK. It reads the body only where it has to.
func (g *Gateway) admit(w http.ResponseWriter, r *http.Request) bool {
	session := r.Header.Get(sessionHeader)
	if session != "" && g.config.FailFrom == 0 {
		return true
	}
	msg, err := peek(w, r)
	if err != nil {
		status := http.StatusBadRequest
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			status = http.StatusRequestEntityTooLarge
		}
		http.Error(w, err.Error(), status)
		return false
	}
	if session == "" && msg.Method != "initialize" {
		writeError(w, http.StatusBadRequest, noSessionBody)
		return false
	}
	if msg.Method == "tools/call" && g.mustFail(session) {
		g.fail(w, msg.Params.Name)
		return false
	}
	return true
}

// peek reads the body and puts it back. A body that is no JSON object is left
// to the SDK's own error.
func peek(w http.ResponseWriter, r *http.Request) (message, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return message{}, fmt.Errorf("read the request's body: %w", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var msg message
	if json.Unmarshal(body, &msg) != nil {
		return message{}, nil
	}
	return msg, nil
}

// mustFail counts the tools/call of known sessions and says whether this one
// is at or past FailFrom. Calls of unknown sessions get their 400 as ever.
func (g *Gateway) mustFail(session string) bool {
	if g.config.FailFrom == 0 || !g.knows(session) {
		return false
	}
	return g.calls.Add(1) >= g.config.FailFrom
}

func (g *Gateway) knows(session string) bool {
	for s := range g.server.Sessions() {
		if s.ID() == session {
			return true
		}
	}
	return false
}

// fail is an unhandled error as upstream shows it: the log line, then the 500.
func (g *Gateway) fail(w http.ResponseWriter, tool string) {
	g.metrics.call(tool)
	g.log.logf("error", "POST %s error: TypeError: Cannot read properties of undefined (reading 'tool') [%s]", g.config.Path, tool)
	writeError(w, http.StatusInternalServerError, internalErrorBody)
}

func writeError(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	io.WriteString(w, body)
}

// panguardMiddleware counts every call and answers those that Panguard denies.
// It counts before the answer leaves: who has the answer can rely on the count.
func (g *Gateway) panguardMiddleware(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		params, ok := req.GetParams().(*mcp.CallToolParamsRaw)
		if method != "tools/call" || !ok {
			return next(ctx, method, req)
		}
		g.metrics.call(params.Name)
		v := g.guard.decide(params.Name, params.Arguments)
		if !v.blocked {
			return next(ctx, method, req)
		}
		g.metrics.violation(v.category)
		g.log.logf("debug", "panguard deny tool=%s rule=%s", params.Name, v.ruleID)
		return textResult(fmt.Sprintf("%s %s: %s (rule %s)", BlockedPrefix, params.Name, v.category, v.ruleID)), nil
	}
}

// sessionWriter turns the SDK's 404 "session not found" into upstream's 400.
type sessionWriter struct {
	http.ResponseWriter
	replaced bool
}

func (w *sessionWriter) WriteHeader(status int) {
	if status != http.StatusNotFound {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.replaced = true
	w.Header().Del("Content-Length")
	writeError(w.ResponseWriter, http.StatusBadRequest, noSessionBody)
}

func (w *sessionWriter) Write(p []byte) (int, error) {
	if w.replaced {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController flush through us.
func (w *sessionWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush is for those who ask for http.Flusher by name.
func (w *sessionWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }
