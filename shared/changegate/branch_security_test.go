package changegate

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/clawql/clawql-workbench/shared/gate"
	"github.com/clawql/clawql-workbench/shared/gitrepo/gittest"
)

var branchAttacks = []attack{
	{"local branch ahead of the remote", func(t *testing.T, w *world) { w.Commit("not pushed", w.alice) }, gate.Failed, `is not on branch "main" of origin`},
	{"forged refs/remotes/origin/main", func(t *testing.T, w *world) {
		w.Git("update-ref", "refs/remotes/origin/main", w.Commit("not pushed", w.alice))
	}, gate.Failed, `is not on branch "main" of origin`},
	{"another branch of the remote", func(t *testing.T, w *world) {
		w.Git("checkout", "-q", "-b", "feature")
		w.Commit("unreviewed", w.alice)
		w.Git("push", "-q", "origin", "feature")
	}, gate.Failed, `is not on branch "main" of origin`},
	{"tag and branch of confusing names on the remote", func(t *testing.T, w *world) {
		w.Commit("unreviewed", w.alice)
		w.Git("push", "-q", "origin", "HEAD:refs/tags/main", "HEAD:refs/heads/heads/main", "HEAD:refs/heads/refs/heads/main")
	}, gate.Failed, `is not on branch "main" of origin`},
	{"tag named like the branch, no remote", func(t *testing.T, w *world) {
		w.Git("remote", "remove", "origin")
		w.Git("checkout", "-q", "-b", "feature")
		w.Git("tag", "main", w.Commit("unreviewed", w.alice))
	}, gate.Failed, `is not on branch "main" of this repository`},
	{"detached HEAD, no remote", func(t *testing.T, w *world) {
		w.Git("remote", "remove", "origin")
		w.Git("checkout", "-q", "--detach")
		w.Commit("unreviewed", w.alice)
	}, gate.Failed, `is not on branch "main" of this repository`},
	{"remote cannot be reached", func(t *testing.T, w *world) { os.RemoveAll(w.origin) }, gate.CouldNotRun, "ask remote"},
	{"remote has no such branch", func(t *testing.T, w *world) { w.policy.ProtectedBranch = "production" }, gate.Failed, `there is no branch "production"`},
	{"remote is further than this clone knows", func(t *testing.T, w *world) {
		origin := &gittest.Repo{T: t, Dir: w.origin}
		other := origin.Clone()
		other.Commit("theirs", nil)
		other.Git("push", "-q", "origin", "HEAD:main")
	}, gate.CouldNotRun, "git fetch"},
	{"remote removed, but its address is required", func(t *testing.T, w *world) {
		w.policy.RemoteURL = "file://" + w.origin
		w.Git("remote", "remove", "origin")
	}, gate.Failed, "there is no remote"},
	{"remote exchanged", func(t *testing.T, w *world) {
		w.policy.RemoteURL = "file://" + w.origin
		w.Commit("unreviewed", w.alice)
		w.Git("remote", "remove", "origin")
		w.Bare()
	}, gate.Failed, "and it must be"},
	{"address rewritten by url.insteadOf", func(t *testing.T, w *world) {
		w.policy.RemoteURL = "file://" + w.origin
		w.Commit("unreviewed", w.alice)
		other := filepath.Join(t.TempDir(), "x.git")
		w.Git("clone", "-q", "--bare", "file://"+w.Dir, other)
		w.Git("config", "url.file://"+other+".insteadOf", "file://"+w.origin)
	}, gate.Failed, "and it must be"},
	{"remote under another name", func(t *testing.T, w *world) { w.Git("remote", "rename", "origin", "fork") }, gate.CouldNotRun, "the remotes are fork"},
}
