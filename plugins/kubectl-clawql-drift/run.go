package main

import (
	"fmt"
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
		err = table(s, o, report)
	}
	if err != nil {
		return err
	}
	return output.Reported(verdict(report))
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
func verdict(r *driftcheck.Report) error {
	switch r.Status {
	case finding.Equal:
		return nil
	case finding.Drift:
		return fault.No("%s", sentence(r))
	}
	return fault.Unable("%s could not be compared; %s", count(len(r.Incomplete), "thing"), sentence(r))
}

// sentence says which side is the more permissive one.
func sentence(r *driftcheck.Report) string {
	switch s := r.Summary; {
	case s.MorePermissive > 0:
		return "--from is more permissive than --to in " + count(s.MorePermissive, "finding")
	case s.Stricter > 0:
		return "--from is nowhere more permissive, and stricter in " + count(s.Stricter, "finding")
	case s.Different > 0:
		return "neither side is more permissive; they differ in " + count(s.Different, "finding")
	}
	if len(r.Excepted) > 0 {
		return "all that differs is excepted"
	}
	return "the rest is equal"
}

func count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
