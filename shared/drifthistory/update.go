package drifthistory

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// Run is what one comparison said.
type Run struct {
	Time       time.Time      // of its beginning: what it says is not newer
	Status     finding.Status // Failed: the lists are empty
	Findings   []finding.Finding
	Excepted   []finding.Finding
	Incomplete int // things that were not compared
}

// completed: what such a run did not find is not there.
func (r Run) completed() bool { return r.Status == finding.Equal || r.Status == finding.Drift }

// Update takes a run in. Only a completed run resolves what it no longer
// finds: what an incomplete one did not find, it may not have looked at. A
// finding that comes back keeps the day when it was seen first. What a run that
// began later has noted already stays as it is.
func (h *History) Update(r Run) {
	now := r.Time.UTC()
	h.mark(r)
	seen := map[string]bool{}
	for _, f := range r.Findings {
		seen[f.ID] = true
		h.see(f, now)
	}
	for _, f := range r.Excepted {
		if !seen[f.ID] {
			seen[f.ID] = true
			h.end(f.ID, Excepted, now)
		}
	}
	if r.completed() {
		for i := range h.Entries {
			if e := &h.Entries[i]; e.Open() && !seen[e.ID] && !isCondition(*e) && !e.knownAfter(now) {
				e.Ended, e.How = &now, Resolved
			}
		}
		if h.LastCompleted == nil || h.LastCompleted.Before(now) || h.LastCompleted.Sub(now) > 24*time.Hour {
			h.LastCompleted = &now // one in the future proves nothing
		}
	}
	h.condition(incomplete, !r.completed(), notCounted(r.Status), now)
	h.Check(now)
}

func notCounted(status finding.Status) string {
	said := "the run was " + string(status)
	if status == Failed {
		said = "the run failed"
	}
	return said + ": it does not count, and what it did not see may be there"
}

// Check raises or ends the dead man's alert.
func (h *History) Check(now time.Time) {
	last := "no run has completed since " + h.Created.Format(time.DateOnly)
	if h.LastCompleted != nil {
		last = "the last completed run was on " + h.LastCompleted.UTC().Format(time.DateOnly)
	}
	h.condition(overdue, h.Overdue(now), fmt.Sprintf("%s; at most %d days may lie between", last, int(Overdue.Hours()/24)), now.UTC())
	slices.SortStableFunc(h.Entries, order)
}

// keptRuns are two years of months.
const keptRuns = 24

func (h *History) mark(r Run) {
	h.Runs = append(h.Runs, Mark{r.Time.UTC(), r.Status, len(r.Findings), r.Incomplete})
	slices.SortStableFunc(h.Runs, func(a, b Mark) int { return a.Time.Compare(b.Time) }) // one that began earlier may end later
	if more := len(h.Runs) - keptRuns; more > 0 {
		h.Runs = slices.Delete(h.Runs, 0, more)
	}
}

// see notes a finding that is there now.
func (h *History) see(f finding.Finding, now time.Time) {
	i := slices.IndexFunc(h.Entries, func(e Entry) bool { return e.ID == f.ID })
	if i < 0 {
		h.Entries = append(h.Entries, Entry{ID: f.ID, FirstSeen: now, Since: now})
		i = len(h.Entries) - 1
	}
	e := &h.Entries[i]
	if e.knownAfter(now) {
		return
	}
	if !e.Open() {
		e.Since, e.Ended, e.How = now, nil, ""
	}
	e.Control, e.Severity, e.Direction, e.Object, e.LastSeen = f.Control, f.Severity, f.Direction, f.Object, now
	e.What = what(f)
}

// knownAfter says whether a later run, by its beginning, has seen the entry or
// its end. More than a day is no run that overtook, but a clock that was wrong.
func (e *Entry) knownAfter(now time.Time) bool {
	last := e.LastSeen
	if e.Ended != nil && e.Ended.After(last) {
		last = *e.Ended
	}
	return last.After(now) && last.Sub(now) <= 24*time.Hour
}

// what says the finding in one line: its witness, else its explanation.
func what(f finding.Finding) string {
	text := f.Explanation
	if f.Witness != nil {
		text = f.Witness.Text
	}
	return shortened(text)
}

func (h *History) end(id, how string, now time.Time) {
	for i := range h.Entries {
		if e := &h.Entries[i]; e.ID == id && e.Open() && !e.knownAfter(now) {
			e.Ended, e.How = &now, how
		}
	}
}

// ControlRun is the control of entries about the runs themselves.
const ControlRun = "DriftRun"

// The conditions of the runs themselves.
const (
	incomplete = "incomplete"
	overdue    = "overdue"
)

var conditionSeverity = map[string]finding.Severity{incomplete: finding.High, overdue: finding.Critical}

func isCondition(e Entry) bool { return e.Control == ControlRun }

// condition is kept as an entry, so that routes are told of it in the same way.
func (h *History) condition(name string, holds bool, text string, now time.Time) {
	f := finding.Finding{
		Control: ControlRun, Severity: conditionSeverity[name], Object: finding.Object{Kind: "Run", Name: name}, Explanation: text,
	}.Identified(name)
	if holds {
		h.see(f, now)
		return
	}
	h.end(f.ID, Resolved, now)
}

// order: open ones first, then as in reports; ended ones by their end, newest first.
func order(a, b Entry) int {
	switch {
	case a.Open() && b.Open():
		return cmp.Or(bySeverity(a, b), cmp.Compare(a.Control, b.Control), finding.CompareObjects(a.Object, b.Object), cmp.Compare(a.ID, b.ID))
	case a.Open():
		return -1
	case b.Open():
		return 1
	}
	return cmp.Or(b.Ended.Compare(*a.Ended), cmp.Compare(a.ID, b.ID))
}

func bySeverity(a, b Entry) int {
	switch {
	case a.Severity.Worse(b.Severity):
		return -1
	case b.Severity.Worse(a.Severity):
		return 1
	}
	return 0
}
