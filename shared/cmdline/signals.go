package cmdline

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// interruption is the end by a signal; it is a context.Canceled that says so.
type interruption struct{ signal os.Signal }

func (i interruption) Error() string {
	if i.signal == os.Interrupt {
		return "interrupted"
	}
	return fmt.Sprintf("interrupted (%v)", i.signal)
}

func (interruption) Unwrap() error { return context.Canceled }

// notify gives a context that the first SIGINT, SIGTERM or SIGHUP cancels. It
// then hands the signals back to the system, so that a second one ends the
// process at once (a shell shows 130 after SIGINT). A signal that was ignored
// when the process started, as nohup does with SIGHUP, stays ignored.
//
// A rollback must outlive the interrupt: it runs on context.WithoutCancel.
func notify(parent context.Context) (ctx context.Context, interrupted func() os.Signal, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	for _, one := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(one) {
			signal.Notify(signals, one)
		}
	}
	var first atomic.Value
	go func() {
		select {
		case got := <-signals:
			signal.Stop(signals)
			first.Store(got)
			cancel(interruption{got})
		case <-ctx.Done():
		}
	}()
	interrupted = func() os.Signal {
		got, _ := first.Load().(os.Signal)
		return got
	}
	return ctx, interrupted, func() { signal.Stop(signals); cancel(context.Canceled) }
}
