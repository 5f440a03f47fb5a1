package signsetup

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/commitverify"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/gitrepo/gittest"
	"github.com/clawql/clawql-workbench/shared/sshsign/fidotest"
)

// asSetup makes the test binary a setup of the current folder, for tests that
// kill it.
const asSetup = "SIGNSETUP_TEST_SETUP"

func TestMain(m *testing.M) {
	if os.Getenv(asSetup) != "" {
		plan, err := Make(context.Background(), Options{Resident: true})
		if err == nil {
			_, err = plan.Apply(context.Background(), quiet())
		}
		os.Exit(fault.Code(err))
	}
	remove := gittest.Isolate()
	code := m.Run()
	remove()
	os.Exit(code)
}

func quiet() console.Streams {
	return console.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}
}

// desk is a person's machine with a token and a repository.
type desk struct {
	*gittest.Repo
	t     *testing.T
	token *fidotest.Token
	home  string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, token: fidotest.New(t), home: t.TempDir()}
	for _, kv := range append([]string{"HOME=" + d.home, "XDG_CONFIG_HOME=" + d.home + "/.config", "SSH_AUTH_SOCK=", "GIT_CONFIG_NOSYSTEM=1"}, d.token.Env...) {
		name, value, _ := strings.Cut(kv, "=")
		t.Setenv(name, value)
	}
	d.Repo = gittest.New(t)
	d.As("Ann", "ann@example.org")
	return d
}

func (d *desk) setup(o Options) (*Plan, *Key) {
	d.t.Helper()
	o.Dir = d.Dir
	plan, err := Make(d.t.Context(), o)
	if err != nil {
		d.t.Fatal(err)
	}
	key, err := plan.Apply(d.t.Context(), quiet())
	if err != nil {
		d.t.Fatal(err)
	}
	return plan, key
}

func (d *desk) refused(o Options) error {
	d.t.Helper()
	o.Dir = d.Dir
	_, err := Make(d.t.Context(), o)
	if err == nil {
		d.t.Error("a plan was made")
	}
	return err
}

// done sees that a second setup has nothing to do.
func (d *desk) done(o Options) {
	d.t.Helper()
	o.Dir = d.Dir
	plan, err := Make(d.t.Context(), o)
	if err != nil || plan.Changes() {
		d.t.Errorf("a second setup would do more: %+v, %v", plan, err)
	}
}

// commits makes a commit as git is configured, and verifies it.
func (d *desk) commits() *commitverify.Report {
	d.t.Helper()
	d.Git("add", "-A")
	d.Git("commit", "-q", "--allow-empty", "-m", "signed")
	report, err := commitverify.Verify(d.t.Context(), gitchange.In(d.Dir), commitverify.Options{Revisions: []string{"HEAD"}})
	if err != nil {
		d.t.Fatal(err)
	}
	if git := d.Git("log", "-1", "--format=%G?"); git != "G" && len(report.Refused) == 0 {
		d.t.Errorf("we accept, git says %s", git)
	}
	return report
}

func (d *desk) states(test bool) map[string]State {
	d.t.Helper()
	items, err := Status(d.t.Context(), d.Dir, test, time.Now())
	if err != nil {
		d.t.Fatal(err)
	}
	all := map[string]State{}
	for _, one := range items {
		all[one.ID] = one.State
		if (one.State == Fail) != (one.Fix != "") && one.State != Unknown {
			d.t.Errorf("%s is %s, its fix is %q", one.ID, one.State, one.Fix)
		}
	}
	return all
}

func TestFromNothingToASignedCommit(t *testing.T) {
	d := newDesk(t)
	before := d.states(false)
	if before["format"] != Fail || before["key"] != Fail || before["listed"] != Fail {
		t.Errorf("before: %v", before)
	}
	_, key := d.setup(Options{})
	if key.Kind != FIDO || !strings.HasPrefix(key.Path, filepath.Join(d.home, ".ssh")) {
		t.Errorf("%+v", key)
	}
	d.done(Options{})
	report := d.commits()
	if len(report.Refused) > 0 || len(report.Signers) != 1 || !report.Signers[0].UserVerified {
		t.Errorf("%+v", report)
	}
	after := d.states(true)
	for id, state := range after {
		if want := map[string]State{"attestation": Unknown, "touch": Unknown}[id]; state != OK && state != want {
			t.Errorf("%s is %s", id, state)
		}
	}
	d.Write(".clawql/attestations/roots.pem", string(d.token.Roots))
	if got := d.states(false)["attestation"]; got != OK {
		t.Errorf("with the maker's root the attestation is %s", got)
	}
	d.Write(".clawql/attestations/roots.pem", string(fidotest.New(t).Roots))
	if got := d.states(false)["attestation"]; got != Fail {
		t.Errorf("with another maker's root the attestation is %s", got)
	}
}

