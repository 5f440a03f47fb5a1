package changegate

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
	}, gate.Failed, "more than one signature"},
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

var workTreeAttacks = []attack{
	{"change not committed", func(t *testing.T, w *world) { w.Write(overlay, "evil\n") }, gate.Failed, "modified: " + overlay},
	{"change staged only", func(t *testing.T, w *world) {
		w.Write(overlay, "evil\n")
		w.Git("add", ".")
		w.Git("restore", "--worktree", "--source=HEAD", overlay)
	}, gate.Failed, "staged: " + overlay},
	{"untracked manifest", func(t *testing.T, w *world) { w.Write("deploy/evil.yaml", "x") }, gate.Failed, "untracked: deploy/evil.yaml"},
	{"assume-unchanged", func(t *testing.T, w *world) {
		w.Git("update-index", "--assume-unchanged", overlay)
		w.Write(overlay, "evil\n")
	}, gate.Failed, "modified: " + overlay},
	{"skip-worktree", func(t *testing.T, w *world) {
		w.Git("update-index", "--skip-worktree", overlay)
		w.Write(overlay, "evil\n")
	}, gate.Failed, "modified: " + overlay},
	{"core.fsmonitor", func(t *testing.T, w *world) {
		w.Git("config", "core.fsmonitor", program(t, `printf 'x\0'`))
		w.Git("update-index", "--fsmonitor")
		w.Git("status")
		w.Write(overlay, "evil\n")
	}, gate.Failed, "modified: " + overlay},
	{"clean filter", func(t *testing.T, w *world) {
		w.Git("config", "filter.x.clean", "echo 'replicas: 4'")
		w.Write(".git/info/attributes", "* filter=x\n")
		w.Write(overlay, "evil\n")
	}, gate.Failed, "modified: " + overlay},
	{"mode change", func(t *testing.T, w *world) {
		w.Git("config", "core.fileMode", "false")
		os.Chmod(filepath.Join(w.Dir, overlay), 0o755)
	}, gate.Failed, "mode changed: " + overlay},
	{"line ends of the list", func(t *testing.T, w *world) {
		w.Write(".git/info/attributes", "* text eol=crlf\n")
		w.Write(DefaultSigners, gittest.Signers(w.alice)+"\r\n"+gittest.Signers(w.mallory))
	}, gate.Failed, "modified: " + DefaultSigners},
	{"dirty submodule", func(t *testing.T, w *world) {
		sub := gittest.New(t)
		sub.Write("a", "a")
		sub.Commit("sub", nil)
		w.Git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "file://"+sub.Dir, "lib")
		w.commit("submodule", w.alice)
		w.Git("config", "diff.ignoreSubmodules", "all")
		w.Write("lib/a", "evil")
	}, gate.Failed, "submodule: lib"},
	{"core.worktree shows a clean copy", func(t *testing.T, w *world) {
		clean := t.TempDir()
		run(t, "cp", "-r", filepath.Join(w.Dir, "deploy"), filepath.Join(w.Dir, ".clawql"), clean)
		w.Git("config", "core.worktree", clean)
		os.WriteFile(filepath.Join(w.Dir, overlay), []byte("evil\n"), 0o644)
	}, gate.CouldNotRun, "core.worktree"},
	{"HEAD moved since the plan", func(t *testing.T, w *world) {
		w.policy.Commit = w.Head()
		w.commit("other", w.alice)
	}, gate.Failed, "but the plan was made from"},
}

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

