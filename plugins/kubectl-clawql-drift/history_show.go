package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/drifthistory"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// mostEnded are shown to a person.
const mostEnded = 10

// screen is the history as a person sees it, in the columns of a comparison.
func (r *scheduled) screen(s console.Streams, h *drifthistory.History, routes []routeResult) string {
	t := &table{
		paint: s.Paint(s.Out), columns: min(max(s.Width(s.Out), narrowest), widest),
		from: h.From, to: h.To, now: r.now,
	}
	report := reportOf(h, r.now)
	t.historyHead(report)
	controls := 0
	for _, e := range report.Open {
		controls = max(controls, console.Columns(e.Control))
	}
	for _, e := range report.Open {
		t.entry(e, controls)
	}
	for i, e := range report.Ended {
		if i == mostEnded {
			t.dim(fmt.Sprintf("and %d that ended earlier: -o json", len(report.Ended)-mostEnded))
			break
		}
		t.ended(e)
	}
	if h.Dropped > 0 {
		t.noted("MORE", console.Count(h.Dropped, "open finding")+" that the history has no room for")
	}
	for _, one := range r.missed {
		t.noted("NOT COMPARED", one)
	}
	for _, one := range routes {
		t.route(one)
	}
	return noCommands(t.b.String())
}

func (t *table) historyHead(r historyReport) {
	sides, counts := console.Clean(t.from+" -> "+t.to), fmt.Sprintf("%d open, %d ended", len(r.Open), len(r.Ended))
	if room := t.columns - console.Columns(sides) - console.Columns(counts); room >= 2 {
		fmt.Fprintf(&t.b, "%s%s%s\n", t.paint.Bold(sides), strings.Repeat(" ", room), counts)
	} else {
		t.paragraph("", sides)
		t.paragraph("", counts)
	}
	for _, line := range lastRuns(r) {
		t.paragraph("", line)
	}
	if r.Status == "overdue" {
		fmt.Fprintln(&t.b, t.paint.Bad("OVERDUE: no run has completed for more than 35 days"))
	}
}

// lastRuns says how the last run ended, and where it does not count, which one
// was the last that does.
func lastRuns(r historyReport) []string {
	if r.LastRun == nil {
		return []string{"no run yet; watched since " + date(r.Created)}
	}
	lines := []string{fmt.Sprintf("last run %s: %s", minute(r.LastRun.Time), r.LastRun.Status)}
	switch {
	case r.LastCompleted == nil:
		return append(lines, "no run was complete yet; watched since "+date(r.Created))
	case !r.LastCompleted.Equal(r.LastRun.Time):
		return append(lines, "the last complete one "+minute(*r.LastCompleted))
	}
	return lines
}

// entry is one open finding. One about the runs has no direction: the word is
// what is wrong with them.
func (t *table) entry(e drifthistory.Entry, controls int) {
	word, name := strings.ReplaceAll(string(e.Direction), "-", " "), e.Object.String()
	if e.Control == drifthistory.ControlRun {
		word, name = e.Object.Name, ""
	}
	padded := console.Pad(console.Clean(word), wordColumns)
	switch {
	case e.Direction == finding.MorePermissive || e.Control == drifthistory.ControlRun:
		padded = t.paint.Bad(strings.ToUpper(padded))
	case e.Direction == finding.Different:
		padded = t.paint.Dim(padded)
	}
	fmt.Fprintf(&t.b, "%s %s ", padded, console.Pad(string(e.Severity), severityColumns))
	if name == "" {
		fmt.Fprintln(&t.b, console.Clean(e.Control))
	} else {
		t.object(console.Pad(console.Clean(e.Control), controls)+"  ", name)
	}
	t.paragraph(indent(wordColumns+1), e.What)
	t.dim("since " + date(e.Since) + " (" + days(e.Age(t.now)) + ")" + again(e))
}

func (t *table) ended(e drifthistory.Entry) {
	label := console.Pad(e.How, wordColumns) + " "
	t.lines(t.paint.Dim(label), console.Columns(label), e.Control+" "+e.Object.String(), t.paint)
	t.dim("from " + date(e.Since) + " to " + date(*e.Ended) + again(e))
}

func (t *table) route(r routeResult) {
	switch {
	case r.Error != "":
		label := console.Pad("NOT TOLD", wordColumns) + " "
		t.lines(t.paint.Bad(label), console.Columns(label), r.Name+": "+strings.TrimPrefix(r.Error, "alert route "+r.Name+": "), console.Paint{})
	case len(r.Notices) == 0:
		t.lines(t.paint.Dim(console.Pad("quiet", wordColumns)+" "), wordColumns+1, r.Name+": nothing new", t.paint)
	default:
		t.paragraph(console.Pad("told", wordColumns)+" ", r.Name+": "+reasons(r.Notices))
	}
}

// reasons counts what a route was told: "2 new, 1 resolved".
func reasons(notices []drifthistory.Notice) string {
	count := map[drifthistory.Reason]int{}
	for _, n := range notices {
		count[n.Reason]++
	}
	var parts []string
	for _, reason := range []drifthistory.Reason{drifthistory.IsNew, drifthistory.IsWorse, drifthistory.IsReminder, drifthistory.IsResolved} {
		if count[reason] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[reason], reason))
		}
	}
	return cmp.Or(strings.Join(parts, ", "), "nothing new")
}

func again(e drifthistory.Entry) string {
	if date(e.FirstSeen) == date(e.Since) {
		return ""
	}
	return ", first seen " + date(e.FirstSeen)
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func date(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func days(d time.Duration) string {
	if n := int(d.Hours() / 24); n > 0 {
		return console.Count(n, "day")
	}
	return "today"
}
