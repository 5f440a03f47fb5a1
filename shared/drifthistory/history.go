// Package drifthistory remembers findings from run to run: since when each is
// there, when it went, and who was told of it. It also says when no run has
// completed for too long. It is pure; time is given to it.
package drifthistory

import (
	"time"

	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/output"
)

// Kind is the kind of the object that a History is written as.
const Kind = "DriftHistory"

// Overdue is how long no completed run may be missing: a month, and four days
// for one that was late.
const Overdue = 35 * 24 * time.Hour

// Failed is the status of a run that ended with an error. Beside it a run has
// the statuses of package finding.
const Failed finding.Status = "failed"

// History is what is known of one pair of environments.
type History struct {
	output.Header `json:",inline"`
	From          string     `json:"from"`
	To            string     `json:"to"`
	Created       time.Time  `json:"created"`
	LastCompleted *time.Time `json:"lastCompleted,omitempty"` // the last run that compared everything
	Runs          []Mark     `json:"runs"`                    // the newest keptRuns, newest last
	Entries       []Entry    `json:"entries"`                 // open ones first, in the order of reports
	Dropped       int        `json:"dropped,omitempty"`       // open entries that the last write had no room for
	Telling       *Claim     `json:"telling,omitempty"`       // the run that is telling the routes now
}

// Mark is one run.
type Mark struct {
	Time       time.Time      `json:"time"`
	Status     finding.Status `json:"status"` // equal, drift, incomplete or failed
	Findings   int            `json:"findings"`
	Incomplete int            `json:"incomplete,omitempty"` // things that were not compared
}

// Entry is one finding over time.
type Entry struct {
	ID        string            `json:"id"`
	Control   string            `json:"control"`
	Severity  finding.Severity  `json:"severity"`
	Direction finding.Direction `json:"direction,omitempty"`
	Object    finding.Object    `json:"object"`
	What      string            `json:"what"`
	FirstSeen time.Time         `json:"firstSeen"`       // ever
	Since     time.Time         `json:"since"`           // without a break
	LastSeen  time.Time         `json:"lastSeen"`        // in any run, complete or not
	Ended     *time.Time        `json:"ended,omitempty"` // nil while it is there
	How       string            `json:"how,omitempty"`   // it ended: see Resolved and Excepted
	Told      map[string]Told   `json:"told,omitempty"`  // by name of the route
}

// How an entry ends.
const (
	Resolved = "resolved" // a completed run no longer found it
	Excepted = "excepted" // clawql.yaml has an exception for it
)

// Told is what a route was told of an entry last.
type Told struct {
	At       time.Time        `json:"at"`
	Severity finding.Severity `json:"severity"`
	Ended    bool             `json:"ended,omitempty"`
}

// New is the history of a pair before its first run.
func New(from, to string, now time.Time) *History {
	return &History{Header: output.Head(Kind), From: from, To: to, Created: now.UTC()}
}

// Open says whether the finding is still there.
func (e Entry) Open() bool { return e.Ended == nil }

// Age is how long the finding has been there without a break; for one that
// ended, how long it was.
func (e Entry) Age(now time.Time) time.Duration {
	if e.Ended != nil {
		now = *e.Ended
	}
	return max(0, now.Sub(e.Since))
}

// Open counts the findings that are still there.
func (h *History) Open() (n int) {
	for _, e := range h.Entries {
		if e.Open() {
			n++
		}
	}
	return n
}

// Overdue says whether the dead man's alert is due: no completed run for
// longer than the constant of that name, counted from the history's beginning
// where there was none. A run that lies in the future proves nothing.
func (h *History) Overdue(now time.Time) bool {
	last := h.Created
	if h.LastCompleted != nil {
		last = *h.LastCompleted
	}
	return now.Sub(last) > Overdue || last.Sub(now) > 24*time.Hour
}
