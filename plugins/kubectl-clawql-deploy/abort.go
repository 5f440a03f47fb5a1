package main

import (
	"fmt"
	"strings"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/deploy"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/urfave/cli/v2"
)

func abortCommand() *cli.Command {
	c := command{}
	return &cli.Command{Name: "abort", ArgsUsage: "[ENVIRONMENT]", Usage: "roll back the deploy under way, from any machine",
		Flags: c.flags(envFlag(), &cli.StringFlag{Name: "reason", Usage: "why, as `TEXT` for the record (required)"}), Action: c.abort}
}

func (c *command) abort(ctx *cli.Context) error {
	if err := noDryRun(ctx); err != nil {
		return err
	}
	o, err := c.complete(ctx)
	if err != nil {
		return err
	}
	reason := strings.TrimSpace(ctx.String("reason"))
	if len(reason) < 3 {
		return fault.Usage("--reason is %q, but an abort is recorded with the reason for it", reason).
			Hint("kubectl clawql deploy abort %s --reason \"latency doubled\"", o.inputs.Environment)
	}
	screen := newScreen(o.streams, o.format, false)
	o.inputs.Report = screen
	record, err := deploy.RunAbort(ctx.Context, deploy.AbortOrder{Inputs: o.inputs, Reason: reason})
	screen.end(deploy.Outcome{}, err)
	if record == nil {
		return err
	}
	if o.format.Structured() {
		if failed := output.Encode(o.streams.Out, o.format, report{output.Head("DeployReport"), false, nil, record, output.ProblemOf(err)}); failed != nil {
			return failed
		}
		return output.Reported(err)
	}
	for _, line := range verdict(o.streams.Paint(o.streams.Out), record, fault.Code(err)) {
		fmt.Fprintln(o.streams.Out, console.CleanLines(line))
	}
	return err
}
