package signsetup

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/sshsign"
)

// Whatever the moment of a kill -9, what is left can be read, nothing of it is
// half done, and the next setup completes it.
func TestKilledAtAnyMoment(t *testing.T) {
	d := newDesk(t)
	whole := time.Now()
	d.setupProcess(t, 0)
	took := time.Since(whole)
	moments := time.Duration(8)
	if strings.Contains(os.Getenv("CLAWQL_REQUIRE"), "fido") {
		moments = 32
	}
	for n := range moments {
		d := newDesk(t)
		before, err := os.ReadFile(d.Dir + "/.git/config")
		if err != nil {
			t.Fatal(err)
		}
		d.setupProcess(t, took*(n+1)/moments)
		d.halfDone(t, string(before))
		d.setup(Options{Resident: true})
		d.done(Options{})
		if report := d.commits(); len(report.Refused) > 0 {
			t.Errorf("killed at %d: %+v", n, report.Refused)
		}
		for _, left := range []string{d.home + "/.ssh/.clawql-enrolment", d.Dir + "/.git/config.clawql", d.Dir + "/.clawql/allowed_signers.clawql"} {
			if exists(left) {
				t.Errorf("killed at %d: %s was left", n, left)
			}
		}
	}
}

// setupProcess runs a setup in a process of its own, and kills it after a while.
func (d *desk) setupProcess(t *testing.T, after time.Duration) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Dir, c.Env = d.Dir, append(os.Environ(), asSetup+"=1")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if after > 0 {
		time.Sleep(after)
		_ = c.Process.Kill()
	}
	if err := c.Wait(); err != nil && after == 0 {
		t.Fatal(err)
	}
}

// halfDone looks for settings of which some are made and some are not, and for
// a list or a record that cannot be read.
func (d *desk) halfDone(t *testing.T, before string) {
	t.Helper()
	after, err := os.ReadFile(d.Dir + "/.git/config")
	if err != nil {
		t.Fatal(err)
	}
	if string(after) != before && !(strings.Contains(string(after), "signingkey") && strings.Contains(string(after), "[tag]")) {
		t.Errorf("some settings were made, not all:\n%s", after)
	}
	if exists(d.Dir + "/.git/config.lock") {
		t.Error("git's lock was left")
	}
	if _, _, err := readList(d.Dir + "/.clawql/allowed_signers"); err != nil {
		t.Error(err)
	}
	if strings.Contains(string(after), "signingkey") {
		if _, list, _ := readList(d.Dir + "/.clawql/allowed_signers"); list == nil {
			t.Error("git signs, and nobody is listed")
		}
	}
}

// An enrolment that was whole is taken up again: no second touch.
func TestEnrolmentIsTakenUpAgain(t *testing.T) {
	d := newDesk(t)
	plan, err := Make(t.Context(), Options{Dir: d.Dir})
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := plan.lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.lock(); fault.Code(err) != fault.CodeUnable {
		t.Errorf("two setups make a key at once: %v", err)
	}
	if err := plan.makeOnToken(t.Context(), quiet()); err != nil {
		t.Fatal(err)
	}
	made, err := readPublic(plan.at(enrolledKey + ".pub"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Link(plan.at(enrolledKey), plan.target); err != nil { // killed between the two links
		t.Fatal(err)
	}
	unlock()
	_, key := d.setup(Options{})
	if key.Fingerprint() != made.Fingerprint() || !strings.HasSuffix(key.Path, "/id_ed25519_sk_clawql.pub") {
		t.Errorf("%s at %s, made %s", key.Fingerprint(), key.Path, made.Fingerprint())
	}
	d.done(Options{})
}

func TestConfigurationThatIsLockedOrChanges(t *testing.T) {
	d := newDesk(t)
	config := d.Dir + "/.git/config"
	before, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	d.Write(".git/config.lock", "")
	err = writeConfig(t.Context(), config, []pair{{"gpg.format", "ssh"}})
	if fault.Code(err) != fault.CodeUnable || len(fault.Hints(err)) == 0 {
		t.Error(err)
	}
	if err := os.Remove(config + ".lock"); err != nil {
		t.Fatal(err)
	}
	d.Write(".git/config.clawql", "draft")
	if err := exchange(config, config+".clawql", []byte("what stood there")); fault.Code(err) != fault.CodeUnable {
		t.Error(err)
	}
	after, err := os.ReadFile(config)
	if err != nil || string(after) != string(before) || exists(config+".lock") {
		t.Error("it was changed, or the lock was left")
	}
}

func TestConfigurationThatIsALink(t *testing.T) {
	d := newDesk(t)
	config := d.Dir + "/.git/config"
	if err := os.Rename(config, d.Dir+"/elsewhere"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(d.Dir+"/elsewhere", config); err != nil {
		t.Fatal(err)
	}
	if err := writeConfig(t.Context(), config, []pair{{"gpg.format", "ssh"}}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(config); err != nil || info.Mode()&os.ModeSymlink == 0 || d.Git("config", "gpg.format") != "ssh" {
		t.Error("the link was replaced by a file")
	}
}

func TestListThatCannotBeReadIsLeftAlone(t *testing.T) {
	d := newDesk(t)
	d.Write(".clawql/allowed_signers", "rubbish")
	if err := d.refused(Options{}); fault.Code(err) != fault.CodeUsage {
		t.Error(err)
	}
	if _, err := sshsign.ParseAllowedSigners("x", []byte("rubbish")); err == nil {
		t.Error("the case is none")
	}
}
