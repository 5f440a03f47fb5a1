package commitguard

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Honest work: none of it may be refused, and no hook may change what git does.
var work = map[string]func(s *site){
	"commit, amend, empty message": func(s *site) {
		s.stage("a", "a\n")
		s.git("commit", "-qm", "a")
		s.stage("a", "b\n")
		s.git("commit", "-q", "--amend", "--no-edit")
		s.git("commit", "-q", "--allow-empty", "--allow-empty-message", "-m", "")
	},
	"the first commit": func(s *site) {
		s.git("init", "-q", s.dir+"/new")
		s.dir += "/new"
		s.install()
		s.stage("a", "a\n")
		s.git("commit", "-qm", "a")
		s.git("commit", "-q", "--amend", "-m", "b")
	},
	"branches": func(s *site) {
		s.git("branch", "one")
		s.git("branch", "-m", "one", "two")
		s.git("branch", "-c", "two", "three")
		s.git("checkout", "-qb", "four")
		s.git("branch", "-f", "two", "HEAD")
		s.git("branch", "-D", "two", "three")
		s.git("pack-refs", "--all", "--prune")
		s.git("checkout", "-q", "main")
		s.git("branch", "-D", "four")
		s.git("gc", "-q")
		s.git("fsck")
	},
	"merges": func(s *site) {
		for _, name := range []string{"one", "two"} {
			s.git("checkout", "-qb", name, "main")
			s.stage(name, "x\n")
			s.git("commit", "-qm", name)
		}
		s.git("checkout", "-q", "main")
		s.git("merge", "-q", "--no-edit", "one")
		s.git("merge", "-q", "--no-ff", "--no-edit", "one", "two")
	},
	"rebase, cherry-pick, revert, reset, stash": func(s *site) {
		for _, name := range []string{"one", "two", "three"} {
			s.stage(name, "x\n")
			s.git("commit", "-qm", name)
		}
		s.git("checkout", "-qb", "side", "HEAD~3")
		s.stage("side", "x\n")
		s.git("commit", "-qm", "side")
		s.git("cherry-pick", "main~1")
		s.git("revert", "--no-edit", "HEAD")
		s.git("rebase", "-q", "main")
		s.git("reset", "-q", "--hard", "HEAD~1")
		s.write("side", "y\n")
		s.git("stash", "-q")
		s.git("stash", "pop", "-q")
		s.git("stash", "-q", "-u")
		s.git("stash", "branch", "popped")
	},
	"bisect and worktrees": func(s *site) {
		for i := range 4 {
			s.git("commit", "-q", "--allow-empty", "-m", fmt.Sprint(i))
		}
		s.git("bisect", "start", "HEAD", "HEAD~4")
		s.git("bisect", "good")
		s.git("bisect", "reset")
		s.git("worktree", "add", "-q", s.dir+"2", "-b", "side")
		s.git("worktree", "remove", s.dir+"2")
	},
	"fetch, pull, clone, push": func(s *site) {
		s.off("clone", "-q", s.remote, s.dir+"2")
		other := *s
		other.dir += "2"
		other.stage("theirs", "x\n")
		other.off("commit", "-qm", "theirs")
		other.off("push", "-q", "origin", "main", "HEAD:refs/heads/other")
		s.git("fetch", "-q")
		s.git("pull", "-q")
		s.git("checkout", "-q", "other")
		s.stage("ours", "x\n")
		s.git("commit", "-qm", "ours")
		s.git("push", "-q", "origin", "other", "other:refs/heads/copy")
		s.git("tag", "-a", "-m", "x", "v1")
		s.git("tag", "light")
		s.git("push", "-q", "--tags")
		s.git("notes", "add", "-m", "note")
		s.git("push", "-q", "origin", "refs/notes/commits")
		s.git("push", "-q", "origin", ":copy", ":v1")
		s.git("push", "-q", "origin", "main") // nothing to do
	},
	"a mirror and a second remote": func(s *site) {
		s.git("init", "-q", "--bare", "-b", "main", s.dir+".git")
		s.git("push", "-q", "--mirror", s.dir+".git")
		s.stage("a", "a\n")
		s.git("commit", "-qm", "a")
		s.git("push", "-q", s.dir+".git", "main")
	},
	"what another has already": func(s *site) {
		s.off("update-ref", "refs/heads/main", s.evil()) // history holds it, and the remote
		s.off("-c", "core.hooksPath=/dev/null", "push", "-q", "--no-verify", "origin", "main:refs/heads/old")
		s.stage("b", "b\n")
		s.git("commit", "-qm", "b")
		s.git("branch", "more")
	},
	"a pull of what the remote has already": func(s *site) {
		evil := s.evil()
		s.off("push", "-q", "origin", evil+":main")
		s.git("pull", "-q")
	},
	"a shallow clone": func(s *site) { s.cloned("--depth", "1") },
	"a clone without files": func(s *site) {
		s.git("-C", s.remote, "config", "uploadpack.allowFilter", "true")
		s.cloned("--filter=blob:none")
	},
	"a clone with one branch, from a bundle": func(s *site) {
		s.git("bundle", "create", "-q", s.dir+".bundle", "main")
		s.off("clone", "-q", "-b", "main", s.dir+".bundle", s.dir+"2")
		s.dir += "2"
		s.git("remote", "set-url", "origin", s.remote)
		s.changed()
	},
	"filters, fixups, autosquash": func(s *site) {
		s.stage("a", "a\n")
		s.git("commit", "-qm", "a")
		s.stage("a", "b\n")
		s.git("commit", "-q", "--fixup", "HEAD")
		s.git("rebase", "-q", "-i", "--autosquash", "HEAD~2")
	},
	"names with odd bytes": func(s *site) {
		s.stage("a\t\"b\n\xff.env", "x\n")
		s.git("commit", "-qm", "odd")
		s.git("branch", "ä/ö")
		s.git("push", "-q", "origin", "ä/ö")
	},
}

