// Command gateway is the sandbox's stand-in for the ClawQL gateway: it speaks
// MCP over HTTP, keeps sessions in memory and answers /healthz and /metrics as
// upstream does. Everything it is told comes by environment variables; see
// standin.FromEnv.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/clawql/clawql-workbench/testdata/sandbox/gateway/standin"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "[clawql-mcp-http] fatal:", err)
		os.Exit(1)
	}
}

func run() error {
	thrift()
	config, err := standin.FromEnv(os.Getenv)
	if err != nil {
		return err
	}
	gateway, err := standin.New(config, os.Stderr)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	return gateway.ListenAndServe(ctx)
}

// thrift halves what a gateway costs at 200 calls a second (16 to 9 % of a core
// when measured): the sandbox runs a whole cluster on two cores. The
// environment variables GOMAXPROCS and GOGC still decide when they are set.
func thrift() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}
