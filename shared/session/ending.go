package session

import (
	"os"
	"syscall"
	"time"
)

// How long the processes of a session have: a hang-up at once, then a request,
// then the end. On a machine that is not overloaded, nothing is left after one
// second; on one that is, a kill may take its time, and is waited for.
const (
	untilTerm = 400 * time.Millisecond
	untilKill = 800 * time.Millisecond
	untilQuit = 15 * time.Second // a process in an uninterruptible wait can take longer
	stepOfEnd = 5 * time.Millisecond
)

// surelyEmpty is how often in a row nothing must be found: a process whose
// parent ends just now is missed in one look (see descendants).
const surelyEmpty = 2

// ender ends all descendants of this process.
type ender struct {
	except  map[int]bool // children that were there before the session
	changes <-chan change
	saw     func(change)
}

// end returns the processes that are left: those of another user (sudo), which
// this one may not signal.
func (e ender) end() []int {
	began := time.Now()
	var sent syscall.Signal
	for looks := 0; ; {
		e.drain()
		left := descendants(os.Getpid(), e.except)
		passed := time.Since(began)
		next := signalAfter(passed)
		if !send(left, next, next != sent || next == syscall.SIGKILL) {
			looks++
		} else {
			looks, sent = 0, next
		}
		if looks == surelyEmpty || passed > untilQuit && sent == syscall.SIGKILL {
			return left
		}
		time.Sleep(stepOfEnd)
	}
}

// send sends a signal, if it is due, and says whether there is a process that
// may be signalled at all.
func send(left []int, next syscall.Signal, due bool) bool {
	mine := false
	for _, pid := range left {
		what := next
		if !due {
			what = 0 // asks only
		}
		if syscall.Kill(pid, what) != syscall.EPERM {
			mine = true
			syscall.Kill(pid, syscall.SIGCONT) // a stopped process takes no other signal
		}
	}
	return mine
}

func signalAfter(passed time.Duration) syscall.Signal {
	switch {
	case passed < untilTerm:
		return syscall.SIGHUP
	case passed < untilKill:
		return syscall.SIGTERM
	}
	return syscall.SIGKILL
}

// drain takes the news of ended children without waiting.
func (e ender) drain() {
	for {
		select {
		case one := <-e.changes:
			e.saw(one)
		default:
			return
		}
	}
}
