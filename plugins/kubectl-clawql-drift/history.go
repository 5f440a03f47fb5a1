package main

import (
	"time"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/drifthistory"
	"github.com/clawql/clawql-workbench/shared/fault"
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
	Dropped       int                  `json:"dropped"`              // open findings that the history had no room for
	Incomplete    []string             `json:"incomplete,omitempty"` // what this run could not compare
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
		report.Incomplete, report.Routes, report.Error = r.missed, routes, output.ProblemOf(verdict)
		return output.Encode(s.Out, format, report)
	}
	return write(s.Out, r.screen(s, h, routes))
}