var environmentAttacks = []attack{
	{"GIT_DIR of a clean repository", func(t *testing.T, w *world) {
		clean := w.Clone()
		w.commit("evil", nil)
		t.Setenv("GIT_DIR", filepath.Join(clean.Dir, ".git"))
		t.Setenv("GIT_WORK_TREE", clean.Dir)
	}, gate.Failed, "carries no signature"},
	{"GIT_INDEX_FILE and GIT_OBJECT_DIRECTORY", func(t *testing.T, w *world) {
		w.Write(overlay, "evil\n")
		clean := w.Clone()
		t.Setenv("GIT_INDEX_FILE", filepath.Join(clean.Dir, ".git/index"))
		t.Setenv("GIT_OBJECT_DIRECTORY", filepath.Join(clean.Dir, ".git/objects"))
	}, gate.Failed, "modified: " + overlay},
	{"settings in the environment", func(t *testing.T, w *world) {
		w.Git("update-index", "--assume-unchanged", overlay)
		w.Write(overlay, "evil\n")
		t.Setenv("GIT_CONFIG_COUNT", "1")
		t.Setenv("GIT_CONFIG_KEY_0", "remote.origin.url")
		t.Setenv("GIT_CONFIG_VALUE_0", "file:///nowhere")
		t.Setenv("GIT_CONFIG_PARAMETERS", "'core.ignoreStat'='true'")
	}, gate.Failed, "modified: " + overlay},
	{"GIT_NAMESPACE and GIT_REPLACE_REF_BASE", func(t *testing.T, w *world) {
		good := w.Head()
		evil := w.commit("evil", nil)
		w.Git("update-ref", "refs/mine/"+evil, good)
		t.Setenv("GIT_REPLACE_REF_BASE", "refs/mine/")
		t.Setenv("GIT_NAMESPACE", "mine")
	}, gate.Failed, "carries no signature"},
	{"gpg.ssh.program that nods", func(t *testing.T, w *world) {
		w.Git("config", "gpg.ssh.program", program(t, `echo 'Good "git" signature for alice'`))
		w.Git("config", "gpg.program", program(t, "true"))
		w.commit("evil", nil)
	}, gate.Failed, "carries no signature"},
	{"aliases", func(t *testing.T, w *world) {
		for _, name := range []string{"status", "rev-parse", "cat-file", "ls-remote", "diff-index"} {
			w.Git("config", "alias."+name, "!true")
		}
		w.commit("evil", nil)
	}, gate.Failed, "carries no signature"},
}

// signatureOf is the gpgsig header of a commit, with its last line feed.
func signatureOf(raw string) string {
	start := strings.Index(raw, "gpgsig ")
	end := strings.Index(raw, "-----END SSH SIGNATURE-----\n") + len("-----END SSH SIGNATURE-----\n")
	return raw[start:end]
}

// signAs signs raw by the real ssh-keygen in a namespace.
func signAs(t *testing.T, raw string, key *gittest.Key, namespace string) string {
	t.Helper()
	raw = strings.Replace(raw, "nobody@example.org", key.Email, -1)
	cmd := exec.Command("ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", key.Path)
	cmd.Stdin = strings.NewReader(raw)
	sig, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	header := "gpgsig " + strings.ReplaceAll(strings.TrimSpace(string(sig)), "\n", "\n ")
	return strings.Replace(raw, "\n\n", "\n"+header+"\n\n", 1)
}

// exchange puts the content of commit good in the place of HEAD's object.
func (w *world) exchange(t *testing.T, good string) { copyObject(t, w.Dir, good, w.Head()) }

func copyObject(t *testing.T, dir, from, to string) {
	t.Helper()
	path := func(id string) string { return filepath.Join(dir, ".git/objects", id[:2], id[2:]) }
	data, err := os.ReadFile(path(from))
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(path(to))
	if err := os.WriteFile(path(to), data, 0o444); err != nil {
		t.Fatal(err)
	}
}

func program(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, fmt.Appendf(nil, "#!/bin/sh\n%s\n", body), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// agent starts a real ssh-agent that holds the key and its certificate.
func agent(t *testing.T, key string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent-") // short: the path of a socket is
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	cmd := exec.Command("ssh-agent", "-D", "-a", socket)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait(); os.RemoveAll(dir) })
	for range 100 {
		if _, err := os.Stat(socket); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	add := exec.Command("ssh-add", "-q", key)
	add.Env = append(os.Environ(), "SSH_AUTH_SOCK="+socket)
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("ssh-add: %v\n%s%s", err, out, log.String())
	}
	return socket
}
