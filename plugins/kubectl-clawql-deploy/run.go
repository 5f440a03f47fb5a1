package main

import (
	"github.com/clawql/clawql-workbench/shared/deploy"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/urfave/cli/v2"
)

// report is what -o json prints (kind DeployReport).
type report struct {
	output.Header `json:",inline"`
	DryRun        bool            `json:"dryRun"`
	Plan          *deploy.Plan    `json:"plan,omitempty"`
	Record        *deploy.Record  `json:"record,omitempty"`
	Error         *output.Problem `json:"error,omitempty"`
}

func (c *command) run(ctx *cli.Context) error {
	o, err := c.complete(ctx)
	if err != nil {
		return err
	}
	dryRun := ctx.Bool("dry-run")
	screen := newScreen(o.streams, o.format, dryRun)
	o.inputs.Report = screen
	outcome, err := deploy.Run(ctx.Context, o.inputs, dryRun)
	screen.end(outcome, err)
	if !o.format.Structured() {
		return told(outcome, err)
	}
	if outcome.Plan == nil && outcome.Record == nil {
		return err // told as a Failure object
	}
	if failed := output.Encode(o.streams.Out, o.format, report{output.Head("DeployReport"), dryRun, outcome.Plan, outcome.Record, output.ProblemOf(err)}); failed != nil {
		return failed
	}
	return output.Reported(err)
}

// told is err, short where the verdict on the screen has said it all.
func told(outcome deploy.Outcome, err error) error {
	if err == nil || outcome.Record == nil || !outcome.Record.Phase.Ended() || fault.Code(err) != fault.CodeNo {
		return err
	}
	short := fault.No("deploy %d of %s was rolled back", outcome.Record.Number, outcome.Record.Environment)
	for _, hint := range fault.Hints(err) {
		short.Hint("%s", hint)
	}
	return short
}
