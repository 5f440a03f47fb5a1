package changegate

import (
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/gate"
	"github.com/clawql/clawql-workbench/shared/gitrepo/gittest"
)

// attack is a way to get an unsigned, foreign-signed or unreviewed change past
// the gate. Attackers may write to the work tree, to .git and to the remote,
// and set variables; they have no key of somebody listed, unless it says so.
type attack struct {
	name    string
	do      func(t *testing.T, w *world)
	verdict gate.Verdict
	says    string
}

func TestAttacks(t *testing.T) {
	all := [][]attack{environmentAttacks, signatureAttacks, listAttacks, historyAttacks, workTreeAttacks, branchAttacks}
	for i, group := range all {
		for _, a := range group {
			t.Run(a.name, func(t *testing.T) {
				if i > 0 { // the first group changes the environment
					t.Parallel()
				}
				w := newWorld(t) // which passes: see TestHonestChanges
				a.do(t, w)
				must(t, w.ask(), a.verdict, a.says)
			})
		}
	}
}

var signatureAttacks = []attack{
	{"unsigned", func(t *testing.T, w *world) { w.commit("evil", nil) }, gate.Failed, "carries no signature"},
	{"signed by a stranger", func(t *testing.T, w *world) { w.commit("evil", w.mallory) }, gate.Failed, "is not among the allowed signers"},
	{"a stranger in a listed name", func(t *testing.T, w *world) {
		w.mallory.Name, w.mallory.Email = w.alice.Name, w.alice.Email
		w.commit("evil", w.mallory)
	}, gate.Failed, "is not among the allowed signers"},
	{"a listed key in another listed name", func(t *testing.T, w *world) {
		w.alice.Name, w.alice.Email = "bob", "bob@example.org"
		w.commit("evil", w.alice)
	}, gate.Failed, "its committer is bob@example.org"},
	{"signature of another commit", func(t *testing.T, w *world) {
		evil := w.Raw(w.Commit("evil", nil))
		head, rest, _ := strings.Cut(evil, "\n\n")
		w.store(head + "\n" + signatureOf(w.Raw(w.root)) + "\n" + rest)
	}, gate.Failed, "does not belong to its content"},
	{"message changed", func(t *testing.T, w *world) {
		w.store(strings.Replace(w.Raw("HEAD"), "more replicas", "less replicas", 1))
	}, gate.Failed, "does not belong to its content"},
	{"tree changed", func(t *testing.T, w *world) {
		tree := w.Git("rev-parse", "HEAD^{tree}")
		w.store(strings.Replace(w.Raw("HEAD"), tree, w.Git("rev-parse", w.root+"^{tree}"), 1))
	}, gate.Failed, "does not belong to its content"},
	{"second tree header", func(t *testing.T, w *world) {
		w.store(strings.Replace(w.Raw("HEAD"), "\ngpgsig", "\ntree "+w.Git("rev-parse", w.root+"^{tree}")+"\ngpgsig", 1))
	}, gate.CouldNotRun, "second \"tree\" header"},
	{"two signatures", func(t *testing.T, w *world) {
		raw := w.Raw("HEAD")
		w.store(strings.Replace(raw, "\n\n", "\n"+signatureOf(w.Raw(w.root))+"\n", 1))
	}, gate.Failed, "more than one signature"},
	{"second signature under the other name", func(t *testing.T, w *world) {
		w.store(strings.Replace(w.Raw("HEAD"), "\ngpgsig ", "\ngpgsig-sha256 x\ngpgsig ", 1))
	}, gate.Failed, `git would look under "gpgsig"`},
	{"signed for something else", func(t *testing.T, w *world) {
		w.store(signAs(t, w.Raw(w.Commit("evil", nil)), w.bob, "file"))
	}, gate.Failed, `was made for "file"`},
	{"OpenPGP", func(t *testing.T, w *world) {
		raw := strings.ReplaceAll(w.Raw("HEAD"), "SSH SIGNATURE", "PGP SIGNATURE")
		w.store(raw)
	}, gate.Failed, "signed with OpenPGP"},
	{"X.509", func(t *testing.T, w *world) {
		w.store(strings.ReplaceAll(w.Raw("HEAD"), "SSH SIGNATURE", "SIGNED MESSAGE"))
	}, gate.Failed, "signed with X.509"},
	{"short RSA key, listed", func(t *testing.T, w *world) {
		weak := gittest.NewKey(t, "weak", "-t", "rsa", "-b", "1024")
		w.list(w.alice, weak)
		w.commit("admit", w.alice)
		w.commit("evil", weak)
	}, gate.Failed, "RSA key has 1024 bits"},
	{"expired key", func(t *testing.T, w *world) {
		w.Write(DefaultSigners, gittest.Signers(w.alice)+w.mallory.Email+" valid-before=\"20200101\" "+w.mallory.Public+"\n")
		w.commit("mallory left", w.alice)
		w.commit("evil", w.mallory)
	}, gate.Failed, "counted until"},
	{"expired key, commit dated back", func(t *testing.T, w *world) {
		w.Write(DefaultSigners, gittest.Signers(w.alice)+w.mallory.Email+" valid-before=\"20200101\" "+w.mallory.Public+"\n")
		w.commit("mallory left", w.alice)
		w.Env = []string{"GIT_COMMITTER_DATE=2019-12-31T00:00:00Z", "GIT_AUTHOR_DATE=2019-12-31T00:00:00Z"}
		w.commit("evil", w.mallory)
	}, gate.Failed, "before the commit that it builds on"},
	{"commit from the future", func(t *testing.T, w *world) {
		w.Env = []string{"GIT_COMMITTER_DATE=" + time.Now().Add(48*time.Hour).Format(time.RFC3339)}
		w.commit("evil", w.alice)
	}, gate.Failed, "in the future"},
	{"key listed for other things only", func(t *testing.T, w *world) {
		w.Write(DefaultSigners, gittest.Signers(w.alice)+w.mallory.Email+" namespaces=\"file\" "+w.mallory.Public+"\n")
		w.commit("mallory signs files", w.alice)
		w.commit("evil", w.mallory)
	}, gate.Failed, `listed for "file" only`},
	{"certificate of a listed authority", func(t *testing.T, w *world) {
		w.Write(DefaultSigners, gittest.Signers(w.alice)+"*@example.org cert-authority "+w.bob.Public+"\n")
		w.commit("trust an authority", w.alice)
		run(t, "ssh-keygen", "-q", "-s", w.bob.Path, "-I", "m", "-n", w.mallory.Email, w.mallory.Path+".pub")
		w.mallory.Path += "-cert.pub"
		w.Env = []string{"SSH_AUTH_SOCK=" + agent(t, strings.TrimSuffix(w.mallory.Path, "-cert.pub"))}
		w.commit("evil", w.mallory)
	}, gate.Failed, "certificate"},
}
