package session

import (
	"syscall"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// ended takes the supervisor's last message.
func (f *front) ended(m message) (Result, error) {
	f.takeTerminalBack(m.Reason)
	if why := m.Reason.sentence(f.plan.TTL); why != "" && m.Fault == nil {
		f.say(why)
	}
	if m.Text != "" {
		f.options.Terminal.Err.WriteString(m.Text)
	}
	f.tellLeft(m.Left)
	return Result{Code: m.Code, Reason: m.Reason, Left: m.Left}, m.Fault.err()
}

// orphaned: the supervisor was killed. Vault died with it; the rest came to
// this process, which ends it.
func (f *front) orphaned() (Result, error) {
	f.vault.killIfSame()
	f.collectSupervisor()
	left := ender{f.before, f.changes, func(change) {}}.end()
	removeFolder(f.plan.Folder)
	f.takeTerminalBack(BySupervisor)
	f.tellLeft(left)
	return Result{Code: fault.CodeUnable, Reason: BySupervisor, Left: left},
		fault.Unable("%s; Vault and all processes of the session were ended", BySupervisor.sentence(0))
}

// collectSupervisor waits until the supervisor is a dead child of this process:
// its socket closes first, and only then do its children come to this one.
func (f *front) collectSupervisor() {
	limit := time.After(untilTerm)
	for !f.gone {
		select {
		case one := <-f.changes:
			f.gone = one.pid == f.child && !one.status.Stopped()
		case <-limit:
			return
		}
	}
}

// takeTerminalBack leaves the terminal as it was found: in the foreground of
// the shell that started the session, and in its modes where the command could
// not restore them.
func (f *front) takeTerminalBack(reason Reason) {
	if !f.plan.Interactive || f.group == 0 {
		return
	}
	f.options.Terminal.give(syscall.Getpgrp())
	if reason != ByCommand {
		f.options.Terminal.restore(f.modes)
	}
}

func (f *front) tellLeft(left []int) {
	for _, pid := range left {
		f.say("process " + itoa(pid) + " (" + nameOf(pid) + ") belongs to another user and could not be ended")
	}
}
