package changegate

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/clawql/clawql-workbench/shared/gate"
	"github.com/clawql/clawql-workbench/shared/gitrepo/gittest"
	"github.com/clawql/clawql-workbench/shared/sshsign"
)

// What honest people do must pass: a gate that stops them is switched off.
func TestHonestChanges(t *testing.T) {
	tests := []struct {
		name string
		do   func(t *testing.T, w *world)
		says string
	}{
		{"nothing new", func(*testing.T, *world) {}, "the tip of main of origin"},
		{"first deploy ever", func(t *testing.T, w *world) { w.policy.LastDeployed = "" }, "trust begins with commit"},
		{"first deploy of the root", func(t *testing.T, w *world) {
			w.policy.LastDeployed = ""
			w.Git("reset", "-q", "--hard", w.root)
		}, "1 behind its tip"},
		{"the same commit again", func(t *testing.T, w *world) { w.policy.LastDeployed = w.Head() }, "0 changes of"},
		{"unsigned commits in between that leave the list alone", func(t *testing.T, w *world) {
			w.commit("one", nil)
			w.commit("two", w.alice)
		}, "signed by alice@example.org"},
		{"newcomer, admitted by somebody listed", func(t *testing.T, w *world) {
			w.list(w.alice, w.bob, w.mallory)
			w.commit("admit", w.alice)
			w.commit("first change", w.mallory)
		}, "1 change of"},
		{"leaver, removed by the other", func(t *testing.T, w *world) {
			w.list(w.bob)
			w.commit("alice left", w.bob)
		}, "signed by bob@example.org"},
		{"list in an existing repository, deployed at once", func(t *testing.T, w *world) {
			w.Git("rm", "-q", DefaultSigners)
			w.Git("checkout", "-q", "--orphan", "young")
			w.commit("history without a list", nil)
			w.list(w.alice)
			w.commit("bring the list", w.alice)
			w.policy.LastDeployed = ""
		}, "trust begins"},
		{"list brought unsigned, then changed by somebody on it", func(t *testing.T, w *world) {
			w.policy.LastDeployed = ""
			w.Git("checkout", "-q", "--orphan", "young")
			w.commit("no signing set up yet", nil)
			w.commit("now signed", w.alice)
			must(t, w.ask(), gate.Failed, "trust has not begun: change the list")
			w.Write(DefaultSigners, "# our signers\n"+gittest.Signers(w.alice, w.bob))
			w.commit("begin", w.alice)
		}, "trust begins"},
		{"signed merge of an unsigned branch", func(t *testing.T, w *world) {
			w.Git("checkout", "-q", "-b", "feature")
			w.Write("feature", "1")
			w.Commit("work in progress", nil)
			w.Git("checkout", "-q", "main")
			w.commit("meanwhile", w.bob)
			w.Merge("feature", w.alice)
			w.push()
		}, "signed by alice@example.org"},
		{"stale branch merged after the list changed, by the newcomer", func(t *testing.T, w *world) {
			w.Git("checkout", "-q", "-b", "feature")
			w.Write("feature", "1")
			w.Commit("old work", w.bob)
			w.Git("checkout", "-q", "main")
			w.list(w.alice, w.bob, w.mallory)
			w.commit("admit", w.alice)
			w.Merge("feature", w.mallory)
			w.push()
		}, "signed by mallory@example.org"},
		{"newcomer's own branch admits, merge is signed", func(t *testing.T, w *world) {
			w.Git("checkout", "-q", "-b", "join")
			w.list(w.alice, w.bob, w.mallory)
			w.Commit("let me in", w.mallory)
			w.Git("checkout", "-q", "main")
			w.Merge("join", w.alice)
			w.commit("first change", w.mallory)
		}, "signed by mallory@example.org"},
		{"a bad change of the list, put back", func(t *testing.T, w *world) {
			w.list(w.mallory)
			w.commit("take over", w.mallory)
			w.list(w.alice, w.bob)
			w.commit("put back", w.bob)
			w.commit("go on", w.alice)
		}, "signed by alice@example.org"},
		{"a bad change of the list, made good in the open", func(t *testing.T, w *world) {
			w.list(w.alice, w.bob, w.mallory)
			w.commit("by web page", nil)
			w.list(w.alice, w.mallory)
			w.commit("I stand for it", w.alice)
			w.commit("go on", w.mallory)
		}, "signed by mallory@example.org"},
		{"back to an older version", func(t *testing.T, w *world) {
			old := w.Head()
			w.policy.LastDeployed = w.commit("bad idea", w.alice)
			w.Git("reset", "-q", "--hard", old)
		}, "1 behind its tip"},
		{"pull made a merge with main on its second side", func(t *testing.T, w *world) {
			w.Git("checkout", "-q", "-b", "mine", w.root)
			w.Write("mine", "1")
			w.Commit("mine", w.alice)
			w.policy.LastDeployed = w.Git("rev-parse", "main")
			w.Merge("main", w.alice)
			w.push()
		}, "signed by alice@example.org"},
		{"no remote", func(t *testing.T, w *world) { w.Git("remote", "remove", "origin") }, "no remote: the branch is only protected on this machine"},
		{"detached at the tip", func(t *testing.T, w *world) { w.Git("checkout", "-q", "--detach") }, "the tip of main"},
		{"linked work tree", func(t *testing.T, w *world) {
			dir := filepath.Join(t.TempDir(), "wt")
			w.Git("worktree", "add", "-q", "-b", "side", dir)
			w.Dir = dir
		}, "the tip of main"},
		{"another branch, another remote, another list", func(t *testing.T, w *world) {
			w.Git("mv", DefaultSigners, "signers")
			w.Commit("move", w.alice)
			w.Git("push", "-q", "origin", "HEAD:refs/heads/release/1")
			w.Git("remote", "rename", "origin", "up")
			w.policy = Policy{ProtectedBranch: "release/1", Remote: "up", AllowedSigners: "signers", LastDeployed: w.Head(), Commit: w.Head()}
			w.policy.RemoteURL = "file://" + w.origin
		}, "the tip of release/1 of up"},
		{"an ignored file in the overlay", func(t *testing.T, w *world) {
			w.Write(".git/info/exclude", "*.swp\n")
			w.Write("deploy/.prod.yaml.swp", "x")
		}, "every file was hashed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tt.do(t, w)
			must(t, w.ask(), gate.Passed, tt.says)
		})
	}
}

