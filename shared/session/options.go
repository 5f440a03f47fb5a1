package session

import (
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/vault"
)

// LongestTTL is how long a session may live, from the curriculum: external
// keys exist on a workstation only with a life of four hours. There is no
// renewal.
const LongestTTL = 4 * time.Hour

// The environment variables that a session gives to its command.
const (
	EnvSocket  = "CLAWQL_VAULT_SESSION" // path of the control socket
	EnvAddress = "VAULT_ADDR"
	EnvConfig  = "VAULT_CONFIG_PATH"
)

// Options are what a person asks for.
type Options struct {
	TTL       time.Duration // 1 s to LongestTTL
	Command   []string      // empty: the user's shell
	StateDir  string        // absolute; the project's identity
	Project   string        // absolute folder, for messages
	Policies  []vault.Policy
	AllowRoot bool
	AuditFile string // absolute, "" none: entries are added to it as they come
	Terminal  Terminal
	Environ   []string
}

// CheckTTL refuses lives that are not whole seconds between 1 s and
// LongestTTL.
func CheckTTL(ttl time.Duration) error {
	switch {
	case ttl < time.Second || ttl%time.Second != 0:
		return fault.Usage("--ttl %s: allowed are whole seconds from 1s to %s", ttl, hours(LongestTTL))
	case ttl > LongestTTL:
		return fault.Usage("--ttl %s is longer than %s, and a session cannot be renewed", hours(ttl), hours(LongestTTL)).
			Hint("start a new session when this one is over")
	}
	return nil
}

// hours writes 4h0m0s as 4h.
func hours(d time.Duration) string {
	text := d.String()
	for _, tail := range []string{"0s", "0m"} {
		if rest := text[:max(0, len(text)-len(tail))]; len(rest) > 0 && text[len(rest):] == tail && !digit(rest[len(rest)-1]) {
			text = rest
		}
	}
	return text
}

func digit(b byte) bool { return b >= '0' && b <= '9' }

// plan is what the front hands to the supervisor. It holds nothing secret but
// whatever the user's own environment holds, and goes over a socket pair.
type plan struct {
	TTL         time.Duration
	Argv        []string
	Program     string // absolute path of Argv[0]
	Environ     []string
	Folder      string // the session's own, already made and locked by the front
	Project     string
	StateDir    string
	Policies    []vault.Policy
	AuditFile   string
	Binary      vault.Binary
	Self        string // path of this program, for the token helper
	Interactive bool   // the command gets the terminal and a process group of its own
	Group       int    // process group of the front
}
