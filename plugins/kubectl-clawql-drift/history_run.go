package main

import (
	"context"
	"errors"
	"time"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/driftcheck"
	"github.com/clawql/clawql-workbench/shared/drifthistory"
	"github.com/clawql/clawql-workbench/shared/driftstore"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/clawql/clawql-workbench/shared/project"
	"github.com/urfave/cli/v2"
)

func runCommand() *cli.Command {
	return &cli.Command{
		Name: "run", Usage: "compare, keep the history and send alerts: what the schedule runs",
		Description: aboutRun,
		Flags: []cli.Flag{
			historyFlag(),
			&cli.BoolFlag{Name: "check-only", Usage: "compare nothing: alert if no run has completed for 35 days"},
			cmdline.OutputFlag(output.Table, output.JSON, output.YAML),
		},
		Action: scheduledRun,
	}
}

const aboutRun = `
Compares as ` + "`kubectl clawql drift`" + ` does, notes in the history what is new, what
is still there and what went, and tells the routes of clawql.yaml (drift.alerts)
what they have not been told. What a route could not be told is told by the next
run. A run that is incomplete does not count as one.

A route that fails does not stop the others; the exit code is then 3.
`

// routeResult is what became of one route.
type routeResult struct {
	Name    string                `json:"name"`
	Notices []drifthistory.Notice `json:"notices"`
	Error   string                `json:"error,omitempty"`
}

// scheduled is one run.
type scheduled struct {
	*cli.Context
	o      options
	alerts []project.Alert
	remind time.Duration
	store  driftstore.Store
	now    time.Time
	id     string   // of this run among those that write the history
	missed []string // what this run could not compare
}

func newScheduled(c *cli.Context) (*scheduled, error) {
	o, err := parse(c)
	if err != nil {
		return nil, err
	}
	p, err := nearest()
	if err != nil {
		return nil, err
	}
	r := &scheduled{Context: c, o: o, now: time.Now().UTC(), id: runID()}
	if p != nil && p.Drift != nil {
		r.alerts, r.remind = p.Drift.Alerts, p.Drift.Remind()
	}
	r.store, err = historyStore(o, c.String("history"))
	return r, err
}

func scheduledRun(c *cli.Context) error {
	r, err := newScheduled(c)
	if err != nil {
		return err
	}
	h, verdict := r.compareAndNote()
	if h == nil {
		return verdict
	}
	h, routes, err := r.tell(h)
	if failed := errors.Join(err, failures(routes)); failed != nil {
		verdict = fault.Unable("%w", joined(verdict, failed))
	}
	if err := r.show(h, routes, verdict); err != nil {
		return err
	}
	return output.Reported(verdict)
}

// joined keeps the verdict's text and puts what failed first.
func joined(verdict, failed error) error {
	if verdict == nil {
		return failed
	}
	return errors.Join(failed, verdict)
}

// compareAndNote compares and writes the history; a history of nil means that
// it could not be written, and the error says why. Otherwise the error is the
// verdict.
func (r *scheduled) compareAndNote() (*drifthistory.History, error) {
	if r.Bool("check-only") {
		return r.check()
	}
	report, _, compared := compare(r.Context, r.o)
	if errors.Is(compared, context.Canceled) {
		return nil, compared // a person stopped it: that says nothing about the sides
	}
	note := drifthistory.Run{Time: r.now, Status: drifthistory.Failed}
	if compared == nil {
		note, r.missed = noteOf(report, r.now), report.Incomplete
		compared = r.verdict(report)
	}
	h, err := changeHistory(r.Context.Context, r.store, r.o, r.now, func(h *drifthistory.History) {
		h.Update(note)
		h.Forget(r.routeNames())
		h.Claim(r.id, time.Now())
	})
	if err != nil {
		return nil, errors.Join(err, compared)
	}
	return h, compared
}

// verdict is that of the comparison; the details are where a person finds them.
func (r *scheduled) verdict(report *driftcheck.Report) error {
	if report.Status == finding.Drift {
		return fault.No("%s", sentence(r.o, report)).Hint("what the sides allow, with pictures: `kubectl clawql drift -o html`, with the same sides")
	}
	return verdict(r.o, report)
}

func noteOf(report *driftcheck.Report, now time.Time) drifthistory.Run {
	note := drifthistory.Run{Time: now, Status: report.Status, Findings: report.Findings, Incomplete: len(report.Incomplete)}
	for _, e := range report.Excepted {
		note.Excepted = append(note.Excepted, e.Finding)
	}
	return note
}

// check looks at the history only. None at all is no reason to be calm.
func (r *scheduled) check() (*drifthistory.History, error) {
	_, version, err := r.store.Load(r.Context.Context)
	if err != nil {
		return nil, err
	}
	if version == "" { // an empty ConfigMap of a new schedule is a beginning
		return nil, fault.Unable("there is no history in %s: no run has ever been noted there", r.store).
			Hint("`kubectl clawql drift run` begins one; `kubectl clawql drift schedule` runs it monthly")
	}
	h, err := changeHistory(r.Context.Context, r.store, r.o, r.now, func(h *drifthistory.History) {
		h.Check(r.now)
		h.Forget(r.routeNames())
		h.Claim(r.id, time.Now())
	})
	if err != nil {
		return nil, err
	}
	if h.Overdue(r.now) {
		return h, fault.No("no run has completed for more than %d days", int(drifthistory.Overdue.Hours()/24)).
			Hint("kubectl -n %s get cronjobs,jobs,pods", scheduleNamespace)
	}
	return h, nil
}

func (r *scheduled) routeNames() (names []string) {
	for _, a := range r.alerts {
		names = append(names, a.Name)
	}
	return names
}

func failures(routes []routeResult) error {
	var all []error
	for _, r := range routes {
		if r.Error != "" {
			all = append(all, errors.New(r.Error))
		}
	}
	return errors.Join(all...)
}