func TestTokenWithoutEd25519(t *testing.T) {
	d := newDesk(t)
	t.Setenv("FIDO_ECDSA_ONLY", "1")
	_, key := d.setup(Options{})
	if key.Public.Type() != "sk-ecdsa-sha2-nistp256@openssh.com" || !strings.HasSuffix(key.Path, "id_ecdsa_sk_clawql.pub") {
		t.Errorf("%s at %s", key.Public.Type(), key.Path)
	}
	d.done(Options{})
	if report := d.commits(); len(report.Refused) > 0 {
		t.Errorf("%+v", report.Refused)
	}
}

func TestWrongPINLeavesNothing(t *testing.T) {
	d := newDesk(t)
	t.Setenv("FIDO_PIN", "other")
	plan, err := Make(t.Context(), Options{Dir: d.Dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.Apply(t.Context(), quiet()); fault.Code(err) != fault.CodeUnable {
		t.Errorf("%v", err)
	}
	if out, _ := d.Try("config", "--local", "gpg.format"); out != "" || exists(d.Dir+"/.clawql") {
		t.Error("half a setup was left")
	}
	t.Setenv("FIDO_PIN", fidotest.PIN)
	d.setup(Options{})
	d.done(Options{})
}

func TestOneThatIsThereIsTaken(t *testing.T) {
	d := newDesk(t)
	path := d.token.NewKey(t, "ed25519", "-O", "verify-required")
	if err := os.MkdirAll(d.home+"/.ssh", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", ".pub"} {
		if err := os.Link(path+suffix, d.home+"/.ssh/id_mine"+suffix); err != nil {
			t.Fatal(err)
		}
	}
	plan, key := d.setup(Options{})
	if key.Path != d.home+"/.ssh/id_mine.pub" || len(plan.Warnings) != 1 || !strings.Contains(plan.Warnings[0], "no attestation") {
		t.Errorf("%+v, %q", key, plan.Warnings)
	}
	_, second := d.setup(Options{New: true})
	if second.Path == key.Path {
		t.Error("--new made none")
	}
	d.commits()
	if signed := d.states(false)["key"]; signed != OK {
		t.Error("the new key is not the one in use")
	}
}

func TestKeyOfTheAgent(t *testing.T) {
	d := newDesk(t)
	path := d.token.NewKey(t, "ed25519")
	d.agent()
	if out, err := exec.Command("ssh-add", "-S", d.token.Library, path).CombinedOutput(); err != nil {
		t.Fatalf("ssh-add: %v: %s", err, out)
	}
	if err := os.RemoveAll(filepath.Dir(path)); err != nil { // as in a container: no file of it
		t.Fatal(err)
	}
	t.Setenv("SSH_SK_PROVIDER", "")
	t.Setenv("CODESPACES", "true")
	_, key := d.setup(Options{})
	if signing := d.Git("config", "user.signingkey"); signing != "key::"+key.Line() || key.Path != "" {
		t.Errorf("user.signingkey is %q", signing)
	}
	d.done(Options{})
	report := d.commits() // the key asks for no PIN: main wants one, other branches do not
	if reasons := report.Refused; len(reasons) != 1 || reasons[0].Reason != "no user verified" {
		t.Errorf("%+v", reasons)
	}
	d.Git("checkout", "-q", "-b", "work")
	if got := d.states(true); got["present"] != OK || got["test"] != OK || got["head"] != OK {
		t.Errorf("%v", got)
	}
}

// agent starts a real ssh-agent, which ends with the test.
func (d *desk) agent() {
	d.t.Helper()
	socket := filepath.Join(d.t.TempDir(), "agent")
	agent := exec.Command("ssh-agent", "-D", "-a", socket, "-P", d.token.Dir+"/*")
	if err := agent.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = agent.Process.Kill(); _ = agent.Wait() })
	for deadline := time.Now().Add(5 * time.Second); !exists(socket) && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
	}
	d.t.Setenv("SSH_AUTH_SOCK", socket)
}

