package main

import (
	"time"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/driftcheck"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/urfave/cli/v2"
)

func run(c *cli.Context) error {
	o, err := parse(c)
	if err != nil {
		return err
	}
	report, err := compare(c, o)
	if err != nil {
		return err
	}
	s := cmdline.Streams(c)
	switch format := cmdline.Format(c); format {
	case output.JSON, output.YAML:
		err = output.Encode(s.Out, format, objectOf(o, report))
	case output.Markdown:
		err = markdown(s.Out, o, report)
	default:
		err = writeTable(s, o, report, time.Now())
	}
	if err != nil {
		return err
	}
	return output.Reported(verdict(o, report))
}

// compare reads both sides, one after the other, and compares them.
func compare(c *cli.Context, o options) (*driftcheck.Report, error) {
	s := cmdline.Streams(c)
	live := s.Live(s.Err)
	defer live.Close()
	defer live.Update("", nil) // progress leaves no trace
	progress := func(text string) { live.Update("", []string{text}) }
	if !s.IsTerminal(s.Err) {
		progress = func(string) {}
	}
	reader := driftcheck.NewReader()
	from, err := o.from.read(c.Context, reader, o.kubeconfig, progress)
	if err != nil {
		return nil, err
	}
	to, err := o.to.read(c.Context, reader, o.kubeconfig, progress)
	if err != nil {
		return nil, err
	}
	report, err := driftcheck.Compare(c.Context, from, to, o.mapping)
	if err == nil {
		report.Except(o.exceptions, time.Now())
	}
	return report, err
}

// verdict is the error that a report stands for, nil when both sides are equal.
func verdict(o options, r *driftcheck.Report) error {
	switch r.Status {
	case finding.Equal:
		return nil
	case finding.Drift:
		return fault.No("%s", sentence(o, r)).Hint("details, with a picture: the same command with -o html > drift.html")
	}
	return fault.Unable("%s could not be compared; %s", count(len(r.Incomplete), "thing"), sentence(o, r)).
		Hint("what could not be compared is listed above; `kubectl clawql drift rbac SIDE` prints the rights that are needed")
}
