package commitguard

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Ways to get a token to another repository: of those that no hook of a commit
// can see (it was off, or git calls none), and of what is no branch.
func TestTokenDoesNotLeave(t *testing.T) {
	here, _ := sides(outbound)
	attacks(t, "refused: ", newSite, append(pushes, here...))
}

// The same without pre-push: what the other side says.
func TestTokenDoesNotArrive(t *testing.T) {
	_, there := sides(outbound)
	attacks(t, "refused: ", newSite, append(arrivals, there...))
}

// pushed tries a push, and watches the remote.
func (s *site) pushed(args ...string) {
	s.Helper()
	s.watch = s.remote
	s.try(append([]string{"push"}, args...)...)
}

// unseen makes main's tip a commit with the token, with all hooks off.
func (s *site) unseen() string {
	s.Helper()
	id := s.evil()
	s.off("update-ref", "refs/heads/main", id)
	return id
}

// outbound are what either side must refuse.
var outbound = []attack{
	{"what is on main", "", func(s *site) { s.unseen(); s.pushed("origin", "main") }},
	{"what was removed again", "", func(s *site) { s.off("update-ref", "refs/heads/main", s.gone(s.evil())); s.pushed("origin", "main") }},
	{"a new branch", "", func(s *site) { s.pushed("origin", s.evil()+":refs/heads/new") }},
	{"a branch named like the token", "", func(s *site) { s.pushed("origin", "HEAD:refs/heads/"+s.token) }},
	{"a forced push", "", func(s *site) {
		s.git("checkout", "-q", "--orphan", "x")
		s.stage("a.env", s.line())
		s.off("commit", "-qm", "x")
		s.pushed("-f", "origin", "x:main")
	}},
	{"among other branches, atomic", "", func(s *site) {
		s.git("branch", "one")
		s.off("update-ref", "refs/heads/two", s.evil())
		s.pushed("--atomic", "origin", "one", "two")
	}},
	{"--all", "", func(s *site) { s.off("update-ref", "refs/heads/two", s.evil()); s.pushed("--all", "origin") }},
	{"--mirror", "", func(s *site) { s.git("update-ref", "refs/x/y", s.evil()); s.pushed("--mirror", "origin") }},
	{"a tag", "", func(s *site) { s.git("tag", "t", s.evil()); s.pushed("origin", "t") }},
	{"--tags", "", func(s *site) { s.git("tag", "t", s.evil()); s.pushed("--tags", "origin") }},
	{"--follow-tags", "", func(s *site) {
		s.stage("b", "b\n")
		s.git("commit", "-qm", "b")
		s.git("tag", "-a", "-m", "use "+s.token, "t")
		s.pushed("--follow-tags", "origin", "main")
	}},
	{"a tag's message", "", func(s *site) { s.git("tag", "-a", "-m", "use "+s.token, "t"); s.pushed("origin", "t") }},
	{"a tag's name", "", func(s *site) { s.git("tag", "v"+s.token[3:]+"-"+s.token); s.pushed("--tags", "origin") }},
	{"a tag of a tag", "", func(s *site) {
		s.git("tag", "-a", "-m", "use "+s.token, "inner")
		s.git("tag", "-a", "-m", "outer", "outer", "inner")
		s.pushed("origin", "outer")
	}},
	{"a tag of a file", "", func(s *site) {
		s.git("tag", "t", s.feed(s.line(), "hash-object", "-w", "--stdin"))
		s.pushed("origin", "t")
	}},
	{"a tag of a tree", "", func(s *site) { s.git("tag", "t", s.evil()+"^{tree}"); s.pushed("origin", "t") }},
	{"a tag that moves", "", func(s *site) {
		s.git("tag", "t")
		s.git("push", "-q", "origin", "t")
		s.git("tag", "-f", "t", s.evil())
		s.pushed("-f", "origin", "t")
	}},
	{"notes", "", func(s *site) { s.git("notes", "add", "-m", "use "+s.token); s.pushed("origin", "refs/notes/commits") }},
	{"the stash", "", func(s *site) {
		s.stage("a.env", s.line())
		s.git("stash", "-q")
		s.pushed("origin", "stash@{0}:refs/heads/new")
	}},
	{"untracked files in the stash", "", func(s *site) {
		s.write("a.env", s.line())
		s.git("stash", "-q", "-u")
		s.pushed("origin", "refs/stash:refs/x")
	}},
	{"a merge that hides it in history", "", func(s *site) {
		id := s.diverged()
		s.off("merge", "-q", "--no-edit", "-s", "ours", id)
		s.pushed("origin", "main")
	}},
	{"an evil merge", "", func(s *site) {
		head := s.git("rev-parse", "HEAD")
		one, two := s.evilOn(head, "one.txt", "x\n"), s.evilOn(head, "two.txt", "x\n")
		s.pushed("origin", s.feed("m\n", "commit-tree", "-p", one, "-p", two, s.evil()+"^{tree}")+":refs/heads/new")
	}},
	{"a policy in one commit, the token in the next", "", func(s *site) {
		s.stage(".gitleaks.toml", allowAll)
		s.git("commit", "-qm", "policy")
		s.stage("a.env", s.line())
		s.git("commit", "-qm", "and now") // allowed here: the policy is HEAD's
		s.pushed("origin", "main")
	}},
	{"the same, as a new branch", "", func(s *site) {
		s.git("checkout", "-qb", "new")
		s.stage(".gitleaks.toml", allowAll)
		s.git("commit", "-qm", "policy")
		s.stage("a.env", s.line())
		s.git("commit", "-qm", "and now")
		s.pushed("origin", "new")
	}},
	{"the same, as a tag", "", func(s *site) {
		weak := s.evilOn(s.git("rev-parse", "HEAD"), ".gitleaks.toml", allowAll)
		s.git("tag", "t", s.evilOn(weak, "a.env", s.line()))
		s.pushed("origin", "t")
	}},
	{"an author's name", "", func(s *site) {
		s.off("commit", "-q", "--allow-empty", "-m", "x", "--author", s.token+" <a@example.org>")
		s.pushed("origin", "main")
	}},
	{"the first push of all", "", func(s *site) {
		s.remote += "2"
		s.git("init", "-q", "--bare", "-b", "main", s.remote)
		s.installThere()
		s.unseen()
		s.pushed(s.remote, "main")
	}},
	{"replaced by another commit", "", func(s *site) {
		s.git("replace", s.unseen(), s.evilOn(s.git("rev-parse", "HEAD~1"), "b.txt", "x\n"))
		s.pushed("origin", "main")
	}},
}