// A key of a card (here by its name only) is taken where there is no FIDO key,
// and it is said that the policy has to admit it; once it does, it signs.
func TestKeyOfACard(t *testing.T) {
	d := newDesk(t)
	d.agent()
	path := filepath.Join(t.TempDir(), "card")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-C", "PIV AUTH pubkey", "-f", path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := exec.Command("ssh-add", "-q", path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	plan, key := d.setup(Options{})
	if key.Kind != Card || len(plan.Warnings) != 1 || !strings.Contains(plan.Warnings[0], "signing: {admit: [{key: "+key.Fingerprint()) {
		t.Errorf("%+v, %q", key, plan.Warnings)
	}
	if report := d.commits(); len(report.Refused) != 1 || report.Refused[0].Reason != "no hardware key" {
		t.Errorf("%+v", report.Refused)
	}
	d.Write("clawql.yaml", "apiVersion: clawql.io/v1alpha1\nkind: Project\nenvironments: {production: {context: ctx, namespace: clawql, overlay: o}}\n"+
		"signing:\n  admit: [{key: '"+key.Fingerprint()+"', reason: the card of ann is a PIV card, owner: a, expires: 2999-01-01}]\n")
	d.Git("add", "-A")
	d.Git("commit", "-q", "--amend", "-m", "admitted")
	report, err := commitverify.Verify(t.Context(), gitchange.In(d.Dir), commitverify.Options{Revisions: []string{"HEAD"}})
	if err != nil || len(report.Refused) > 0 || !report.Signers[0].Admitted {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestContainerWithoutAgentSaysHow(t *testing.T) {
	d := newDesk(t)
	t.Setenv("SSH_SK_PROVIDER", "")
	t.Setenv("CODESPACES", "true")
	if reachable := tokenReachable(); reachable {
		t.Skip("a token can be plugged in here")
	}
	err := d.refused(Options{})
	if fault.Code(err) != fault.CodeUsage || !strings.Contains(err.Error(), "a codespace") || len(fault.Hints(err)) < 3 {
		t.Errorf("%v %q", err, fault.Hints(err))
	}
}

func TestSoftwareKeys(t *testing.T) {
	d := newDesk(t)
	key := gittest.NewKey(t, "ann")
	if err := os.WriteFile(key.Path+".pub", []byte(key.Public+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.refused(Options{Key: key.Path}); fault.Code(err) != fault.CodeUsage {
		t.Error(err)
	}
	plan, _ := d.setup(Options{Key: key.Path + ".pub", AllowSoftware: true})
	if len(plan.Warnings) != 1 || !strings.Contains(plan.Warnings[0], "default policy refuses") {
		t.Errorf("%q", plan.Warnings)
	}
	d.done(Options{Key: key.Path, AllowSoftware: true})
	if report := d.commits(); len(report.Refused) != 1 || report.Refused[0].Reason != "no hardware key" {
		t.Errorf("the default policy accepts software: %+v", report.Refused)
	}
	if got := d.states(true); got["key"] != Fail || got["head"] != Fail || got["test"] != OK {
		t.Errorf("%v", got)
	}
}

func TestWhatAPersonHadStays(t *testing.T) {
	d := newDesk(t)
	d.Git("config", "gpg.ssh.program", "/opt/1Password/op-ssh-sign")
	d.Git("config", "gpg.format", "openpgp")
	d.Write(".clawql/allowed_signers", "# team\nbob@example.org "+gittest.NewKey(t, "bob").Public) // no line feed at its end
	plan, err := Make(t.Context(), Options{Dir: d.Dir, Program: "/usr/bin/git-clawql-hooks"})
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, step := range plan.Steps {
		text += step.Text + "\n"
	}
	if !strings.Contains(text, "gpg.format = ssh   (was openpgp)") || strings.Contains(text, "gpg.ssh.program") || len(plan.Warnings) != 1 {
		t.Errorf("%s%q", text, plan.Warnings)
	}
	if _, err := plan.Apply(t.Context(), quiet()); err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadFile(d.Dir + "/.clawql/allowed_signers")
	if err != nil || strings.Count(string(list), "\n") != 3 || !strings.HasPrefix(string(list), "# team\nbob@") {
		t.Errorf("%s, %v", list, err)
	}
	if got := d.Git("config", "gpg.ssh.program"); got != "/opt/1Password/op-ssh-sign" {
		t.Error(got)
	}
}

func TestGlobal(t *testing.T) {
	d := newDesk(t)
	d.Git("config", "--global", "user.email", "ann@example.org")
	_, key := d.setup(Options{Global: true, Resident: true})
	if exists(d.Dir+"/.clawql") || d.Git("config", "--global", "commit.gpgSign") != "true" {
		t.Error("a global setup wrote into the repository, or not into the global file")
	}
	d.done(Options{Global: true})
	d.Git("commit", "-q", "--allow-empty", "-m", "signed")
	if got := d.Git("log", "-1", "--format=%G? %GK"); got != "G "+key.Fingerprint() {
		t.Error(got)
	}
}

func TestFromToken(t *testing.T) {
	d := newDesk(t)
	_, made := d.setup(Options{Resident: true})
	if err := os.RemoveAll(d.home + "/.ssh"); err != nil { // a new machine
		t.Fatal(err)
	}
	_, loaded := d.setup(Options{Download: true})
	if loaded.Fingerprint() != made.Fingerprint() {
		t.Errorf("%+v, made %+v", loaded, made)
	}
	d.done(Options{})
	if report := d.commits(); len(report.Refused) > 0 {
		t.Errorf("%+v", report.Refused)
	}
}

func TestListThatGitIgnores(t *testing.T) {
	d := newDesk(t)
	d.Write(".gitignore", ".clawql\n")
	if plan, _ := d.setup(Options{}); len(plan.Warnings) != 1 || !strings.Contains(plan.Warnings[0], "git ignores .clawql/allowed_signers") {
		t.Errorf("%q", plan.Warnings)
	}
}

func TestWithoutEmailOrRepository(t *testing.T) {
	d := newDesk(t)
	d.Git("config", "--unset", "user.email")
	if err := d.refused(Options{}); !strings.Contains(err.Error(), "user.email") {
		t.Error(err)
	}
	if _, err := Make(t.Context(), Options{Dir: t.TempDir()}); fault.Code(err) != fault.CodeUsage {
		t.Error(err)
	}
}