// cloned works in a clone of the remote that does not have everything.
func (s *site) cloned(how ...string) {
	s.Helper()
	for _, name := range []string{"one", "two"} {
		s.stage(name, name+"\n")
		s.git("commit", "-qm", name)
	}
	s.git("push", "-q", "origin", "main")
	s.off(append(append([]string{"clone", "-q"}, how...), "file://"+s.remote, s.dir+"2")...)
	s.dir += "2"
	s.changed()
}

// changed commits in a fresh clone, and pushes to main and to a new branch.
func (s *site) changed() {
	s.Helper()
	s.install()
	s.stage("README.md", "changed\n")
	s.git("commit", "-qm", "changed")
	s.git("commit", "-q", "--amend", "-m", "changed again")
	s.git("push", "-q", "origin", "HEAD:main")
	s.stage("README.md", "more\n")
	s.git("commit", "-qm", "more")
	s.git("push", "-q", "origin", "HEAD:refs/heads/new")
}

func TestHonestWorkPasses(t *testing.T) {
	for name, do := range work {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			if strings.Contains(name, "has already") {
				_ = os.Remove(filepath.Join(s.remote, "hooks", "pre-receive"))
			}
			do(s)
		})
	}
}

// A sha256 repository, and one without a work tree.
func TestOtherRepositories(t *testing.T) {
	s := bareSite(t)
	s.git("init", "-q", "--object-format=sha256", "-b", "main", s.dir)
	s.install()
	s.stage("a", "a\n")
	s.git("commit", "-qm", "a")
	if got := s.receipts(); got != 1 {
		t.Errorf("%d receipts", got)
	}
	s.stage("a.env", s.line())
	s.try("commit", "-nm", "x")
	s.refused(attack{"commit -n in a sha256 repository", branch, nil}, "refused: ")

	bare := newSite(t)
	text, err := os.ReadFile(filepath.Join(bare.dir, ".git/hooks/reference-transaction"))
	if err != nil {
		t.Fatal(err)
	}
	bare.hook(filepath.Join(bare.remote, "hooks/reference-transaction"), string(text))
	evil := bare.evil()
	bare.env = append(bare.env, "GIT_ALTERNATE_OBJECT_DIRECTORIES="+bare.dir+"/.git/objects")
	bare.dir = bare.remote
	bare.try("update-ref", "refs/heads/main", evil)
	bare.refused(attack{"update-ref in a bare repository", branch, nil}, "refused: ")
}

