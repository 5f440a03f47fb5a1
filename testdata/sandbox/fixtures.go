package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/clawql/clawql-workbench/testdata/sandbox/cluster"
	"github.com/clawql/clawql-workbench/testdata/sandbox/image"
	"github.com/clawql/clawql-workbench/testdata/sandbox/ledger"
	"github.com/urfave/cli/v2"
)

func imageCommand() *cli.Command {
	return command("image", "build a version of the stand-in gateway, push it, print its digest", func(c *cli.Context) error {
		asJSON, err := jsonWanted(c)
		if err != nil {
			return err
		}
		l, err := find(c)
		if err != nil {
			return err
		}
		if c.String("dockerfile") != "" {
			return pushDockerfile(c, l, asJSON)
		}
		programs, err := cluster.FindPrograms(l.Mode)
		if err != nil {
			return err
		}
		variant := cluster.Variant{
			Version: c.String("version"), FailFrom: c.Int("fail-from"), BlockFactor: c.Float64("block-factor"),
			Unready: c.Bool("unready"), SlowStart: c.Duration("slow-start"),
		}
		reference, err := cluster.PushVariant(c.Context, l, programs, variant)
		if err != nil {
			return err
		}
		if asJSON {
			return printJSON(c.App.Writer, map[string]any{"image": reference, "version": variant.Version, "env": variant.Env()})
		}
		fmt.Fprintln(c.App.Writer, reference)
		return nil
	}, nameFlag(), outputFlag(),
		&cli.StringFlag{Name: "version", Required: true, Usage: "the version, which is also the tag"},
		&cli.IntFlag{Name: "fail-from", Usage: "answer 500 from the `N`th request on"},
		&cli.Float64Flag{Name: "block-factor", Usage: "block `F` times as often"},
		&cli.BoolFlag{Name: "unready", Usage: "never become ready"},
		&cli.DurationFlag{Name: "slow-start", Usage: "become ready this much later"},
		&cli.StringFlag{Name: "dockerfile", Usage: "another image instead: the one of this `FILE`, without Docker"},
		&cli.StringFlag{Name: "context", Usage: "the `FOLDER` that --dockerfile copies from"},
		&cli.StringFlag{Name: "repository", Usage: "the `NAME` that the image of --dockerfile gets"},
	)
}

// pushDockerfile makes and pushes the image of --dockerfile.
func pushDockerfile(c *cli.Context, l *ledger.Ledger, asJSON bool) error {
	if c.String("context") == "" || c.String("repository") == "" {
		return cluster.Usage("image: --dockerfile needs --context and --repository")
	}
	img, err := image.FromDockerfile(c.String("dockerfile"), c.String("context"))
	if err != nil {
		return err
	}
	reference, err := image.Push(c.Context, img, cluster.Registry(l), c.String("repository"), c.String("version"))
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(c.App.Writer, map[string]any{"image": reference, "version": c.String("version")})
	}
	fmt.Fprintln(c.App.Writer, reference)
	return nil
}

func trafficCommand() *cli.Command {
	start := command("start", "let MCP clients call tools through the gateway", startTraffic, nameFlag(),
		&cli.Float64Flag{Name: "rate", Value: 100, Usage: "tool calls a second, of all clients together"},
		&cli.IntFlag{Name: "sessions", Value: 20, Usage: "sessions at once"},
		&cli.Float64Flag{Name: "hostile", Value: 2, Usage: "percent of the calls that Panguard blocks"},
		&cli.IntFlag{Name: "burst", Value: 1, Usage: "hostile calls that one hostile session makes"},
		&cli.StringFlag{Name: "host", Usage: "Host header, where the route has hostnames"},
		&cli.StringFlag{Name: "path", Value: "/mcp", Usage: "of the MCP endpoint"},
	)
	stop := counts("stop", "end the traffic and print its counts as JSON", cluster.StopTraffic)
	stats := counts("stats", "print the counts so far as JSON", cluster.TrafficStats)
	return &cli.Command{Name: "traffic", Usage: "clients that behave as MCP clients do", HideHelpCommand: true,
		OnUsageError: usageError, Subcommands: []*cli.Command{start, stop, stats}}
}

func startTraffic(c *cli.Context) error {
	l, err := find(c)
	if err != nil {
		return err
	}
	programs, err := cluster.FindPrograms(l.Mode)
	if err != nil {
		return err
	}
	return cluster.StartTraffic(c.Context, l, programs, cluster.Traffic{
		Rate: c.Float64("rate"), Sessions: c.Int("sessions"), Hostile: c.Float64("hostile"), Burst: c.Int("burst"),
		Host: c.String("host"), Path: c.String("path"),
	})
}

// counts is a command that prints what read gives of the running traffic.
func counts(name, usage string, read func(context.Context, *ledger.Ledger) (json.RawMessage, error)) *cli.Command {
	return command(name, usage, func(c *cli.Context) error {
		l, err := find(c)
		if err != nil {
			return err
		}
		found, err := read(c.Context, l)
		if err != nil {
			return err
		}
		return printJSON(c.App.Writer, found)
	}, nameFlag(), outputFlag())
}
