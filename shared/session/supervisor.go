package session

import (
	"context"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/vault"
)

// Descriptors that the front hands to the supervisor.
const (
	frontDescriptor = 3
	lockDescriptor  = 4
)

// supervisor holds the tokens of one session. Its loop alone starts and ends
// processes; the handlers of the control socket run beside it and read only
// what is set before the socket opens.
type supervisor struct {
	plan    plan
	streams console.Streams
	front   *link
	launch  launcher
	changes <-chan change

	started  time.Time     // wall clock, for people
	deadline time.Duration // boot clock, decides
	locked   bool          // this process's memory is
	server   *server
	vault    *vault.Ready
	control  *http.Server
	command  int // process id, 0 before it runs
	status   syscall.WaitStatus
	ended    bool // the command has

	stops chan struct{} // a request to stop came over the control socket
	door  *http.Server  // VAULT_ADDR
	books books
	known liveness
	share share
}

// Supervise is the supervisor's process: it serves the session that the front
// at descriptor 3 asks for, and returns when all of it is over.
func Supervise(streams console.Streams) error {
	syscall.CloseOnExec(lockDescriptor)
	front, err := newLink(os.NewFile(frontDescriptor, "front"))
	if err != nil {
		return err
	}
	messages := front.listen()
	first, ok := <-messages
	if !ok || first.Plan == nil {
		return fault.Unable("starting the session: %w", errNoPlan)
	}
	s := &supervisor{
		plan: *first.Plan, streams: streams, front: front, launch: newLauncher(), started: time.Now(),
		deadline: bootTime() + first.Plan.TTL, stops: make(chan struct{}, 1),
	}
	s.run(messages)
	return nil
}

// run is the life of the session, from the start to the last message.
func (s *supervisor) run(messages <-chan message) {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGTTOU)
	s.changes = watchChildren()
	reason, err := s.live(messages, signals)
	left := s.end(reason)
	s.front.send(message{
		Kind: sayEnded, Reason: reason, Fault: problemOf(err), Left: left,
		Code: codeFor(reason, exitCode(s.status)), Text: s.farewell(),
	})
}

// events are what the supervisor waits for.
type events struct {
	booted   <-chan bootResult
	messages <-chan message
	signals  <-chan os.Signal
	warnings <-chan string
	expired  <-chan struct{}
}

// live brings the session up and waits for a reason to end it.
func (s *supervisor) live(messages <-chan message, signals <-chan os.Signal) (Reason, error) {
	if err := s.secure(); err != nil {
		return ByFailure, err
	}
	expired, err := alarm(s.deadline)
	if err != nil {
		return ByFailure, fault.Unable("setting the clock for the session's end: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), bootTimeout)
	defer cancel()
	booted, err := s.boot(ctx)
	if err != nil {
		return ByFailure, err
	}
	all := events{booted, messages, signals, s.warnings(), expired}
	for {
		if reason, err := s.attend(all); reason != "" {
			return reason, err
		}
	}
}

// secure closes this process to others before it holds anything, and opens the
// audit file.
func (s *supervisor) secure() error {
	if err := harden(); err != nil {
		return fault.Unable("closing this process to cores and tracers: %w", err)
	}
	s.locked = lockMemory()
	if s.plan.AuditFile == "" {
		return nil
	}
	file, err := openBooks(s.plan.AuditFile)
	s.books.file = file
	return err
}

// attend waits for one event; a reason ends the session.
func (s *supervisor) attend(all events) (Reason, error) {
	select {
	case came := <-all.booted:
		return s.booted(came)
	case one := <-s.changes:
		return s.changed(one)
	case m, ok := <-all.messages:
		return s.hear(m, ok), nil
	case got := <-all.signals:
		return reasonOf(got), nil
	case text := <-all.warnings:
		s.front.send(message{Kind: sayNotice, Text: text})
		return "", nil
	case <-s.stops:
		return ByStop, nil
	case <-all.expired:
		return ByTime, nil
	}
}

// booted opens the session when Vault is ready.
func (s *supervisor) booted(came bootResult) (Reason, error) {
	if came.err != nil {
		return ByFailure, came.err
	}
	s.vault = came.ready
	if err := s.open(); err != nil {
		return ByFailure, err
	}
	return "", nil
}

// changed takes the news of a child.
func (s *supervisor) changed(one change) (Reason, error) {
	switch {
	case s.server != nil && one.pid == s.server.pid && !one.status.Stopped():
		return s.serverEnded(one)
	case one.pid != s.command || s.command == 0:
		return "", nil // an orphan that came to this process
	case one.status.Stopped():
		s.front.send(message{Kind: sayStopped})
		return "", nil
	}
	s.note(one)
	return ByCommand, nil
}

// note keeps how the command ended.
func (s *supervisor) note(one change) {
	if one.pid == s.command && !one.status.Stopped() {
		s.status, s.ended = one.status, true
	}
}

// hear takes a message of the front; no message any more means it is gone.
func (s *supervisor) hear(m message, ok bool) Reason {
	switch {
	case !ok:
		return ByFront
	case m.Kind == sayEnd:
		return Reason(m.Text)
	case m.Kind == sayResume && s.command != 0:
		target := s.command
		if s.plan.Interactive {
			target = -s.command
		}
		syscall.Kill(target, syscall.SIGCONT)
	}
	return ""
}

func reasonOf(got os.Signal) Reason {
	switch got {
	case syscall.SIGHUP:
		return ByTerminal
	case syscall.SIGTERM, syscall.SIGINT:
		return BySignal
	}
	return "" // SIGTTOU: caught so that children do not inherit it ignored
}

// end ends everything, Vault first: from then on no token is worth anything.
func (s *supervisor) end(reason Reason) []int {
	for _, one := range append([]*http.Server{s.control, s.door}, s.share.close()...) {
		if one != nil {
			one.Close()
		}
	}
	s.endVault(reason)
	left := ender{nil, s.changes, s.note}.end()
	removeFolder(s.plan.Folder)
	return left
}

// path is a file in the session's folder.
func (s *supervisor) path(name string) string { return filepath.Join(s.plan.Folder, name) }
