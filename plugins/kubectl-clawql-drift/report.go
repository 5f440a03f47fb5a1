package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/driftcheck"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/output"
)

// driftReport is the object of -o json.
type driftReport struct {
	output.Header `json:",inline"`
	Status        finding.Status        `json:"status"` // equal, drift or incomplete
	From          string                `json:"from"`
	To            string                `json:"to"`
	Objects       int                   `json:"objects"` // of both sides
	Summary       finding.Summary       `json:"summary"`
	Findings      []finding.Finding     `json:"findings"`
	Excepted      []driftcheck.Excepted `json:"excepted"`   // by clawql.yaml; they do not count
	Warnings      []string              `json:"warnings"`   // exceptions that expired, or cover nothing
	Incomplete    []string              `json:"incomplete"` // what was not compared, and why
}

func objectOf(o options, r *driftcheck.Report) driftReport {
	return driftReport{
		Header: output.Head("DriftReport"), Status: r.Status, From: o.from.name, To: o.to.name, Objects: r.Objects,
		Summary: r.Summary, Findings: orEmpty(r.Findings), Incomplete: orEmpty(r.Incomplete),
		Excepted: orEmpty(r.Excepted), Warnings: orEmpty(r.Warnings),
	}
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// table is what a person sees.
func table(s console.Streams, o options, r *driftcheck.Report) error {
	paint := s.Paint(s.Out)
	var b strings.Builder
	fmt.Fprintf(&b, "%s -> %s   %s, %s", console.Clean(o.from.name), console.Clean(o.to.name), count(r.Objects, "object"), count(len(r.Findings), "finding"))
	if n := len(r.Excepted); n > 0 {
		fmt.Fprintf(&b, ", %d excepted", n)
	}
	fmt.Fprintln(&b)
	for _, f := range r.Findings {
		writeFinding(&b, paint, f)
	}
	for _, e := range r.Excepted {
		fmt.Fprintf(&b, "%s %s  %s %s\n%17s%s (%s, until %s)\n", console.Pad("excepted", 16), e.Direction, e.Control, console.Clean(e.Object.String()),
			"", console.Clean(e.Exception.Reason), console.Clean(e.Exception.Owner), e.Exception.Expires)
	}
	for _, one := range r.Warnings {
		fmt.Fprintf(&b, "%s %s\n", paint.Warn(console.Pad("warning", 16)), console.Clean(one))
	}
	for _, one := range r.Incomplete {
		fmt.Fprintf(&b, "%s  %s\n", paint.Warn("NOT COMPARED"), console.Clean(one))
	}
	if r.Status == finding.Equal && len(r.Excepted) == 0 {
		fmt.Fprintln(&b, "equal: neither side lets anything happen that the other does not")
	}
	if _, err := io.WriteString(s.Out, b.String()); err != nil {
		return fault.Unable("write the report: %w", err)
	}
	return nil
}

func writeFinding(b *strings.Builder, paint console.Paint, f finding.Finding) {
	word := console.Pad(strings.ReplaceAll(string(f.Direction), "-", " "), 16)
	switch f.Direction {
	case finding.MorePermissive:
		word = paint.Bad(strings.ToUpper(word))
	case finding.Different:
		word = paint.Dim(word)
	}
	fmt.Fprintf(b, "%s %s %s  %s %s\n", word, console.Pad(string(f.Severity), 9), f.Control, f.Object.Kind, console.Clean(f.Object.String()))
	fmt.Fprintf(b, "%17s%s\n", "", console.Clean(f.Explanation))
	if f.Witness != nil {
		fmt.Fprintf(b, "%17switness: %s\n", "", console.Clean(f.Witness.Text))
	} else if f.From != "" || f.To != "" {
		fmt.Fprintf(b, "%17s%s -> %s\n", "", console.Clean(f.From), console.Clean(f.To))
	}
	if f.LastChanged != nil {
		fmt.Fprintf(b, "%17slast changed by %s, %s\n", "", console.Clean(f.LastChanged.Manager), f.LastChanged.Time.UTC().Format("2006-01-02 15:04"))
	}
}

// markdown is a table for a pull request.
func markdown(w io.Writer, o options, r *driftcheck.Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### Drift: %s\n\n`%s` → `%s`, %s: %s.\n", r.Status, cell(o.from.name), cell(o.to.name), count(r.Objects, "object"), sentence(r))
	if len(r.Findings) > 0 {
		fmt.Fprint(&b, "\n| direction | severity | control | object | what |\n| --- | --- | --- | --- | --- |\n")
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "| %s | %s | %s | %s %s | %s |\n", f.Direction, f.Severity, cell(f.Control), cell(f.Object.Kind), cell(f.Object.String()), cell(f.Explanation))
	}
	for _, one := range r.Incomplete {
		fmt.Fprintf(&b, "\n- not compared: %s\n", cell(one))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fault.Unable("write the report: %w", err)
	}
	return nil
}

// cell takes away what would end a cell, or begin HTML.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "`", "'").Replace(console.Clean(text))
}
