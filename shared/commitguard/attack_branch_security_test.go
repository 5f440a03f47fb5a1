package commitguard

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Ways to move a branch without pre-commit: --no-verify, and all that is not
// `git commit`.
func TestTokenDoesNotEnterABranch(t *testing.T) { attacks(t, "refused: ", newSite, branches) }

// detached makes a commit with the token where no branch is, and returns to main.
func (s *site) detached() string {
	s.Helper()
	id := s.evil()
	s.git("checkout", "-q", "main")
	return id
}

// diverged gives main a commit of its own, so that nothing is a fast-forward.
func (s *site) diverged() string {
	s.Helper()
	id := s.evil()
	s.stage("main.txt", "x\n")
	s.git("commit", "-qm", "main goes on")
	return id
}

// patch is what git format-patch says of a commit with the token.
func (s *site) patch(args ...string) string {
	return s.off(append([]string{"format-patch", "--stdout", "-1"}, args...)...) + "\n"
}

var branches = []attack{
	{"git commit --no-verify", branch, func(s *site) { s.stage("a.env", s.line()); s.try("commit", "-n", "-m", "work") }},
	{"git commit -n -a", branch, func(s *site) { s.write("README.md", s.line()); s.try("commit", "-nam", "work") }},
	{"git commit -n --amend", branch, func(s *site) { s.stage("a.env", s.line()); s.try("commit", "-n", "--amend", "--no-edit") }},
	{"git commit -n, the first one of all", branch, func(s *site) {
		s.git("init", "-q", s.dir+"/new")
		s.dir += "/new"
		s.install()
		s.stage("a.env", s.line())
		s.try("commit", "-n", "-m", "work")
	}},
	{"git commit -n on an orphan branch", branch, func(s *site) {
		s.git("checkout", "-q", "--orphan", "new")
		s.stage("a.env", s.line())
		s.try("commit", "-n", "-m", "work")
	}},
	{"git commit -n in another work tree", branch, func(s *site) {
		s.git("worktree", "add", "-q", "-b", "side", s.dir+"2")
		s.dir += "2"
		s.stage("a.env", s.line())
		s.try("commit", "-n", "-m", "work")
	}},
	{"the message", branch, func(s *site) { s.try("commit", "--allow-empty", "-m", "use "+s.token) }},
	{"the message, from a file, with -n", branch, func(s *site) { s.write("m", "x\n\n"+s.line()); s.try("commit", "-n", "--allow-empty", "-F", "m") }},
	{"the message in base64", branch, func(s *site) {
		s.try("commit", "--allow-empty", "-m", base64.StdEncoding.EncodeToString([]byte(s.line())))
	}},
	{"a trailer", branch, func(s *site) { s.try("commit", "--allow-empty", "-m", "x", "--trailer", "Key: "+s.token) }},
	{"a message that a hook writes", branch, func(s *site) {
		s.hook(s.dir+"/.git/hooks/prepare-commit-msg", sh+"echo 'key: "+s.token+"' >>\"$1\"\n")
		s.try("commit", "--allow-empty", "-m", "x")
	}},
	{"a message that commit-msg rewrites", branch, func(s *site) {
		s.hook(s.dir+"/.git/hooks/commit-msg", sh+"echo 'key: "+s.token+"' >>\"$1\"\n")
		s.try("commit", "--allow-empty", "-m", "x")
	}},
	{"the author's name", branch, func(s *site) { s.try("commit", "--allow-empty", "-m", "x", "--author", s.token+" <a@example.org>") }},
	{"the committer's e-mail", branch, func(s *site) {
		s.env = append(s.env, "GIT_COMMITTER_EMAIL="+s.token+"@example.org")
		s.try("commit", "--allow-empty", "-m", "x")
	}},
	{"a header that git does not know", branch, func(s *site) {
		raw := strings.Replace(s.git("cat-file", "commit", "HEAD"), "\n\n", "\nx-key "+s.token+"\n\n", 1)
		s.try("update-ref", "refs/heads/main", s.feed(raw+"\n", "hash-object", "-t", "commit", "-w", "--stdin"))
	}},
	{"staged by a hook after the scan", branch, func(s *site) {
		s.hook(s.dir+"/.git/hooks/pre-commit", sh+binary+" run pre-commit || exit 1\necho 'key: "+s.token+"' >a.env\ngit add a.env\n")
		s.stage("clean.txt", "x\n")
		s.commit()
	}},
	{"an index whose tree is not its entries", branch, func(s *site) { s.lyingIndex(); s.commit() }},
	{"a receipt made with another key", branch, func(s *site) {
		evil := s.evil()
		changes, err := s.repo().Between(s.Context(), s.git("rev-parse", "HEAD"), evil)
		if err != nil || len(changes) == 0 {
			s.Fatal(changes, err)
		}
		forged := Receipts{dir: filepath.Join(s.dir, ".git/clawql-hooks/receipts"), key: make([]byte, keySize)}
		forged.Add(s.git("rev-parse", "HEAD"), changes)
		s.try("update-ref", "refs/heads/main", evil)
	}},
	{"a key for receipts that all can write", branch, func(s *site) {
		dir := filepath.Join(filepath.Dir(s.dir), ".local/state/clawql")
		_ = os.MkdirAll(dir, 0o700)
		_ = os.WriteFile(filepath.Join(dir, "receipts.key"), make([]byte, keySize), 0o666)
		s.stage("a.env", s.line())
		s.try("commit", "-n", "-m", "work")
	}},
	{"git update-ref", branch, func(s *site) { s.try("update-ref", "refs/heads/main", s.evil()) }},
	{"git update-ref, a new branch", branch, func(s *site) { s.try("update-ref", "refs/heads/new", s.evil()) }},
	{"git update-ref HEAD", branch, func(s *site) { s.try("update-ref", "HEAD", s.evil()) }},
	{"git update-ref through a symbolic ref", branch, func(s *site) {
		s.git("symbolic-ref", "refs/x", "refs/heads/main")
		s.try("update-ref", "refs/x", s.evil())
	}},
	{"git update-ref --stdin, among others", branch, func(s *site) {
		head := s.git("rev-parse", "HEAD")
		s.tryFed("create refs/heads/one "+head+"\ncreate refs/heads/two "+s.evil()+"\ncreate refs/heads/three "+head+"\n", "git", "update-ref", "--stdin")
	}},
	{"git branch", branch, func(s *site) { s.try("branch", "new", s.evil()) }},
	{"git branch -f", branch, func(s *site) { s.git("branch", "other"); s.try("branch", "-f", "other", s.evil()) }},
	{"git branch, named like the token", branch, func(s *site) { s.try("branch", s.token) }},
	{"git branch, from a tag", branch, func(s *site) { s.git("tag", "t", s.evil()); s.try("branch", "new", "t") }},
	{"git branch, from the stash", branch, func(s *site) {
		s.stage("a.env", s.line())
		s.git("stash", "-q")
		s.try("branch", "new", "stash@{0}")
	}},
	{"git checkout -b, from a detached HEAD", branch, func(s *site) {
		s.git("checkout", "-q", "--detach")
		s.stage("a.env", s.line())
		s.git("commit", "-qnm", "work")
		s.try("checkout", "-b", "new")
	}},
	{"git switch -C", branch, func(s *site) { s.try("switch", "-C", "main", s.evil()) }},
	{"git reset --hard", branch, func(s *site) { s.try("reset", "--hard", s.evil()) }},
	{"git worktree add -b", branch, func(s *site) { s.try("worktree", "add", "-b", "new", s.dir+"2", s.evil()) }},
	{"git merge, fast-forward", branch, func(s *site) { s.try("merge", s.evil()) }},
	{"git merge", branch, func(s *site) { s.try("merge", "--no-edit", s.diverged()) }},
	{"git merge -s ours, the token in history only", branch, func(s *site) { s.try("merge", "--no-edit", "-s", "ours", s.diverged()) }},
	{"git merge --squash, commit -n", branch, func(s *site) { s.git("merge", "-q", "--squash", s.diverged()); s.try("commit", "-nm", "work") }},
	{"git merge of three", branch, func(s *site) {
		one := s.evilOn(s.git("rev-parse", "HEAD"), "one.txt", "x\n")
		s.try("merge", "--no-edit", one, s.diverged())
	}},
	{"an evil merge", branch, func(s *site) {
		head := s.git("rev-parse", "HEAD")
		one, two := s.evilOn(head, "one.txt", "x\n"), s.evilOn(head, "two.txt", "x\n")
		tree := s.git("rev-parse", s.evil()+"^{tree}")
		s.try("update-ref", "refs/heads/main", s.feed("m\n", "commit-tree", "-p", one, "-p", two, tree))
	}},
	{"git pull, from a folder", branch, func(s *site) {
		s.off("clone", "-q", s.dir, s.dir+"2")
		other := *s
		other.dir += "2"
		other.off("update-ref", "refs/heads/main", other.evil())
		s.try("pull", "-q", s.dir+"2", "main")
	}},
	{"git fetch, straight into a branch", branch, func(s *site) {
		s.off("clone", "-q", s.dir, s.dir+"2")
		other := *s
		other.dir += "2"
		other.off("update-ref", "refs/heads/main", other.evil())
		s.try("fetch", "-q", s.dir+"2", "main:new")
	}},
	{"git fetch, from a bundle", branch, func(s *site) {
		s.git("tag", "t", s.evil())
		s.git("bundle", "create", "-q", s.dir+".bundle", "t")
		s.git("tag", "-d", "t")
		s.try("fetch", "-q", s.dir+".bundle", "t:refs/heads/new")
	}},
	{"git push into the same repository, --no-verify", branch, func(s *site) { s.try("push", "--no-verify", ".", s.evil()+":refs/heads/new") }},
	{"git cherry-pick", branch, func(s *site) { s.try("cherry-pick", s.diverged()) }},
	{"git revert of the removal", branch, func(s *site) { evil := s.evil(); s.try("revert", "--no-edit", s.fixed(evil)) }},
	{"git rebase", branch, func(s *site) {
		evil := s.diverged()
		s.git("checkout", "-q", "--detach", evil)
		s.try("rebase", "-q", "--onto", evil, "HEAD~1", "main")
	}},
	{"git rebase -x, commit -n", branch, func(s *site) {
		s.stage("b.txt", "x\n")
		s.git("commit", "-qm", "b")
		s.hook(s.dir+"2/evil", sh+"echo 'key: "+s.token+"' >a.env; git add a.env; git commit -nqm x\n")
		s.try("rebase", "-q", "-x", s.dir+"2/evil", "HEAD~1")
	}},
	{"git am", branch, func(s *site) { s.tryFed(s.patch(s.evil()), "git", "am", "-q") }},
	{"git am, in the message", branch, func(s *site) {
		id := s.feed("use "+s.token+"\n", "commit-tree", "-p", "HEAD", s.git("rev-parse", s.evilOn(s.git("rev-parse", "HEAD"), "b.txt", "x\n")+"^{tree}"))
		s.tryFed(s.patch(id), "git", "am", "-q")
	}},
	{"git fast-import", branch, func(s *site) {
		s.tryFed("commit refs/heads/new\ncommitter a <a@example.org> 1 +0000\ndata 2\nx\nM 644 inline a.env\ndata <<E\n"+s.line()+"E\n\n", "git", "fast-import", "--quiet")
	}},
	{"git filter-branch", branch, func(s *site) {
		s.env = append(s.env, "FILTER_BRANCH_SQUELCH_WARNING=1")
		s.says = "Could not rewrite" // it keeps what git update-ref says to itself
		s.try("filter-branch", "-f", "--tree-filter", "echo 'key: "+s.token+"' >a.env", "main")
	}},
	{"a commit that removes what one before brought", branch, func(s *site) { s.try("update-ref", "refs/heads/main", s.gone(s.evil())) }},
	{"git replace, of the commit", branch, func(s *site) {
		evil := s.evil()
		s.git("replace", evil, s.evilOn(s.git("rev-parse", "HEAD"), "b.txt", "x\n"))
		s.try("update-ref", "refs/heads/main", evil)
	}},
	{"grafts", branch, func(s *site) {
		tip := s.gone(s.evil())
		s.write(".git/info/grafts", tip+" "+s.git("rev-parse", "HEAD")+"\n")
		s.try("update-ref", "refs/heads/main", tip)
	}},
	{".git/shallow", branch, func(s *site) {
		tip := s.gone(s.evil())
		s.write(".git/shallow", tip+"\n")
		s.try("update-ref", "refs/heads/main", tip)
	}},
	{"GIT_SHALLOW_FILE, GIT_GRAFT_FILE", branch, func(s *site) {
		tip := s.gone(s.evil())
		s.write("shallow", tip+"\n")
		s.write("grafts", tip+" "+s.git("rev-parse", "HEAD")+"\n")
		s.env = append(s.env, "GIT_SHALLOW_FILE="+s.dir+"/shallow", "GIT_GRAFT_FILE="+s.dir+"/grafts")
		s.try("update-ref", "refs/heads/main", tip)
	}},
	{"GIT_ALTERNATE_OBJECT_DIRECTORIES", branch, func(s *site) {
		s.off("clone", "-q", s.dir, s.dir+"2")
		other := *s
		other.dir += "2"
		evil := other.evil()
		s.env = append(s.env, "GIT_ALTERNATE_OBJECT_DIRECTORIES="+s.dir+"2/.git/objects")
		s.try("update-ref", "refs/heads/main", evil)
	}},
	{"a weaker policy at a detached HEAD", branch, func(s *site) {
		weak := s.evilOn(s.git("rev-parse", "HEAD"), ".gitleaks.toml", allowAll)
		s.git("checkout", "-q", weak)
		s.try("update-ref", "refs/heads/main", s.evilOn(weak, "a.env", s.line()))
	}},
	{"GIT_REF_* and GIT_REFLOG_ACTION", branch, func(s *site) {
		s.env = append(s.env, "GIT_REFLOG_ACTION=fetch", "GIT_REF_PARANOIA=0")
		s.try("update-ref", "refs/heads/main", s.evil())
	}},
	{"core.commentChar hides the line", branch, func(s *site) {
		s.git("config", "core.commentChar", ";")
		s.try("commit", "--allow-empty", "--cleanup=verbatim", "-m", "x\n# "+s.token)
	}},
	{"i18n.commitEncoding", branch, func(s *site) {
		s.git("config", "i18n.commitEncoding", "UTF-7")
		s.try("commit", "--allow-empty", "-m", "use "+s.token)
	}},
}

// fixed takes the token out again on a commit that no branch has.
func (s *site) fixed(evil string) string { return s.gone(evil) }

// lyingIndex stages a clean file; the tree that the index remembers for its
// entries is another one, with the token.
func (s *site) lyingIndex() {
	s.stage("clean.txt", "x\n")
	clean := s.git("write-tree")
	blob := s.feed(s.line(), "hash-object", "-w", "--stdin")
	tree := s.feed(strings.Replace(s.git("ls-tree", clean), s.git("rev-parse", ":clean.txt"), blob, 1)+"\n", "mktree")
	from, _ := hex.DecodeString(clean)
	to, _ := hex.DecodeString(tree)
	name := filepath.Join(s.dir, ".git/index")
	data, err := os.ReadFile(name)
	if err != nil || strings.Count(string(data), string(from)) != 1 {
		s.Fatalf("the index does not hold its tree: %v", err)
	}
	body := strings.Replace(string(data[:len(data)-sha1.Size]), string(from), string(to), 1)
	sum := sha1.Sum([]byte(body))
	if err := os.WriteFile(name, append([]byte(body), sum[:]...), 0o644); err != nil {
		s.Fatal(err)
	}
}
