package session

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
)

// front is the process that the person started: it holds the terminal, passes
// on what ends the session, and cleans up when the supervisor was killed.
type front struct {
	options Options
	plan    plan
	link    *link
	modes   *term.State
	before  map[int]bool // children that were there before
	child   int          // the supervisor
	lock    *os.File     // of the session's folder; closed, another session could sweep it away
	vault   process      // known once the command runs
	group   int          // of the command, 0 before it runs
	changes <-chan change
	gone    bool // the supervisor was collected
}

// Run runs one session from its start to its end and says how it ended. It
// takes over the signals of this process.
func Run(o Options) (Result, error) {
	prepared, lock, err := prepare(o)
	if err != nil {
		return Result{Code: fault.Code(err), Reason: ByFailure}, err
	}
	f := &front{options: o, plan: prepared, modes: o.Terminal.modes(), before: map[int]bool{}, lock: lock}
	if err := harden(); err != nil {
		removeFolder(prepared.Folder)
		return Result{}, fault.Unable("closing this process to cores and tracers: %w", err)
	}
	for _, pid := range descendants(os.Getpid(), nil) {
		f.before[pid] = true
	}
	if err := f.start(); err != nil {
		removeFolder(prepared.Folder)
		return Result{}, err
	}
	return f.follow()
}

// start starts the supervisor, which is this program again. Its command line
// and environment say nothing: the plan goes over the socket pair.
func (f *front) start() error {
	ours, theirs, err := pair()
	if err != nil {
		return err
	}
	defer theirs.Close()
	f.link = ours
	command := &exec.Cmd{
		Path: f.plan.Self, Args: []string{"clawql-vault-session", "supervise"}, Env: []string{"PATH=/usr/bin:/bin"},
		Stdin: f.options.Terminal.In, Stdout: f.options.Terminal.Out, Stderr: f.options.Terminal.Err,
		ExtraFiles: []*os.File{theirs, f.lock}, SysProcAttr: &syscall.SysProcAttr{Setpgid: true},
	}
	if err := command.Start(); err != nil {
		return fault.Unable("starting the session's supervisor: %w", err)
	}
	f.child = command.Process.Pid
	f.changes = watchChildren()
	f.link.send(message{Kind: sayPlan, Plan: &f.plan}) // failed, the supervisor is gone: follow sees that
	return nil
}

// follow passes on signals until the supervisor says that all is over, or is
// gone itself.
func (f *front) follow() (Result, error) {
	messages := f.link.listen()
	signals := f.takeSignals()
	parent := watchParent()
	for {
		select {
		case m, ok := <-messages:
			switch {
			case !ok:
				return f.orphaned()
			case m.Kind == sayEnded:
				return f.ended(m)
			}
			f.hear(m)
		case got := <-signals:
			f.pass(got)
		case <-parent:
			f.end(ByParent)
		case one := <-f.changes:
			f.gone = f.gone || one.pid == f.child && !one.status.Stopped()
		}
	}
}

// takeSignals gives this process its own way with signals: one that asks for
// the end is passed to the supervisor. One that was ignored from the start, as
// nohup does with SIGHUP, stays so.
func (f *front) takeSignals() <-chan os.Signal {
	signals := make(chan os.Signal, 8)
	for _, one := range []os.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGCONT} {
		if !signal.Ignored(one) {
			signal.Reset(one)
			signal.Notify(signals, one)
		}
	}
	signal.Ignore(syscall.SIGTTOU) // or to take the terminal back would stop this process
	return signals
}

// pass decides what a signal means. ctrl-C in a session is the command's
// matter, but before there is a command it means the session.
func (f *front) pass(got os.Signal) {
	switch got {
	case syscall.SIGHUP:
		f.end(ByTerminal)
	case syscall.SIGTERM:
		f.end(BySignal)
	case syscall.SIGINT, syscall.SIGQUIT:
		if f.group == 0 {
			f.end(BySignal)
		}
	case syscall.SIGCONT:
		f.resume()
	}
}

func (f *front) end(why Reason) { f.link.send(message{Kind: sayEnd, Text: string(why)}) }

// hear takes a message of the supervisor.
func (f *front) hear(m message) {
	switch m.Kind {
	case sayStarted:
		f.group, f.vault = m.Group, m.Vault
		f.greet(m.Text)
	case sayNotice:
		f.say(m.Text)
	case sayStopped:
		f.stopped()
	}
}

// greet says on a terminal that the session is there.
func (f *front) greet(memory string) {
	if !f.plan.Interactive {
		return
	}
	f.say(fmt.Sprintf("session %s: Vault in memory until %s (%s)", sessionID(f.plan.Folder),
		time.Now().Add(f.plan.TTL).Format("15:04"), hours(f.plan.TTL)))
	if memory != "" {
		f.say(memory)
	}
}

// say writes one line to the person. The command may have left the cursor
// anywhere and the terminal in any mode.
func (f *front) say(text string) {
	before, after := "", "\n"
	if f.plan.Interactive {
		before, after = "\r", "\r\n"
	}
	fmt.Fprintf(f.options.Terminal.Err, "%sclawql-vault-session: %s%s", before, console.Clean(text), after)
}

// stopped does what ctrl-Z means: the command stands still, the terminal goes
// back to the shell outside, and this process stops so that the shell sees it.
// The supervisor does not stop, so the session's clock goes on. Where no shell
// would ever wake this process, the command goes on.
func (f *front) stopped() {
	if !f.plan.Interactive {
		return
	}
	if isSessionLeader() {
		f.link.send(message{Kind: sayResume})
		return
	}
	f.options.Terminal.give(syscall.Getpgrp())
	syscall.Kill(os.Getpid(), syscall.SIGSTOP)
}

// resume follows a `fg` or `bg` of the shell outside.
func (f *front) resume() {
	if f.group == 0 {
		return
	}
	if f.plan.Interactive && f.options.Terminal.inForeground() {
		f.options.Terminal.give(f.group)
	}
	f.link.send(message{Kind: sayResume})
}