// sides makes of each attack one on pre-push and one on pre-receive.
func sides(all []attack) (here, there []attack) {
	for _, a := range all {
		here = append(here, attack{"push: " + a.name, push, a.do})
		there = append(there, attack{"push --no-verify: " + a.name, server, func(s *site) {
			s.blind = true
			_ = os.Remove(filepath.Join(s.dir, ".git/hooks/pre-push"))
			a.do(s)
		}})
	}
	return here, there
}

var pushes = []attack{
	{"commit with core.hooksPath=/dev/null, push", push, func(s *site) {
		s.stage("a.env", s.line())
		s.off("commit", "-qm", "x")
		s.pushed("origin", "main")
	}},
	{"commit with GIT_CONFIG_COUNT, push", push, func(s *site) {
		s.stage("a.env", s.line())
		kept := s.env
		s.env = append(s.env, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=core.hooksPath", "GIT_CONFIG_VALUE_0=/dev/null")
		s.git("commit", "-qm", "x")
		s.env = kept
		s.pushed("origin", "main")
	}},
	{"commit with core.hooksPath in the configuration, push", push, func(s *site) {
		s.stage("a.env", s.line())
		s.git("config", "core.hooksPath", "/nowhere")
		s.git("commit", "-qm", "x")
		s.git("config", "--unset", "core.hooksPath")
		s.pushed("origin", "main")
	}},
	{"commit with a hook that is no longer executable, push", push, func(s *site) {
		for _, name := range []string{early, branch} {
			_ = os.Chmod(filepath.Join(s.dir, ".git/hooks", name), 0o644)
		}
		s.stage("a.env", s.line())
		s.git("commit", "-qm", "x")
		s.pushed("origin", "main")
	}},
	{"a branch written by hand, push", push, func(s *site) { s.write(".git/refs/heads/main", s.evil()+"\n"); s.pushed("origin", "main") }},
	{"packed-refs written by hand, push", push, func(s *site) {
		evil := s.evil()
		s.git("pack-refs", "--all")
		text, _ := os.ReadFile(filepath.Join(s.dir, ".git/packed-refs"))
		s.write(".git/packed-refs", strings.Replace(string(text), s.git("rev-parse", "main"), evil, 1))
		s.pushed("origin", "main")
	}},
	{"a branch that names a tag, push", push, func(s *site) {
		s.git("tag", "t", s.evil())
		s.git("symbolic-ref", "refs/heads/new", "refs/tags/t")
		s.pushed("origin", "new:refs/heads/new")
	}},
	{"a forged remote-tracking branch, push", push, func(s *site) {
		evil := s.evil()
		s.git("update-ref", "refs/remotes/origin/x", evil)
		s.git("branch", "new", evil) // passes: as if it were fetched
		s.pushed("origin", "new")
	}},
	{"a remote of one's own, fetched and merged, push", push, func(s *site) {
		s.off("clone", "-q", s.dir, s.dir+"2")
		other := *s
		other.dir += "2"
		other.off("update-ref", "refs/heads/main", other.evil())
		s.git("remote", "add", "mine", s.dir+"2")
		s.git("fetch", "-q", "mine")
		s.git("merge", "-q", "mine/main") // passes: it was fetched
		s.pushed("origin", "main")
	}},
	{"a remote of another name, push", push, func(s *site) {
		evil := s.unseen()
		s.git("remote", "add", "other", s.remote)
		s.git("update-ref", "refs/remotes/other/main", evil)
		s.pushed("other", "main")
	}},
	{"commit -n at a detached HEAD, push", push, func(s *site) {
		s.git("checkout", "-q", "--detach")
		s.stage("a.env", s.line())
		s.git("commit", "-qnm", "x")
		s.pushed("origin", "HEAD:refs/heads/new")
	}},
	{"what was there before the hooks, push", push, func(s *site) {
		_ = os.RemoveAll(filepath.Join(s.dir, ".git/hooks"))
		s.stage("a.env", s.line())
		s.git("commit", "-qm", "x")
		s.install()
		s.pushed("origin", "main")
	}},
	{"GIT_EXEC_PATH with a git that sees no changes, push", push, func(s *site) {
		s.hook(filepath.Join(s.dir+"2", "git"), sh+"case \"$*\" in *diff-index*|*diff-tree*) exit 0;; esac\nexec /usr/bin/git \"$@\"\n")
		s.stage("a.env", s.line())
		kept := s.env
		s.env = append(s.env, "GIT_EXEC_PATH="+s.dir+"2")
		s.git("commit", "-qm", "x")
		s.env = kept
		s.pushed("origin", "main")
	}},
	{"an address that git reads as that of another repository, push", push, func(s *site) {
		evil := s.unseen()
		s.git("init", "-q", "--bare", s.dir+"3")
		s.off("push", "-q", s.dir+"3", evil+":refs/heads/new")
		s.git("config", "remote.origin.url", "elsewhere:x")
		s.git("config", "url."+s.remote+".pushInsteadOf", "elsewhere:x")
		s.git("config", "url."+s.dir+"3.insteadOf", s.remote)
		s.says = "would rewrite its address"
		s.pushed("origin", evil+":refs/heads/new")
	}},
}

var arrivals = []attack{
	{"git send-pack, which asks no pre-push", server, func(s *site) {
		s.unseen()
		s.watch = s.remote
		s.try("send-pack", s.remote, "main")
	}},
	{"core.hooksPath set to nothing", server, func(s *site) {
		s.git("config", "core.hooksPath", "")
		s.stage("a.env", s.line())
		s.git("commit", "-qm", "x")
		s.pushed("origin", "main")
	}},
	{"everything with core.hooksPath=/dev/null", server, func(s *site) {
		s.stage("a.env", s.line())
		s.off("commit", "-qm", "x")
		s.watch = s.remote
		s.try("-c", "core.hooksPath=/dev/null", "push", "origin", "main")
	}},
}
