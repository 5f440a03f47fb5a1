package standin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// sessionIdle ends sessions whose client went away without a DELETE.
const sessionIdle = 10 * time.Minute

// Gateway is one running stand-in: one process, one memory of sessions.
type Gateway struct {
	config  Config
	log     *logger
	metrics *metrics
	guard   *panguard
	server  *mcp.Server
	started time.Time

	calls    atomic.Int64 // tools/call that reached a session, for FailFrom
	stopping atomic.Bool  // unready for good
	streams  context.Context
	cut      context.CancelFunc // ends the standing streams
}

// New writes the state file and builds the server; it does not listen yet.
func New(config Config, stderr io.Writer) (*Gateway, error) {
	started := time.Now()
	if err := writeState(config.Home, config.Version, started); err != nil {
		return nil, err
	}
	g := &Gateway{config: config, started: started, log: newLogger(stderr, config.LogLevel),
		metrics: newMetrics(started, toolNames),
		guard:   &panguard{enforcing: config.Panguard, tools: config.BlockTools, share: config.BlockShare}}
	g.streams, g.cut = context.WithCancel(context.Background())
	g.server = g.newServer()
	return g, nil
}

// newServer narrows the protocol to the versions that have sessions, which are
// what upstream speaks.
func (g *Gateway) newServer() *mcp.Server {
	s := mcp.NewServer(&mcp.Implementation{Name: "clawql-mcp-http", Version: g.config.Version}, &mcp.ServerOptions{
		SupportedProtocolVersions: []string{"2025-11-25", "2025-06-18", "2025-03-26"}})
	newWorkspace(g.metrics).register(s)
	s.AddReceivingMiddleware(g.panguardMiddleware)
	return s
}

// Handler serves /healthz, /metrics and the MCP endpoint.
func (g *Gateway) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", g.healthz)
	mux.Handle("/metrics", g.metrics)
	mux.Handle(g.config.Path, g.mcpHandler())
	return mux
}

// ListenAndServe serves until ctx ends. Then it is unready at once, goes on
// serving for LameDuck so that load balancers notice, finishes what is in
// flight and returns before DrainDeadline is over.
func (g *Gateway) ListenAndServe(ctx context.Context) error {
	listener, err := net.Listen("tcp", g.config.Address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", g.config.Address, err)
	}
	server := &http.Server{Handler: g.Handler(), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	g.announce(listener.Addr())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return g.drain(server)
	}
}

func (g *Gateway) announce(address net.Addr) {
	g.log.logf("info", "version %s listening on http://%s%s", g.config.Version, address, g.config.Path)
	if !g.config.Panguard && !g.config.QuietUnsafe {
		g.log.logf("warn", "no enforcement: set CLAWQL_PANGUARD_PROXY_PLUGIN=1 and CLAWQL_PANGUARD_IN_PROCESS=1")
	}
}

func (g *Gateway) drain(server *http.Server) error {
	deadline, cancel := context.WithTimeout(context.Background(), g.config.DrainDeadline)
	defer cancel()
	g.log.logf("info", "stopping: unready, draining")
	g.stopping.Store(true)
	select {
	case <-time.After(g.config.LameDuck):
	case <-deadline.Done():
	}
	// Not before: it closes idle connections at once, and a load balancer that
	// has not noticed yet would find its next request unanswered.
	server.SetKeepAlivesEnabled(false)
	g.cut()
	if err := server.Shutdown(deadline); errors.Is(err, context.DeadlineExceeded) {
		g.log.logf("warn", "stopped with requests in flight after %s", g.config.DrainDeadline)
		return server.Close()
	} else if err != nil {
		return err
	}
	g.log.logf("info", "stopped")
	return nil
}

// healthz answers as upstream's probes expect it: 200 and status "ok", or 503.
func (g *Gateway) healthz(w http.ResponseWriter, _ *http.Request) {
	status := g.health()
	w.Header().Set("Content-Type", "application/json")
	if status != "ok" {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	fmt.Fprintf(w, "{\"status\":%q,\"version\":%q}\n", status, g.config.Version)
}

func (g *Gateway) health() string {
	switch {
	case g.stopping.Load():
		return "stopping"
	case g.config.Unready:
		return "unready"
	case time.Since(g.started) < g.config.SlowStart:
		return "starting"
	default:
		return "ok"
	}
}
