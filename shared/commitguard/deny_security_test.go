package commitguard

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What cannot be judged is refused: each case leaves references as they were,
// ends with another code than 0, and says why in words of ours.
var denied = []struct {
	name string
	says string
	do   func(s *site)
}{
	{"a file of the commit is gone", "not in the repository", func(s *site) {
		commit := s.evilOn(s.git("rev-parse", "HEAD"), "b.txt", "clean\n")
		s.remove(s.git("rev-parse", commit+":b.txt"))
		s.try("update-ref", "refs/heads/main", commit)
	}},
	{"a file of the commit is damaged", "error: ", func(s *site) {
		commit := s.evilOn(s.git("rev-parse", "HEAD"), "b.txt", "clean\n")
		s.damage(s.git("rev-parse", commit+":b.txt"))
		s.try("update-ref", "refs/heads/main", commit)
	}},
	{"a commit below is gone", "error: ", func(s *site) {
		middle := s.evilOn(s.git("rev-parse", "HEAD"), "b.txt", "clean\n")
		top := s.evilOn(middle, "c.txt", "clean\n")
		s.remove(middle)
		s.try("update-ref", "refs/heads/main", top)
	}},
	{"a tree is gone", "error: ", func(s *site) {
		commit := s.evilOn(s.git("rev-parse", "HEAD"), "b.txt", "clean\n")
		s.remove(s.git("rev-parse", commit+"^{tree}"))
		s.try("update-ref", "refs/heads/main", commit)
	}},
	{"the rules in HEAD cannot be read", "error: ", func(s *site) {
		s.stage(".gitleaks.toml", "[[rules]]\nid = 'x'\n")
		s.off("commit", "-qm", "broken")
		s.stage("b", "b\n")
		s.try("commit", "-m", "x")
	}},
	{"the list of signers in HEAD cannot be read", "error: ", func(s *site) {
		s.stage(".clawql/allowed_signers", "rubbish\n")
		s.off("commit", "-qm", "broken")
		s.stage("b", "b\n")
		s.try("commit", "-m", "x")
	}},
	{"clawql.yaml in HEAD cannot be read", "error: ", func(s *site) {
		s.stage("clawql.yaml", "apiVersion: [\n")
		s.off("commit", "-qm", "broken")
		s.stage("b", "b\n")
		s.try("commit", "-m", "x")
	}},
	{"the hook is killed", "", func(s *site) {
		s.hook(filepath.Join(s.dir, ".git/hooks/reference-transaction"), sh+"kill -9 $$\n")
		s.stage("b", "b\n")
		s.try("commit", "-nm", "x")
	}},
	{"there is no memory", "", func(s *site) {
		s.hook(filepath.Join(s.dir, ".git/hooks/pre-commit"), sh+"ulimit -v 40000\nexec "+binary+" run pre-commit\n")
		s.stage("b", "b\n")
		s.try("commit", "-m", "x")
	}},
	{"there is no git for the hook", "git", func(s *site) {
		s.hook(filepath.Join(s.dir, ".git/hooks/pre-commit"), sh+"PATH=/nowhere\nexec "+binary+" run pre-commit\n")
		s.stage("b", "b\n")
		s.try("commit", "-m", "x")
	}},
	{"a vault session that does not answer", "error: ", func(s *site) {
		s.env = append(s.env, "CLAWQL_VAULT_SESSION="+s.dir+"/nowhere")
		s.stage("b", "b\n")
		s.try("commit", "-m", "x")
	}},
	{"the remote has a main that is not here", "git fetch", func(s *site) {
		s.off("clone", "-q", s.remote, s.dir+"2")
		other := *s
		other.dir += "2"
		other.off("commit", "-q", "--allow-empty", "-m", "theirs")
		other.off("push", "-q")
		s.git("checkout", "-qb", "new")
		s.stage("b", "b\n")
		s.git("commit", "-qm", "b")
		s.pushed("origin", "new")
	}},
	{"the server's HEAD is no branch that is there", "symbolic-ref HEAD", func(s *site) {
		s.git("-C", s.remote, "symbolic-ref", "HEAD", "refs/heads/master")
		s.blind = true
		_ = os.Remove(filepath.Join(s.dir, ".git/hooks/pre-push"))
		s.pushed("origin", s.evilOn(s.git("rev-parse", "HEAD"), "b", "b\n")+":refs/heads/new")
	}},
	{"the server has no program", "not installed on this server", func(s *site) {
		_ = os.Remove(filepath.Join(s.dir, ".git/hooks/pre-push"))
		s.env = append(s.env, "PATH="+pathOf(s, "git"))
		s.stage("b", "b\n")
		s.off("commit", "-qm", "b")
		s.pushed("origin", "main")
	}},
	{"a merge is not finished", "not merged", func(s *site) {
		s.stage("a", "a\n")
		s.git("commit", "-qm", "a")
		blob := s.git("rev-parse", "HEAD:a")
		s.feed("0 "+strings.Repeat("0", 40)+"\ta\n100644 "+blob+" 1\ta\n100644 "+blob+" 2\ta\n", "update-index", "--index-info")
		s.tryFed("", binary, "run", "pre-commit")
	}},
	{"lines of git that are none", "is no line", func(s *site) { s.tryFed("refs/heads/main\n", binary, "run", "reference-transaction", "prepared") }},
	{"ids of git that are none", "is no object id", func(s *site) {
		s.tryFed("--all --branches refs/heads/main\n", binary, "run", "reference-transaction", "prepared")
	}},
	{"a state is missing", "words are missing", func(s *site) { s.tryFed("", binary, "run", "reference-transaction") }},
	{"a hook that is none of ours", "is no hook of ours", func(s *site) { s.tryFed("", binary, "run", "post-commit") }},
	{"no repository", "error: ", func(s *site) { dir := s.dir; s.dir = filepath.Dir(s.dir); s.beside(dir, binary, "run", "pre-commit") }},
}

