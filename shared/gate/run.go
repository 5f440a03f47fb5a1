package gate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// RunAll asks all gates at once and returns their answers in the order of
// gates. It returns when each gate has answered or has run out of its time: a
// Check that ignores its context is left behind and counts as a timeout. The
// clock now only dates the results; timeouts run on the timer of the context.
func RunAll(ctx context.Context, now func() time.Time, gates []Gate) []Result {
	results := make([]Result, len(gates))
	done := make(chan int, len(gates))
	for i := range gates {
		go func() {
			results[i] = run(ctx, now, gates[i])
			done <- i
		}()
	}
	for range gates {
		<-done
	}
	return results
}

// run asks one gate and dates its answer.
func run(ctx context.Context, now func() time.Time, g Gate) Result {
	started := now()
	finding, err := ask(ctx, g)
	result := judge(g.Name, finding, err)
	result.Started = started
	result.Took = max(now().Sub(started), 0)
	return result
}

// answer is what came out of a Check, or out of its failure to return.
type answer struct {
	finding Finding
	err     error
}

func ask(ctx context.Context, g Gate) (Finding, error) {
	if g.Name == "" || g.Check == nil {
		return Finding{}, errors.New("the gate has no name or no check")
	}
	timeout := g.Timeout
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return Finding{}, ended(err, timeout)
	}
	answers := make(chan answer, 1)
	go check(ctx, g, answers)
	select {
	case a := <-answers:
		if err := ctx.Err(); err != nil {
			return a.finding, ended(err, timeout) // too late, whatever it says
		}
		return a.finding, a.err
	case <-ctx.Done():
		return Finding{}, ended(ctx.Err(), timeout)
	}
}

// check calls the gate's function and answers even if that panics or ends its
// goroutine.
func check(ctx context.Context, g Gate, answers chan<- answer) {
	a := answer{err: errors.New("the check ended without an answer")}
	defer func() {
		if p := recover(); p != nil {
			a = answer{err: fmt.Errorf("the check panicked: %v", p)}
		}
		answers <- a
	}()
	finding, err := g.Check(ctx)
	a = answer{finding, err}
}

func ended(err error, timeout time.Duration) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %s: %w", timeout, err)
	}
	return fmt.Errorf("interrupted before it could answer: %w", err)
}

// judge turns what a Check returned into a verdict. The order matters: an
// error beats a pass, and so does missing evidence.
func judge(name string, f Finding, err error) Result {
	r := Result{Gate: name, Summary: f.Summary, Evidence: f.Evidence, Hints: f.Hints}
	switch {
	case err != nil:
		r.Verdict, r.Summary = CouldNotRun, err.Error()
		r.Hints = append(r.Hints[:len(r.Hints):len(r.Hints)], fault.Hints(err)...)
	case !shown(f.Evidence):
		r.Verdict, r.Summary = CouldNotRun, "the check answered without evidence"
	case f.Passed:
		r.Verdict, r.Hints = Passed, nil
	default:
		r.Verdict = Failed
	}
	return r
}

// shown says whether there is evidence, and no blank among it.
func shown(all []Evidence) bool {
	for _, e := range all {
		if e.empty() {
			return false
		}
	}
	return len(all) > 0
}
