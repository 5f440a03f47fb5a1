// Package traffic behaves like many MCP clients: each initializes a session,
// keeps it for about ten tool calls and closes it. It is a fixture of the
// sandbox.
package traffic

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/clawql/clawql-workbench/testdata/sandbox/daemon"
)

// loopback is the only address that the admin endpoints are bound to.
const loopback = "127.0.0.1"

// Options are the flags.
type Options struct {
	URL             string
	Host            string  // Host header; empty is the URL's
	Rate            float64 // tools/call a second, all clients together
	Sessions        int     // clients at once
	Hostile         float64 // percent of calls, 0 to 100
	Burst           int     // hostile calls of a hostile session
	CallsPerSession int     // mean
	Seed            uint64
	Admin           string        // loopback address of the admin endpoints
	Duration        time.Duration // 0 is until told to stop
	ReadyFile       string        // gets the admin URL
}

func (o Options) plan() Plan {
	return Plan{Seed: o.Seed, Calls: o.CallsPerSession, Hostile: o.Hostile / 100, Burst: o.Burst}
}

// Main makes traffic until --duration is over, POST /stop, SIGTERM or an
// interrupt, then prints the final stats as JSON on stdout: 0 after those, 2
// for wrong flags, 3 when it could not run. What the traffic met does not
// change the exit code.
func Main(args []string) int {
	daemon.Thrift()
	options, err := parse(args, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	stats, err := Run(ctx, options)
	if err != nil {
		fmt.Fprintln(os.Stderr, "traffic: error:", err)
		return 3
	}
	if err := json.NewEncoder(os.Stdout).Encode(stats); err != nil {
		return 3
	}
	return 0
}

func parse(args []string, stderr io.Writer) (Options, error) {
	var o Options
	flags := flag.NewFlagSet("traffic", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.URL, "url", "", "MCP endpoint, such as http://127.0.0.1:8080/mcp")
	flags.StringVar(&o.Host, "host", "", "Host header, in place of the URL's")
	flags.Float64Var(&o.Rate, "rate", 100, "tool calls a second, all sessions together")
	flags.IntVar(&o.Sessions, "sessions", 20, "sessions at once")
	flags.Float64Var(&o.Hostile, "hostile", 2, "percent of the calls that Panguard should block")
	flags.IntVar(&o.Burst, "burst", 1, "hostile calls that one hostile session makes")
	flags.IntVar(&o.CallsPerSession, "calls-per-session", 10, "mean calls of a session")
	flags.Uint64Var(&o.Seed, "seed", 1, "of the pattern of calls")
	flags.StringVar(&o.Admin, "admin", loopback+":0", "loopback address of GET /stats and POST /stop")
	flags.DurationVar(&o.Duration, "duration", 0, "how long; 0 is until told to stop")
	flags.StringVar(&o.ReadyFile, "ready-file", "", "file to write the admin URL to")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	err := validate(o, flags.Args())
	if err != nil {
		fmt.Fprintln(stderr, "traffic: error:", err)
	}
	return o, err
}

func validate(o Options, rest []string) error {
	target, err := url.Parse(o.URL)
	host, _, adminErr := net.SplitHostPort(o.Admin)
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case err != nil || target.Scheme != "http" || target.Host == "":
		return fmt.Errorf("--url %q: must be an http URL", o.URL)
	case !(o.Rate > 0 && o.Rate <= 10000):
		return fmt.Errorf("--rate %g: allowed is more than 0, at most 10000", o.Rate)
	case o.Sessions < 1 || o.Sessions > 10000:
		return fmt.Errorf("--sessions %d: allowed is 1 to 10000", o.Sessions)
	case !(o.Hostile >= 0 && o.Hostile <= 100):
		return fmt.Errorf("--hostile %g: allowed is 0 to 100 percent", o.Hostile)
	case o.Burst < 1 || o.CallsPerSession < 1:
		return errors.New("--burst and --calls-per-session must be at least 1")
	case o.Duration < 0:
		return fmt.Errorf("--duration %s: must not be negative", o.Duration)
	case adminErr != nil || host != loopback:
		return fmt.Errorf("--admin %q: must be %s:PORT", o.Admin, loopback)
	}
	return nil
}

// Run makes traffic until ctx ends or it is told to stop, and returns the
// final counts, with nothing in flight.
func Run(ctx context.Context, o Options) (Snapshot, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if o.Duration > 0 {
		time.AfterFunc(o.Duration, stop)
	}
	g := NewGenerator(o)
	admin, err := net.Listen("tcp", o.Admin)
	if err != nil {
		return Snapshot{}, fmt.Errorf("admin endpoints: %w", err)
	}
	finished := make(chan struct{})
	server := &http.Server{Handler: adminHandler(g, stop, finished), ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(admin)
	if err := daemon.WriteReady(o.ReadyFile, "http://"+admin.Addr().String()); err != nil {
		return Snapshot{}, err
	}
	g.Run(ctx)
	close(finished)
	last, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = server.Shutdown(last) // lets the answer to POST /stop out
	return g.stats.Load().Snapshot(), nil
}

// adminHandler serves GET /stats, POST /reset (new counters) and POST /stop,
// which answers with the final stats once nothing is in flight.
func adminHandler(g *Generator, stop func(), finished <-chan struct{}) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) { reply(w, g.stats.Load().Snapshot()) })
	mux.HandleFunc("POST /reset", func(w http.ResponseWriter, _ *http.Request) {
		g.Reset()
		reply(w, g.stats.Load().Snapshot())
	})
	mux.HandleFunc("POST /stop", func(w http.ResponseWriter, r *http.Request) {
		stop()
		select {
		case <-finished:
		case <-r.Context().Done():
		}
		reply(w, g.stats.Load().Snapshot())
	})
	return mux
}

func reply(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // the reader is gone: nobody to tell
}
