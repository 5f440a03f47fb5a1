// Command sandbox runs a real Kubernetes on this machine for the demo, the tests and the
// benchmarks, and takes it away without a trace.
//
// Exit codes: 0 done, 2 usage, 3 it could not be done, 130 interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/clawql/clawql-workbench/testdata/sandbox/cluster"
	"github.com/clawql/clawql-workbench/testdata/sandbox/dataplane"
	"github.com/clawql/clawql-workbench/testdata/sandbox/traffic"
	"github.com/urfave/cli/v2"
)

func main() { os.Exit(run(os.Args)) }

// run is the whole command, as a function of its arguments, to its exit code.
func run(args []string) int {
	if len(args) > 1 {
		switch args[1] { // daemons with flags of their own
		case "dataplane":
			return dataplane.Main(args[2:])
		case "traffic-run":
			return traffic.Main(args[2:])
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := app().RunContext(ctx, args)
	if err == nil {
		return 0
	}
	fmt.Fprintf(os.Stderr, "sandbox: error: %v\n", err)
	return code(ctx, err)
}

func code(ctx context.Context, err error) int {
	var usage *cluster.UsageError
	switch {
	case errors.As(err, &usage):
		return 2
	case ctx.Err() != nil:
		return 130
	}
	return 3
}

func app() *cli.App {
	return &cli.App{
		Name:            "sandbox",
		Usage:           "a real Kubernetes on this machine, up in seconds, gone without a trace",
		HideHelpCommand: true,
		ExitErrHandler:  func(*cli.Context, error) {}, // run decides
		OnUsageError:    usageError,
		CommandNotFound: nil,
		Action:          noCommand,
		Commands: []*cli.Command{
			upCommand(), downCommand(), statusCommand(), imageCommand(), trafficCommand(),
			keepCommand(), registryCommand(), frontCommand(),
			repoCommand(), demoCommand(), benchAbortCommand(),
		},
	}
}

// noCommand: urfave runs the app itself for a command that it does not know.
func noCommand(c *cli.Context) error {
	if c.NArg() > 0 {
		return cluster.Usage("command %q: use up, down, status, image or traffic", c.Args().First())
	}
	return cli.ShowAppHelp(c)
}

func usageError(_ *cli.Context, err error, _ bool) error { return cluster.Usage("%v", err) }
