package session

import (
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Reason says why a session ended.
type Reason string

// The reasons.
const (
	ByCommand    Reason = "command"    // the command ended by itself
	ByTime       Reason = "time"       // the TTL is over
	ByStop       Reason = "stop"       // `clawql-vault-session stop`
	BySignal     Reason = "signal"     // SIGTERM or SIGINT to the front or the supervisor
	ByTerminal   Reason = "terminal"   // SIGHUP: the terminal closed
	ByParent     Reason = "parent"     // the process that started the session is gone
	ByFront      Reason = "front"      // the front was killed
	ByVault      Reason = "vault"      // Vault ended by itself or was killed
	BySupervisor Reason = "supervisor" // the supervisor was killed
	ByFailure    Reason = "failure"    // the session could not start
)

// Result is how a session ended.
type Result struct {
	Code   int // exit code for the caller, see Code
	Reason Reason
	Left   []int // processes that could not be ended: they belong to another user
}

// codeFor: the command's own code where it ended by itself, 3 where something
// broke, 130 where the session was ended from outside.
func codeFor(reason Reason, command int) int {
	switch reason {
	case ByCommand:
		return command
	case ByVault, BySupervisor, ByFailure:
		return fault.CodeUnable
	}
	return fault.CodeInterrupted
}

// sentence tells a person why the session ended; a command that ended by
// itself needs no word.
func (r Reason) sentence(ttl time.Duration) string {
	switch r {
	case ByTime:
		return "the session's " + hours(ttl) + " are over"
	case ByStop:
		return "the session was stopped"
	case BySignal:
		return "the session was ended by a signal"
	case ByTerminal:
		return "the terminal closed"
	case ByParent:
		return "the process that started the session is gone"
	case ByFront:
		return "the session's front was killed"
	case ByVault:
		return "the session's Vault ended unexpectedly"
	case BySupervisor:
		return "the session's supervisor was killed"
	}
	return ""
}