func (s *site) receipts() int {
	entries, _ := os.ReadDir(filepath.Join(s.dir, ".git/clawql-hooks/receipts"))
	return len(entries)
}

// What was refused is told with the way on: the message is not lost.
func TestMessageIsKept(t *testing.T) {
	s := newSite(t)
	s.stage("a.env", s.line())
	s.try("commit", "-n", "-m", "a long message")
	if !strings.Contains(s.last.text, "-e -F .git/COMMIT_EDITMSG") {
		t.Fatalf("the way on is not told:\n%s", s.last.text)
	}
	s.git("rm", "-q", "--cached", "a.env")
	s.stage("b", "b\n")
	s.git("commit", "-q", "-e", "-F", ".git/COMMIT_EDITMSG")
	if got := s.git("log", "-1", "--format=%s"); got != "a long message" {
		t.Errorf("the message is %q", got)
	}
}

// From Git 2.46 on, references that name others are told too.
func TestSymbolicReferencesOfNewerGit(t *testing.T) {
	s := newSite(t)
	s.git("tag", "evil", s.evil())
	for lines, exit := range map[string]int{
		"ref:refs/heads/main ref:refs/heads/other HEAD\n":                                        0,
		nothing + " ref:refs/heads/main refs/heads/alias\n":                                      0,
		"ref:refs/heads/main ref:refs/heads/unborn refs/heads/alias\n":                           0,
		nothing + " ref:refs/tags/evil refs/heads/alias\n":                                       1,
		"ref:refs/heads/main ref:refs/tags/evil refs/heads/alias\n":                              1,
		"ref:refs/heads/main " + s.git("rev-parse", "evil") + " refs/heads/alias\n":              1,
		"ref:refs/heads/main " + nothing + " refs/heads/alias\n":                                 0,
		nothing + " ref:refs/heads/main HEAD\n" + nothing + " ref:refs/tags/evil refs/heads/x\n": 1,
	} {
		s.tryFed(lines, binary, "run", "reference-transaction", "prepared")
		if s.last.exit != exit {
			t.Errorf("%q: exit %d, want %d\n%s", lines, s.last.exit, exit, s.last.text)
		}
	}
}

// What pre-commit read is not read again: with the receipt the branch moves
// though the file is gone, without it the same is refused.
func TestReceiptSavesTheSecondLook(t *testing.T) {
	s := newSite(t)
	s.stage("b.txt", "clean\n")
	s.tryFed("", binary, "run", "pre-commit")
	if s.last.exit != 0 || s.receipts() != 1 {
		t.Fatalf("exit %d, %d receipts\n%s", s.last.exit, s.receipts(), s.last.text)
	}
	commit := s.feed("work\n", "commit-tree", "-p", "HEAD", s.git("write-tree"))
	s.remove(s.git("rev-parse", ":b.txt"))
	line := s.git("rev-parse", "HEAD") + " " + commit + " refs/heads/main\n"
	s.tryFed(line, binary, "run", "reference-transaction", "prepared")
	if s.last.exit != 0 {
		t.Errorf("the receipt does not count:\n%s", s.last.text)
	}
	if err := os.RemoveAll(filepath.Join(s.dir, ".git/clawql-hooks/receipts")); err != nil {
		t.Fatal(err)
	}
	s.tryFed(line, binary, "run", "reference-transaction", "prepared")
	if s.last.exit == 0 {
		t.Error("without the receipt it is not read")
	}
}

// A push believes no receipt.
func TestPushBelievesNoReceipt(t *testing.T) {
	s := newSite(t)
	head, evil := s.git("rev-parse", "HEAD"), s.unseen()
	changes, err := s.repo().Between(t.Context(), head, evil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := userKey(func(name string) string { return map[string]string{"HOME": filepath.Dir(s.dir)}[name] })
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{"", "devel "} {
		(&Receipts{dir: filepath.Join(s.dir, ".git/clawql-hooks/receipts"), key: key, program: program}).Add(head, changes)
	}
	s.pushed("origin", "main")
	s.refused(attack{"receipts of the very key, push", push, nil}, "refused: 1 secret")
}