func TestWhatCannotBeJudgedIsRefused(t *testing.T) {
	for _, d := range denied {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d.do(s)
			if s.last.exit == 0 || !strings.Contains(s.last.text, d.says) {
				t.Errorf("exit %d, does not say %q:\n%s", s.last.exit, d.says, s.last.text)
			}
			if after := s.state(); after["refs"] != s.before["refs"] {
				t.Errorf("references changed:\n%s\n%s", s.before["refs"], after["refs"])
			}
			left, _ := filepath.Glob(filepath.Join(s.dir, ".git", "*.lock"))
			if len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

// beside runs a command where it is, and watches the repository.
func (s *site) beside(repo, name string, args ...string) {
	s.Helper()
	s.watch = repo
	s.tryFed("", name, args...)
}

func (s *site) object(id string) string { return filepath.Join(s.dir, ".git/objects", id[:2], id[2:]) }

func (s *site) remove(id string) {
	s.Helper()
	if err := os.Remove(s.object(id)); err != nil {
		s.Fatal(err)
	}
}

func (s *site) damage(id string) {
	s.Helper()
	if err := os.Chmod(s.object(id), 0o600); err != nil {
		s.Fatal(err)
	}
	if err := os.WriteFile(s.object(id), []byte("rubbish"), 0o600); err != nil {
		s.Fatal(err)
	}
}

// pathOf is a folder with nothing but links to programs.
func pathOf(s *site, names ...string) string {
	s.Helper()
	dir := filepath.Join(filepath.Dir(s.dir), "path")
	_ = os.Mkdir(dir, 0o755)
	for _, name := range names {
		if err := os.Symlink("/usr/bin/"+name, filepath.Join(dir, name)); err != nil && !os.IsExist(err) {
			s.Fatal(err)
		}
	}
	return dir
}
