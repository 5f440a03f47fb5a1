package drifthistory

import (
	"slices"
	"time"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// Reason says why a route is told of an entry.
type Reason string

// The reasons.
const (
	IsNew      Reason = "new"
	IsWorse    Reason = "worsened"
	IsReminder Reason = "reminder"
	IsResolved Reason = "resolved"
)

// Notice is what a route has to be told.
type Notice struct {
	Reason Reason `json:"reason"`
	Entry  Entry  `json:"entry"`
}

// Notices are what the route has not been told yet: findings that are new to
// it or worse than it knows, those that ended, and again what is still there
// after remind (0: never again). What a route could not be told stays due.
func (h *History) Notices(route string, severities []finding.Severity, now time.Time, remind time.Duration) (due []Notice) {
	for _, e := range h.Entries {
		told, known := e.Told[route]
		known = known && !told.Ended
		open := e.Open() && slices.Contains(severities, e.Severity)
		switch {
		case open && !known:
			due = append(due, Notice{IsNew, e})
		case open && e.Severity.Worse(told.Severity):
			due = append(due, Notice{IsWorse, e})
		case open && remind > 0 && now.Sub(told.At) >= remind:
			due = append(due, Notice{IsReminder, e})
		case !open && known:
			due = append(due, Notice{IsResolved, e})
		}
	}
	return due
}

// Shown are the open entries of the severities.
func (h *History) Shown(severities []finding.Severity) (list []Entry) {
	for _, e := range h.Entries {
		if e.Open() && slices.Contains(severities, e.Severity) {
			list = append(list, e)
		}
	}
	return list
}

// Tell notes that the route was told. What became milder is no notice, but
// the route then knows it as that: it can become worse again.
func (h *History) Tell(route string, notices []Notice, now time.Time) {
	for _, e := range h.Entries {
		if told, known := e.Told[route]; known && e.Open() && told.Severity.Worse(e.Severity) {
			told.Severity = e.Severity
			e.Told[route] = told
		}
	}
	for _, n := range notices {
		for i := range h.Entries {
			if e := &h.Entries[i]; e.ID == n.Entry.ID {
				if e.Told == nil {
					e.Told = map[string]Told{}
				}
				e.Told[route] = Told{At: now.UTC(), Severity: n.Entry.Severity, Ended: n.Reason == IsResolved}
			}
		}
	}
}

// Forget drops what routes were told that no longer exist.
func (h *History) Forget(routes []string) {
	for i := range h.Entries {
		for name := range h.Entries[i].Told {
			if !slices.Contains(routes, name) {
				delete(h.Entries[i].Told, name)
			}
		}
	}
}
