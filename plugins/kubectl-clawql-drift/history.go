package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/drifthistory"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/urfave/cli/v2"
)

func historyCommand() *cli.Command {
	return &cli.Command{
		Name: "history", Usage: "say since when each finding is there, and when the last run was",
		Flags:  []cli.Flag{historyFlag(), cmdline.OutputFlag(output.Table, output.JSON, output.YAML)},
		Action: history,
	}
}

// historyReport is the object of `drift history -o json`.
type historyReport struct {
	output.Header `json:",inline"`
	Status        string               `json:"status"` // current, or overdue: no completed run for 35 days
	From          string               `json:"from"`
	To            string               `json:"to"`
	Created       time.Time            `json:"created"`
	LastCompleted *time.Time           `json:"lastCompleted"`
	LastRun       *drifthistory.Mark   `json:"lastRun"`
	Runs          []drifthistory.Mark  `json:"runs"`
	Open          []drifthistory.Entry `json:"open"`
	Ended         []drifthistory.Entry `json:"ended"`
	Dropped       int                  `json:"dropped"` // open findings that the history had no room for
	Routes        []routeResult        `json:"routes,omitempty"`
	Error         *output.Problem      `json:"error,omitempty"`
}

func reportOf(h *drifthistory.History, now time.Time) historyReport {
	r := historyReport{
		Header: output.Head("DriftHistoryReport"), Status: "current", From: h.From, To: h.To, Created: h.Created, LastCompleted: h.LastCompleted,
		Runs: orEmpty(h.Runs), Open: []drifthistory.Entry{}, Ended: []drifthistory.Entry{}, Dropped: h.Dropped,
	}
	if h.Overdue(now) {
		r.Status = "overdue"
	}
	if n := len(h.Runs); n > 0 {
		r.LastRun = &h.Runs[n-1]
	}
	for _, e := range h.Entries {
		if e.Open() {
			r.Open = append(r.Open, e)
		} else {
			r.Ended = append(r.Ended, e)
		}
	}
	return r
}

func history(c *cli.Context) error {
	r, err := newScheduled(c)
	if err != nil {
		return err
	}
	text, _, err := r.store.Load(c.Context)
	if err != nil {
		return err
	}
	h, err := decodeHistory(r.store, r.o, text)
	if err != nil {
		return err
	}
	if h == nil {
		return fault.Unable("there is no history in %s: no run has ever been noted there", r.store).
			Hint("`kubectl clawql drift run` begins one; `kubectl clawql drift schedule` runs it monthly")
	}
	if h.Overdue(r.now) {
		err = fault.No("no run has completed for more than %d days", int(drifthistory.Overdue.Hours()/24))
	}
	if err := r.show(h, nil, err); err != nil {
		return err
	}
	return output.Reported(err)
}

// show writes the history, and what the routes were told.
func (r *scheduled) show(h *drifthistory.History, routes []routeResult, verdict error) error {
	s := cmdline.Streams(r.Context)
	if format := cmdline.Format(r.Context); format != output.Table {
		report := reportOf(h, r.now)
		report.Routes, report.Error = routes, output.ProblemOf(verdict)
		return output.Encode(s.Out, format, report)
	}
	if _, err := io.WriteString(s.Out, r.text(h, routes, s.Paint(s.Out))); err != nil {
		return fault.Unable("write the history: %w", err)
	}
	return nil
}

func (r *scheduled) text(h *drifthistory.History, routes []routeResult, paint console.Paint) string {
	var b strings.Builder
	report := reportOf(h, r.now)
	fmt.Fprintf(&b, "%s -> %s   %d open, %d ended   %s\n", console.Clean(h.From), console.Clean(h.To), len(report.Open), len(report.Ended), lastRun(report, paint))
	for _, e := range report.Open {
		fmt.Fprintf(&b, "%s %s %s  %s\n", severityWord(e, paint), console.Pad(direction(e), 15), console.Clean(e.Control), console.Clean(e.Object.String()))
		fmt.Fprintf(&b, "%9s%s\n%9ssince %s (%s)%s\n", "", console.Clean(e.What), "", date(e.Since), days(e.Age(r.now)), again(e))
	}
	for i, e := range report.Ended {
		if i == mostEnded {
			fmt.Fprintf(&b, "and %d that ended earlier: -o json\n", len(report.Ended)-mostEnded)
			break
		}
		fmt.Fprintln(&b, paint.Dim(fmt.Sprintf("%s %s  %s, %s to %s", console.Pad(e.How, 8), console.Clean(e.Control), console.Clean(e.Object.String()), date(e.Since), date(*e.Ended))))
	}
	if h.Dropped > 0 {
		fmt.Fprintf(&b, "%s\n", paint.Warn(console.Count(h.Dropped, "open finding")+" more: the history has no room for them"))
	}
	for _, one := range routes {
		fmt.Fprintf(&b, "%s\n", toldLine(one, paint))
	}
	return b.String()
}

// mostEnded are shown to a person.
const mostEnded = 10

func lastRun(r historyReport, paint console.Paint) string {
	text := "no run yet"
	if r.LastRun != nil {
		text = fmt.Sprintf("last run %s: %s", date(r.LastRun.Time), r.LastRun.Status)
	}
	if r.Status == "overdue" {
		text += "   " + paint.Bad("OVERDUE: no completed run for 35 days")
	}
	return text
}

func severityWord(e drifthistory.Entry, paint console.Paint) string {
	word := console.Pad(string(e.Severity), 8)
	if e.Severity == finding.Critical || e.Severity == finding.High {
		return paint.Bad(word)
	}
	return word
}

func direction(e drifthistory.Entry) string {
	if e.Direction == "" {
		return "run"
	}
	return strings.ReplaceAll(string(e.Direction), "-", " ")
}

func again(e drifthistory.Entry) string {
	if e.FirstSeen.Equal(e.Since) {
		return ""
	}
	return ", first seen " + date(e.FirstSeen)
}

func toldLine(r routeResult, paint console.Paint) string {
	switch {
	case r.Error != "":
		return paint.Bad("NOT TOLD") + " " + console.Clean(r.Name) + ": " + console.Clean(r.Error)
	case len(r.Notices) == 0:
		return paint.Dim("quiet    " + console.Clean(r.Name) + ": nothing new")
	}
	return "told     " + console.Clean(r.Name) + ": " + console.Count(len(r.Notices), "notice")
}

func date(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func days(d time.Duration) string { return console.Count(int(d.Hours()/24), "day") }
