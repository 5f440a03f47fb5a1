package changegate

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/clawql/clawql-workbench/shared/gate"
	"github.com/clawql/clawql-workbench/shared/gitrepo/gittest"
)

var listAttacks = []attack{
	{"the commit admits its own signer", func(t *testing.T, w *world) {
		w.list(w.alice, w.bob, w.mallory)
		w.commit("evil", w.mallory)
	}, gate.Failed, "is not among the allowed signers as of commit"},
	{"an unsigned commit admits the next one's signer", func(t *testing.T, w *world) {
		w.list(w.alice, w.bob, w.mallory)
		w.commit("admit", nil)
		w.commit("evil", w.mallory)
	}, gate.Failed, "changed .clawql/allowed_signers, but it carries no signature"},
	{"the newcomer signs the admission, others go on", func(t *testing.T, w *world) {
		w.list(w.alice, w.bob, w.mallory)
		w.commit("admit", w.mallory)
		w.commit("honest", w.alice)
	}, gate.Failed, "changed .clawql/allowed_signers"},
	{"admission hidden in a merge that nobody signed", func(t *testing.T, w *world) {
		w.Git("checkout", "-q", "-b", "feature")
		w.list(w.alice, w.bob, w.mallory)
		w.Commit("admit", w.mallory)
		w.Git("checkout", "-q", "main")
		w.Merge("feature", nil)
		w.commit("evil", w.mallory)
	}, gate.Failed, "changed .clawql/allowed_signers, but it carries no signature"},
	{"removed signer", func(t *testing.T, w *world) {
		w.list(w.alice)
		w.commit("bob left", w.alice)
		w.commit("evil", w.bob)
	}, gate.Failed, "is not among the allowed signers"},
	{"removed signer on the commit that puts him back", func(t *testing.T, w *world) {
		w.list(w.alice)
		w.policy.LastDeployed = w.commit("bob left", w.alice)
		w.list(w.alice, w.bob)
		w.commit("evil", w.bob)
	}, gate.Failed, "is not among the allowed signers"},
	{"removed signer merges the removal away", func(t *testing.T, w *world) {
		w.Git("checkout", "-q", "-b", "mine")
		w.Write("mine", "1")
		w.Commit("mine", w.bob)
		w.Git("checkout", "-q", "main")
		w.list(w.alice)
		w.commit("bob left", w.alice)
		w.Git("checkout", "-q", "mine")
		w.Merge("main", w.bob, "-s", "ours")
		w.push()
	}, gate.Failed, "is not among the allowed signers"},
	{"a sock puppet brought in before the removal was merged away", func(t *testing.T, w *world) {
		w.Git("checkout", "-q", "-b", "mine")
		w.list(w.alice, w.bob, w.mallory)
		w.Commit("sock", w.bob)
		w.Git("checkout", "-q", "main")
		w.list(w.alice)
		w.commit("bob left", w.alice)
		w.Git("checkout", "-q", "mine")
		w.Merge("main", w.mallory, "-s", "ours")
		w.commit("evil", w.mallory)
	}, gate.Failed, "is not among the allowed signers"},
	{"deployed main on the second side of a merge from before the removal", func(t *testing.T, w *world) {
		w.list(w.alice)
		w.policy.LastDeployed = w.commit("bob left", w.alice)
		w.Git("checkout", "-q", "-b", "mine", w.root)
		w.Merge("main", w.bob, "-s", "ours")
		w.push()
	}, gate.Failed, "is not among the allowed signers"},
	{"an admission that main once turned down", func(t *testing.T, w *world) {
		w.Git("checkout", "-q", "-b", "feature")
		w.list(w.alice, w.bob, w.mallory)
		turned := w.Commit("admit", w.mallory)
		w.Git("checkout", "-q", "main")
		w.policy.LastDeployed = w.Merge("feature", w.alice, "-s", "ours")
		w.list(w.alice, w.bob, w.mallory)
		side := w.Commit("admit again", nil)
		w.Git("checkout", "-q", "-b", "mine", turned)
		w.Merge(side, w.mallory)
		w.push()
	}, gate.Failed, "is not among the allowed signers"},
	{"list deleted and brought anew", func(t *testing.T, w *world) {
		w.Git("rm", "-q", DefaultSigners)
		w.commit("oops", nil)
		w.list(w.mallory)
		w.commit("new list", w.mallory)
		w.commit("evil", w.mallory)
	}, gate.Failed, "changed .clawql/allowed_signers"},
	{"list deleted by somebody listed, brought anew by a stranger", func(t *testing.T, w *world) {
		w.Git("rm", "-q", DefaultSigners)
		w.commit("oops", w.alice)
		w.list(w.mallory)
		w.commit("evil", w.mallory)
	}, gate.Failed, "is not among the allowed signers"},
	{"list in a new place", func(t *testing.T, w *world) {
		w.policy.AllowedSigners = "deploy/signers"
		w.Write("deploy/signers", gittest.Signers(w.mallory))
		w.commit("evil", w.mallory)
	}, gate.Failed, "has no deploy/signers"},
	{"list is a link into the work tree", func(t *testing.T, w *world) {
		w.Write(".git/mine", gittest.Signers(w.mallory))
		os.Remove(filepath.Join(w.Dir, DefaultSigners))
		os.Symlink("../.git/mine", filepath.Join(w.Dir, DefaultSigners))
		w.commit("link", w.alice)
		w.commit("evil", w.mallory)
	}, gate.Failed, "is a symbolic link"},
	{"list changed in the work tree only", func(t *testing.T, w *world) {
		w.commit("evil", w.mallory)
		w.list(w.mallory)
		w.Git("update-index", "--assume-unchanged", DefaultSigners)
	}, gate.Failed, "is not among the allowed signers"},
	{"list that breaks off", func(t *testing.T, w *world) {
		w.Write(DefaultSigners, gittest.Signers(w.alice)+"mallory@example.org ssh-ed25519\n")
		w.commit("break", w.alice)
	}, gate.Failed, "line 2"},
	{"signers of git's own configuration", func(t *testing.T, w *world) {
		w.Write(".git/mine", gittest.Signers(w.mallory))
		w.Git("config", "gpg.ssh.allowedSignersFile", filepath.Join(w.Dir, ".git/mine"))
		w.Git("config", "gpg.minTrustLevel", "undefined")
		w.commit("evil", w.mallory)
	}, gate.Failed, "is not among the allowed signers"},
}

