package cluster

import (
	"context"
	"fmt"
	"time"
)

// await asks every 25 ms until the answer is nil. When the context ends first, the error says
// what was waited for and what the last answer was.
func await(ctx context.Context, what string, ask func(context.Context) error) error {
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, err)
		case <-time.After(25 * time.Millisecond):
		}
	}
}

// together runs the steps at once and returns the first error, after all have ended; one
// error ends the others' context.
func together(ctx context.Context, steps ...func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan error, len(steps))
	for _, step := range steps {
		go func() { results <- step(ctx) }()
	}
	var first error
	for range steps {
		if err := <-results; err != nil && first == nil {
			first = err
			cancel()
		}
	}
	return first
}
