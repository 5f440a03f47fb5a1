package ledger

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

// A Process is a process id together with its start time (on Linux in clock ticks since the
// machine's start, elsewhere in seconds since 1970): the kernel gives ids out again, the pair is
// not repeated.
type Process struct {
	PID   int    `json:"pid,omitempty"`
	Start uint64 `json:"start,omitempty"`
}

// Identify names the process that has pid now; it fails when there is none.
func Identify(pid int) (Process, error) {
	_, start, err := stat(pid)
	return Process{PID: pid, Start: start}, err
}

// Alive says whether this very process still runs. A zombie does not.
func (p Process) Alive() bool {
	if p.PID == 0 {
		return false
	}
	state, start, err := stat(p.PID)
	return err == nil && start == p.Start && state != "Z" && state != "X"
}

// Kill ends the process at once and waits until it is gone, at most until the context ends.
// A process that is gone, or whose id now belongs to another, is left alone.
func (p Process) Kill(ctx context.Context) error {
	for p.Alive() {
		if err := syscall.Kill(p.PID, syscall.SIGKILL); err != nil && err != syscall.ESRCH {
			return fmt.Errorf("ending process %d: %w", p.PID, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("process %d does not end: %w", p.PID, ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}

// Linger waits, at most that long, until the parent of the ended process has taken note of it: a
// daemon's parent is the machine's first process, which may take a second, and the process table
// names the dead until then.
func (p Process) Linger(limit time.Duration) {
	for deadline := time.Now().Add(limit); p.PID != 0 && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if _, start, err := stat(p.PID); err != nil || start != p.Start {
			return
		}
	}
}