var historyAttacks = []attack{
	{"replace ref shows a signed commit", func(t *testing.T, w *world) {
		good := w.Head()
		w.Git("replace", w.commit("evil", nil), good)
	}, gate.Failed, "carries no signature"},
	{"graft hides the admission", func(t *testing.T, w *world) {
		w.list(w.alice, w.bob, w.mallory)
		admit := w.commit("admit", nil)
		head := w.commit("evil", w.mallory)
		w.Write(".git/info/grafts", head+"\n"+admit+"\n")
	}, gate.Failed, "changed .clawql/allowed_signers"},
	{"shallow file ends the history", func(t *testing.T, w *world) {
		w.policy.LastDeployed = ""
		w.list(w.alice, w.bob, w.mallory)
		w.commit("admit", nil)
		w.Write(".git/shallow", w.commit("evil", w.mallory)+"\n")
	}, gate.Failed, "changed .clawql/allowed_signers"},
	{"branch begun anew by force", func(t *testing.T, w *world) {
		w.Git("checkout", "-q", "--orphan", "fresh")
		w.list(w.mallory)
		w.commit("new root", w.mallory)
	}, gate.Failed, "the branch was rewritten"},
	{"first parent is another root", func(t *testing.T, w *world) {
		w.policy.LastDeployed = ""
		w.Git("checkout", "-q", "--orphan", "fresh")
		w.list(w.mallory)
		w.Commit("new root", w.mallory)
		w.Merge("main", w.mallory, "--allow-unrelated-histories", "-s", "ours")
		w.push()
	}, gate.Failed, "is not among the allowed signers"},
	{"a middle state of a merged branch", func(t *testing.T, w *world) {
		w.Git("checkout", "-q", "-b", "feature")
		w.Write(overlay, "half done\n")
		middle := w.Commit("half done", w.alice)
		w.Write(overlay, "done\n")
		w.Commit("done", w.alice)
		w.Git("checkout", "-q", "main")
		w.Merge("feature", w.alice)
		w.push()
		w.Git("checkout", "-q", middle)
	}, gate.Failed, "was never its tip"},
	{"content exchanged under the commit's name", func(t *testing.T, w *world) {
		good := w.Head()
		w.Git("reset", "-q", "--hard", w.commit("evil", nil))
		w.exchange(t, good)
	}, gate.CouldNotRun, "hash mismatch"},
	{"blob of the list exchanged", func(t *testing.T, w *world) {
		w.Write(".git/mine", gittest.Signers(w.mallory))
		mine := w.Git("hash-object", "-w", ".git/mine")
		list := w.Git("rev-parse", "HEAD:"+DefaultSigners)
		w.commit("evil", w.mallory)
		copyObject(t, w.Dir, mine, list)
	}, gate.CouldNotRun, "does not belong to its name"},
	{"shallow clone that lacks the admission", func(t *testing.T, w *world) {
		w.list(w.alice, w.bob, w.mallory)
		w.commit("admit", nil)
		w.commit("evil", w.mallory)
		origin := &gittest.Repo{T: t, Dir: w.origin}
		w.Dir = origin.Clone("--depth", "2").Dir
	}, gate.CouldNotRun, "git fetch --unshallow"},
}
