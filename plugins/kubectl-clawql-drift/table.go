package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/driftcheck"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// Columns of the table.
const (
	wordColumns     = 16 // "MORE PERMISSIVE"
	severityColumns = 9
	narrowest       = 50
	widest          = 100 // beyond it a line is hard to read
)

// table is what a person sees.
type table struct {
	b       strings.Builder
	paint   console.Paint
	columns int
	from    string
	to      string
	now     time.Time
}

func writeTable(s console.Streams, o options, r *driftcheck.Report, now time.Time) error {
	t := &table{
		paint: s.Paint(s.Out), columns: min(max(s.Width(s.Out), narrowest), widest),
		from: o.from.name, to: o.to.name, now: now,
	}
	t.head(r)
	controls := 0
	for _, f := range r.Findings {
		controls = max(controls, console.Columns(f.Control))
	}
	for _, f := range r.Findings {
		t.finding(f, controls)
	}
	for _, e := range r.Excepted {
		t.excepted(e)
	}
	for _, one := range r.Warnings {
		t.noted("warning", one)
	}
	for _, one := range r.Incomplete {
		t.noted("NOT COMPARED", one)
	}
	for _, one := range r.Notes {
		t.lines(t.paint.Dim(console.Pad("note", wordColumns)+" "), wordColumns+1, one, t.paint)
	}
	if r.Status == finding.Equal && len(r.Excepted) == 0 {
		t.paragraph("equal: ", "neither side lets anything happen that the other does not")
	}
	return write(s.Out, noCommands(t.b.String()))
}

// noCommands takes from text what a CI system would run of it: GitHub's runner
// takes a line that begins with :: and anything behind ##[ for a command.
func noCommands(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "##[", "## ["), "\n")
	for i, line := range lines {
		if rest := strings.TrimLeft(line, " \t"); strings.HasPrefix(rest, "::") {
			lines[i] = strings.TrimSuffix(line, rest) + ": " + rest[1:]
		}
	}
	return strings.Join(lines, "\n")
}

// head names the sides, and at the right border how much there is.
func (t *table) head(r *driftcheck.Report) {
	sides := console.Clean(t.from + " -> " + t.to)
	counts := console.Count(r.Objects, "object") + ", " + console.Count(len(r.Findings), "finding")
	if n := len(r.Excepted); n > 0 {
		counts += fmt.Sprintf(", %d excepted", n)
	}
	if room := t.columns - console.Columns(sides) - console.Columns(counts); room >= 2 {
		fmt.Fprintf(&t.b, "%s%s%s\n", t.paint.Bold(sides), strings.Repeat(" ", room), counts)
		return
	}
	for _, line := range console.Wrap(sides, t.columns) {
		fmt.Fprintln(&t.b, t.paint.Bold(line))
	}
	fmt.Fprintln(&t.b, counts)
}

func (t *table) finding(f finding.Finding, controls int) {
	word := console.Pad(strings.ReplaceAll(string(f.Direction), "-", " "), wordColumns)
	switch f.Direction {
	case finding.MorePermissive:
		word = t.paint.Bad(strings.ToUpper(word))
	case finding.Different:
		word = t.paint.Dim(word)
	}
	fmt.Fprintf(&t.b, "%s %s ", word, console.Pad(string(f.Severity), severityColumns))
	t.object(console.Pad(console.Clean(f.Control), controls)+"  ", kindAndName(f))
	witness, inAll := says(f, t.from, t.to)
	if by := changedBy(f.LastChanged, t.now); by != "" {
		witness += "   (" + by + ")"
	}
	t.paragraph(indent(wordColumns+1), witness)
	if inAll != "" {
		t.dim(inAll)
	}
}

// object ends the line of a finding; a name that is too long goes on below.
func (t *table) object(label, name string) {
	room := t.columns - wordColumns - severityColumns - 2 - console.Columns(label)
	if name = console.Clean(name); console.Columns(name) <= room {
		fmt.Fprintf(&t.b, "%s%s\n", label, name)
		return
	}
	fmt.Fprintln(&t.b, strings.TrimRight(label, " "))
	t.paragraph(indent(wordColumns+1), name)
}

func (t *table) excepted(e driftcheck.Excepted) {
	f := e.Finding
	t.paragraph(console.Pad("excepted", wordColumns)+" ", fmt.Sprintf("%s  %s %s", f.Direction, f.Control, kindAndName(f)))
	t.paragraph(indent(wordColumns+1), reason(e))
}

// paragraph writes text from outside behind a label of ours, the further lines
// under the first.
func (t *table) paragraph(label, text string) {
	t.lines(label, console.Columns(label), text, console.Paint{})
}

// noted is a paragraph whose label has a colour.
func (t *table) noted(label, text string) {
	label = console.Pad(label, wordColumns) + " "
	t.lines(t.paint.Warn(label), console.Columns(label), text, console.Paint{})
}

func (t *table) dim(text string) { t.lines(indent(wordColumns+1), wordColumns+1, text, t.paint) }

func (t *table) lines(label string, hang int, text string, paint console.Paint) {
	for i, line := range console.Wrap(console.Clean(text), t.columns-hang) {
		if i > 0 {
			label = indent(hang)
		}
		fmt.Fprintf(&t.b, "%s%s\n", label, paint.Dim(line))
	}
}

func indent(columns int) string { return strings.Repeat(" ", columns) }
