package main

import (
	"fmt"
	"io"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/clawql/clawql-workbench/shared/stagedscan"
)

// mostShown keeps a refusal on one screen; -o json has all.
const mostShown = 15

// show writes the report; findings are a fault.No.
func show(s console.Streams, format output.Format, o scanOptions, report *stagedscan.Report) error {
	verdict := verdictOf(o, report)
	var err error
	switch format {
	case output.JSON:
		err = output.Encode(s.Out, format, objectOf(report))
	case output.SARIF:
		err = writeSARIF(s.Out, report)
	default:
		err = table(s.Out, o, report)
	}
	if err != nil {
		return err
	}
	return output.Reported(verdict)
}

// verdictOf is the error that a report stands for, nil when it is clean.
func verdictOf(o scanOptions, report *stagedscan.Report) error {
	n := len(report.Findings)
	if n == 0 {
		return nil
	}
	what := fault.No("found %s", secrets(n))
	if o.isCommit() {
		what = fault.No("commit refused: %s", secrets(n))
	}
	return what.Hint("revoke and replace each one where it was issued, then take it out of the files").
		Hint("not a secret? add its fingerprint (-o json) to .gitleaksignore, and commit that first")
}

func secrets(n int) string {
	if n == 1 {
		return "1 secret"
	}
	return fmt.Sprintf("%d secrets", n)
}

func table(w io.Writer, o scanOptions, report *stagedscan.Report) error {
	rows := output.Rows{Indent: 2}
	for i, f := range report.Findings {
		if i == mostShown {
			break
		}
		rows.Add(place(f), f.Rule, f.Secret.String())
	}
	if err := rows.Write(w); err != nil {
		return err
	}
	if more := len(report.Findings) - mostShown; more > 0 {
		fmt.Fprintf(w, "  and %d more; -o json has all\n", more)
	}
	if len(report.Findings) == 0 && !o.isCommit() {
		_, err := fmt.Fprintf(w, "no secrets   %d files, %.1f MB, rules: %s\n", report.Files, float64(report.Bytes)/1e6, report.Policy)
		return err
	}
	return nil
}

// place is where a person finds it: file and line, and the commit.
func place(f stagedscan.Finding) string {
	at := f.File
	switch {
	case f.In == stagedscan.InMessage:
		return fmt.Sprintf("commit %.10s, its message", f.Commit)
	case f.In == stagedscan.InName:
		at = f.File + " (its name)"
	case f.StartLine > 0:
		at = fmt.Sprintf("%s:%d", f.File, f.StartLine)
	}
	if f.Commit != "" {
		at = fmt.Sprintf("%.10s %s", f.Commit, at)
	}
	return console.Clean(at)
}
