package main

import (
	"context"
	"time"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
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
	report, at, err := compare(c, o)
	if err != nil {
		return err
	}
	if err := show(cmdline.Streams(c), cmdline.Format(c), o, report, at); err != nil {
		return err
	}
	return output.Reported(verdict(o, report))
}

// show writes the report in a format.
func show(s console.Streams, format output.Format, o options, report *driftcheck.Report, at places) error {
	switch format {
	case output.JSON, output.YAML:
		return output.Encode(s.Out, format, objectOf(o, report))
	case output.Markdown:
		return markdown(s.Out, o, report)
	case output.SARIF:
		return writeSARIF(s.Out, o, report, at)
	case output.JUnit:
		return writeJUnit(s.Out, o, report)
	case output.HTML:
		return writeHTML(s.Out, o, report, time.Now())
	}
	return writeTable(s, o, report, time.Now())
}

// compare reads both sides and compares them. What it is at is shown on a
// terminal, and on nothing else.
func compare(c *cli.Context, o options) (report *driftcheck.Report, at places, err error) {
	s := cmdline.Streams(c)
	live := s.Live(s.Err)
	defer live.Close()
	defer live.Update("", nil) // progress leaves no trace
	progress := func(lines ...string) { live.Update("", lines) }
	if !s.IsTerminal(s.Err) {
		progress = func(...string) {}
	}
	reader, err := readerOf(o.key, driftcheck.NewReader)
	if err != nil {
		return nil, at, err
	}
	sides, seen, err := o.both(c.Context, reader, progress)
	if err != nil {
		return nil, at, err
	}
	from, to := sides[0], sides[1]
	progress("comparing " + console.Count(len(from.Objects)+len(to.Objects), "object"))
	if report, err = driftcheck.Compare(c.Context, from, to, o.mapping); err == nil {
		report.Except(o.exceptions, time.Now())
		report.Warnings = append(append(report.Warnings, seen[0]...), seen[1]...)
	}
	return report, placesOf(o, from, to), err
}

// read reads a side, and says of a snapshot when and by whom it was taken.
func (o options) read(ctx context.Context, s side, reader *driftcheck.Reader, progress func(string)) (driftcheck.Side, []string, error) {
	if s.file == "" {
		read, err := s.read(ctx, reader, o.kubeconfig, progress)
		return read, nil, err
	}
	progress("reading " + s.file)
	read, note, err := readSnapshot(ctx, s.file, o.trust, time.Now())
	read.Name = s.name
	return read, []string{note}, err
}

// verdict is the error that a report stands for, nil when both sides are equal.
func verdict(o options, r *driftcheck.Report) error {
	switch r.Status {
	case finding.Equal:
		return nil
	case finding.Drift:
		return fault.No("%s", sentence(o, r)).Hint("details, with a picture: the same command with -o html > drift.html")
	}
	return fault.Unable("%s could not be compared; %s", console.Count(len(r.Incomplete), "thing"), sentence(o, r)).
		Hint("what could not be compared is listed above; `kubectl clawql drift rbac SIDE` prints the rights that are needed")
}
