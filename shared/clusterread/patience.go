package clusterread

import (
	"context"
	"errors"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Patience is how long one request may take, its retries included, where the
// Source does not say: a server that takes connections and answers nothing, or
// that asks to come again in an hour, must not hold a comparison for ever.
const Patience = 2 * time.Minute

// patiently asks for one thing. It comes back when the time is over, even from
// a call that does not look at its context.
func patiently[T any](ctx context.Context, c *client, ask func(context.Context) (T, error)) (T, error) {
	within, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	type answer struct {
		value T
		err   error
	}
	answered := make(chan answer, 1)
	go func() {
		value, err := ask(within)
		answered <- answer{value, err}
	}()
	var a answer
	select {
	case a = <-answered:
	case <-within.Done():
		a.err = within.Err()
	}
	if a.err != nil && ctx.Err() != nil {
		a.err = context.Cause(ctx) // of an interrupt, the signal
	} else if a.err != nil && errors.Is(within.Err(), context.DeadlineExceeded) {
		a.err = fault.Unable("no answer within %v", c.patience).Hint("--request-timeout gives it more time")
	}
	return a.value, a.err
}
