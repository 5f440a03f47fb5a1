package driftcheck

import (
	"fmt"
	"time"

	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/project"
)

// Excepted is a finding that does not count, and why.
type Excepted struct {
	finding.Finding `json:",inline"`
	Exception       project.DriftException `json:"exception"`
	Standing        bool                   `json:"standing,omitempty"` // nobody wrote it down: see Standing
}

// Except takes the findings that exceptions cover out of the verdict. An
// expired exception covers nothing and is named; so is one that nothing needs,
// which is no failure. What could not be compared stays: it cannot be excepted.
func (r *Report) Except(exceptions []project.DriftException, now time.Time) {
	used := make([]bool, len(exceptions))
	var kept []finding.Finding
	for _, f := range r.Findings {
		if i := covering(exceptions, f, now); i >= 0 {
			used[i] = true
			r.Excepted = append(r.Excepted, Excepted{Finding: f, Exception: exceptions[i]})
			continue
		}
		kept = append(kept, f)
	}
	for i, e := range exceptions {
		about := fmt.Sprintf("exception for %s, %s (%s)", e.Control, e.Object, e.Owner)
		switch {
		case e.Expired(now):
			r.Warnings = append(r.Warnings, fmt.Sprintf("%s expired on %s", about, e.Expires))
		case !used[i]:
			r.Warnings = append(r.Warnings, about+" covers nothing: take it out of clawql.yaml")
		}
	}
	r.Findings = kept
	r.Status, r.Summary = finding.Judge(r.Findings, r.Incomplete), finding.Summarize(r.Findings)
}

// covering is the first exception in force that covers a finding, -1 for none.
func covering(exceptions []project.DriftException, f finding.Finding, now time.Time) int {
	for i, e := range exceptions {
		if !e.Expired(now) && e.Covers(f.Control, f.Object.Kind+" "+f.Object.String(), string(f.Direction)) {
			return i
		}
	}
	return -1
}
