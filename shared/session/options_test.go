package session

import (
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
)

func TestCheckTTL(t *testing.T) {
	for ttl, good := range map[time.Duration]bool{
		time.Second: true, 4 * time.Hour: true, 90 * time.Minute: true,
		0: false, -time.Second: false, 999 * time.Millisecond: false, 1500 * time.Millisecond: false,
		4*time.Hour + time.Second: false, 1<<63 - 1: false, -1 << 63: false,
	} {
		if err := CheckTTL(ttl); (err == nil) != good {
			t.Errorf("%s: %v", ttl, err)
		}
	}
}

func TestHours(t *testing.T) {
	for d, want := range map[time.Duration]string{
		4 * time.Hour: "4h", 90 * time.Minute: "1h30m", 10 * time.Minute: "10m", time.Minute: "1m", 5 * time.Second: "5s",
		50 * time.Second: "50s", 20*time.Minute + 10*time.Second: "20m10s", time.Hour + 10*time.Second: "1h0m10s",
	} {
		if got := hours(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}

// As root, every process of the machine could read the session.
func TestRootIsRefusedUnlessAskedForInAContainer(t *testing.T) {
	for _, c := range []struct {
		uid              int
		asked, container bool
		good             bool
	}{
		{1000, false, false, true}, {1000, true, false, true}, {0, false, false, false},
		{0, false, true, false}, {0, true, false, false}, {0, true, true, true},
	} {
		if err := checkRoot(c.uid, c.asked, c.container); (err == nil) != c.good {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestCodes(t *testing.T) {
	for _, c := range []struct {
		reason  Reason
		command int
		want    int
	}{
		{ByCommand, 7, 7}, {ByCommand, 137, 137}, {ByTime, 129, fault.CodeInterrupted}, {ByStop, 0, fault.CodeInterrupted},
		{ByVault, 0, fault.CodeUnable}, {BySupervisor, 0, fault.CodeUnable}, {ByFailure, 0, fault.CodeUnable}, {ByTerminal, 0, fault.CodeInterrupted},
	} {
		if got := codeFor(c.reason, c.command); got != c.want {
			t.Errorf("%s, command %d: %d, want %d", c.reason, c.command, got, c.want)
		}
	}
}

// A session inside a session, or in a shell with a Vault of its own, must not
// lead its command to that one.
func TestEnvironmentLeadsToNoOtherVault(t *testing.T) {
	got := withoutVault([]string{"A=1", "VAULT_TOKEN=x", "VAULT_ADDR=y", "VAULT_SKIP_VERIFY=1", "BAO_TOKEN=z", EnvSocket + "=/old", "NOVAULT_X=2"})
	if len(got) != 2 || got[0] != "A=1" || got[1] != "NOVAULT_X=2" {
		t.Errorf("%q", got)
	}
}

func TestProblemKeepsKindAndHints(t *testing.T) {
	for _, err := range []error{fault.No("no").Hint("a").Hint("b"), fault.Usage("usage"), fault.Unable("unable").Hint("100%% sure")} {
		back := problemOf(err).err()
		if back.Error() != err.Error() || fault.Code(back) != fault.Code(err) || len(fault.Hints(back)) != len(fault.Hints(err)) {
			t.Errorf("%v became %v", err, back)
		}
	}
	if problemOf(nil).err() != nil {
		t.Error("no error became one")
	}
}