func TestSHA256Repository(t *testing.T) {
	w := &world{Repo: gittest.New(t, "--object-format=sha256"), alice: gittest.NewKey(t, "alice")}
	w.list(w.alice)
	w.Commit("root", w.alice)
	must(t, w.ask(), gate.Passed, "signed by alice@example.org")
}

func TestNoListTellsHowToBegin(t *testing.T) {
	w := newWorld(t)
	w.policy.LastDeployed = ""
	w.Git("checkout", "-q", "--orphan", "young")
	w.Git("rm", "-q", "--cached", DefaultSigners)
	os.Remove(filepath.Join(w.Dir, DefaultSigners))
	w.commit("no list", w.alice)
	must(t, w.ask(), gate.Failed, "there is no list of allowed signers at .clawql/allowed_signers", "write it, a line each")
}

// Everything that is wrong is told at once.
func TestAllFailuresAtOnce(t *testing.T) {
	w := newWorld(t)
	w.Commit("unsigned, not pushed", nil)
	w.Write("new", "x")
	must(t, w.ask(), gate.Failed, "carries no signature", "the work tree differs from HEAD: untracked: new",
		"is not on branch \"main\" of origin", "git clawql-hooks signing setup", "git push")
}

// A failure is a failure even when another question could not be answered.
func TestFailureBeatsUnknown(t *testing.T) {
	w := newWorld(t)
	w.commit("unsigned", nil)
	w.Git("remote", "set-url", "origin", "file:///nowhere")
	must(t, w.ask(), gate.Failed, "carries no signature", "could not tell: ask remote \"origin\"")
}

func TestHardwarePolicy(t *testing.T) {
	w := newWorld(t)
	w.policy.Signature = sshsign.Policy{RequireHardware: true}
	must(t, w.ask(), gate.Failed, "a security key (sk-*) is required")
}
