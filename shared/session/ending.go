package session

import (
	"os"
	"syscall"
	"time"
)

// How long the processes of a session have: a hang-up at once, then a request,
// then the end. Together it stays below the two seconds in which nothing may
// be left.
const (
	untilTerm = 400 * time.Millisecond
	untilKill = 800 * time.Millisecond
	untilQuit = 1500 * time.Millisecond
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
	for empty := 0; ; {
		e.drain()
		left := descendants(os.Getpid(), e.except)
		passed := time.Since(began)
		if empty++; len(left) > 0 {
			empty = 0
		}
		if empty == surelyEmpty || passed > untilQuit {
			return left
		}
		next := signalAfter(passed)
		for _, pid := range left {
			if next != sent || next == syscall.SIGKILL {
				syscall.Kill(pid, next)
				syscall.Kill(pid, syscall.SIGCONT) // a stopped process takes no other signal
			}
		}
		if len(left) > 0 {
			sent = next
		}
		time.Sleep(stepOfEnd)
	}
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
