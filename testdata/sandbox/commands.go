package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/testdata/sandbox/cluster"
	"github.com/clawql/clawql-workbench/testdata/sandbox/ledger"
	"github.com/urfave/cli/v2"
)

// command fills in what all commands share; none takes positional arguments.
func command(name, usage string, action cli.ActionFunc, flags ...cli.Flag) *cli.Command {
	return &cli.Command{Name: name, Usage: usage, Flags: flags, OnUsageError: usageError, HideHelpCommand: true,
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return cluster.Usage("%s: argument %q is not expected; it takes flags only", name, c.Args().First())
			}
			return action(c)
		}}
}

func nameFlag() cli.Flag {
	return &cli.StringFlag{Name: "name", Value: "demo", Usage: "which sandbox: lower-case letters, digits and dashes"}
}

func outputFlag() cli.Flag {
	return &cli.StringFlag{Name: "output", Aliases: []string{"o"}, Value: "text", Usage: "text or json"}
}

// jsonWanted reads --output.
func jsonWanted(c *cli.Context) (bool, error) {
	switch o := c.String("output"); o {
	case "json":
		return true, nil
	case "text":
		return false, nil
	default:
		return false, cluster.Usage("output %q: use text or json", o)
	}
}

func downCommand() *cli.Command {
	return command("down", "end a sandbox and leave nothing of it", func(c *cli.Context) error {
		l, err := find(c)
		if errors.Is(err, ledger.ErrNone) {
			if err := cluster.Sweep(c.String("name")); err != nil {
				return err
			}
			fmt.Fprintf(c.App.Writer, "sandbox %s: nothing to take down\n", c.String("name"))
			return nil
		}
		if err != nil {
			return err
		}
		start := time.Now()
		if err := (&cluster.Down{Ledger: l}).Run(c.Context); err != nil {
			return err
		}
		fmt.Fprintf(c.App.Writer, "sandbox %s: gone after %.1f s\n", l.Name, time.Since(start).Seconds())
		return nil
	}, nameFlag())
}

func statusCommand() *cli.Command {
	return command("status", "say what runs where", func(c *cli.Context) error {
		asJSON, err := jsonWanted(c)
		if err != nil {
			return err
		}
		l, err := find(c)
		if err != nil {
			return err
		}
		status, err := cluster.Describe(c.Context, l)
		if err != nil {
			return err
		}
		if asJSON {
			return printJSON(c.App.Writer, status)
		}
		printStatus(c.App.Writer, status)
		return nil
	}, nameFlag(), outputFlag())
}

// find loads the ledger of the sandbox that --name names.
func find(c *cli.Context) (*ledger.Ledger, error) {
	name := c.String("name")
	if err := cluster.CheckName(name); err != nil {
		return nil, err
	}
	l, err := ledger.Load(cluster.Folder(name))
	if errors.Is(err, ledger.ErrNone) {
		return nil, fmt.Errorf("sandbox %q is not up: %w", name, err)
	}
	return l, err
}

func printJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

func printStatus(w io.Writer, s *cluster.Status) {
	state := "ready"
	if !s.Ready {
		state = "NOT READY"
	}
	fmt.Fprintf(w, "sandbox %s: %s, %s (%s)\n", s.Name, state, s.Mode, s.ModeReason)
	line := func(label, value string) { fmt.Fprintf(w, "  %-12s %s\n", label, value) }
	line("kubernetes", s.KubernetesVersion+" at "+s.APIServer)
	line("kubeconfig", s.Kubeconfig+", context "+s.Context)
	line("registry", s.Registry)
	line("gateway", s.Gateway.URL+", counters at "+s.Gateway.Admin+"/counters")
	if s.Bridge != "" {
		line("pods", s.PodCIDR+" on "+s.Bridge)
	}
	for i, simulation := range s.Simulated {
		line(map[bool]string{true: "simulated"}[i == 0], simulation)
	}
	line("processes", pids(s.Pids))
	if len(s.Ended) > 0 {
		line("ended", strings.Join(s.Ended, ", "))
	}
}

func pids(all map[string]int) string {
	var parts []string
	for name, pid := range all {
		parts = append(parts, fmt.Sprintf("%s %d", name, pid))
	}
	sort.Strings(parts)
	return strings.Join(parts, ", ")
}

func upCommand() *cli.Command {
	return command("up", "start a sandbox and return when it is ready", func(c *cli.Context) error {
		name := c.String("name")
		if err := cluster.CheckName(name); err != nil {
			return err
		}
		mode, reason := cluster.ChooseMode()
		programs, err := cluster.FindPrograms(mode)
		if err != nil {
			return err
		}
		if mode != cluster.Real {
			fmt.Fprintf(os.Stderr, "%s: %s\n", mode, reason)
		}
		start := time.Now()
		up := &cluster.Up{Name: name, Dir: c.String("dir"), Mode: mode, Reason: reason, Programs: programs,
			Progress: &cluster.Progress{Out: os.Stderr, Start: start}}
		l, err := up.Run(c.Context)
		if err != nil {
			return err
		}
		status, err := cluster.Describe(c.Context, l)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "  %5.1f s  ready\n", time.Since(start).Seconds())
		printStatus(c.App.Writer, status)
		return nil
	}, nameFlag(), &cli.StringFlag{Name: "dir", Usage: "the sandbox's folder (default: clawql-sandbox-NAME in the temp folder)"})
}
