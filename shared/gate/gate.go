// Package gate holds the shape of a deploy gate: a question that must be
// answered with yes, with evidence, before anything is applied. The package is
// pure: what a gate looks at lies behind its Check function.
//
// One rule runs through it: only a positive answer with evidence passes. A
// gate that panics, runs out of time, is cancelled, answers with an error or
// shows nothing could not run, and that blocks the deploy as a failure does.
package gate

import (
	"context"
	"strings"
	"time"
)

// DefaultTimeout bounds a gate that names no timeout of its own.
const DefaultTimeout = 2 * time.Minute

// Verdict is the answer of one gate. Its zero value is no pass.
type Verdict string

// The three answers, as they stand in reports and records.
const (
	Passed      Verdict = "passed"
	Failed      Verdict = "failed"
	CouldNotRun Verdict = "could not run"
)

// Evidence is one thing that a gate looked at, and what it saw there.
type Evidence struct {
	// Subject names the thing: a commit, an image, a test case.
	Subject string `json:"subject"`
	// Fact says what was seen, in words for a person.
	Fact string `json:"fact"`
	// Details are the same facts for a machine, such as "digest" or "commit".
	Details map[string]string `json:"details,omitempty"`
}

func (e Evidence) empty() bool {
	return strings.TrimSpace(e.Subject) == "" || strings.TrimSpace(e.Fact) == ""
}

// Finding is what a Check found. Its zero value is a failure without
// evidence, so a Check that forgets to answer does not pass.
type Finding struct {
	// Passed is true only if everything that the gate asks for was seen.
	Passed bool
	// Summary is one line for the screen; on failure, the first reason.
	Summary string
	// Evidence must not be empty, whatever the answer.
	Evidence []Evidence
	// Hints say what to do next; only read when the gate did not pass.
	Hints []string
}

// Gate is one question. Check gets a context that ends with Timeout; an error
// means that the question could not be answered. Evidence returned beside an
// error is kept.
type Gate struct {
	Name    string
	Timeout time.Duration // zero or less: DefaultTimeout
	Check   func(ctx context.Context) (Finding, error)
}

// Result is the recorded answer of one gate.
type Result struct {
	Gate     string
	Verdict  Verdict
	Summary  string
	Evidence []Evidence
	Hints    []string
	Started  time.Time
	Took     time.Duration
}

// OK says whether the gate lets the deploy go on.
func (r Result) OK() bool { return r.Verdict == Passed }

// AllPassed says whether every wanted gate answered, and every answer is a
// pass: the answers of gates that nobody asked for count as well. It is false
// when nothing is wanted, since no gate at all proves nothing, and when a
// wanted gate answered twice.
func AllPassed(results []Result, want []string) bool {
	seen := map[string]int{}
	for _, r := range results {
		if !r.OK() {
			return false
		}
		seen[r.Gate]++
	}
	for _, name := range want {
		if seen[name] != 1 {
			return false
		}
	}
	return len(want) > 0
}
