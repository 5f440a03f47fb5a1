package stagedscan

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/gitchange"
)

func (s *site) commits(policyAt string, ids ...string) *Report {
	s.t.Helper()
	report, err := Commits(context.Background(), gitchange.In(s.run), ids, policyAt)
	if err != nil {
		s.t.Fatal(err)
	}
	return report
}

// input runs git with text on its standard input.
func (s *site) input(text string, args ...string) string {
	s.t.Helper()
	c := exec.Command("git", args...)
	c.Dir, c.Stdin = s.dir, strings.NewReader(text)
	out, err := c.CombinedOutput()
	if err != nil {
		s.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// history are ways to bring a token in by commits that no staged scan saw.
// Each gives the ids to look at.
var history = map[string]func(s *site) (ids []string){
	"content": func(s *site) []string { s.stage("a.env", s.line()); s.commit("x"); return s.head() },
	"message": func(s *site) []string { s.git("commit", "-q", "--allow-empty", "-m", s.token); return s.head() },
	"author": func(s *site) []string {
		s.git("commit", "-q", "--allow-empty", "-m", "x", "--author", s.token+" <a@example.org>")
		return s.head()
	},
	"committer's address": func(s *site) []string {
		s.t.Setenv("GIT_COMMITTER_EMAIL", s.token+"@example.org")
		s.commit2("x")
		return s.head()
	},
	"a header that git does not know": func(s *site) []string {
		raw := s.git("cat-file", "commit", "HEAD")
		return []string{s.input(strings.Replace(raw, "\n\n", "\nnote "+s.token+"\n\n", 1)+"\n", "hash-object", "-t", "commit", "-w", "--stdin", "--literally")}
	},
	"message in UTF-16": func(s *site) []string {
		raw := s.git("cat-file", "commit", "HEAD")
		return []string{s.input(raw+"\n"+wide(s.token, 0), "hash-object", "-t", "commit", "-w", "--stdin", "--literally")}
	},
	"name": func(s *site) []string { s.stage(s.token, "x"); s.commit("x"); return s.head() },
	"link": func(s *site) []string {
		os.Symlink(s.token, filepath.Join(s.dir, "l"))
		s.git("add", ".")
		s.commit("x")
		return s.head()
	},
	"a root commit": func(s *site) []string {
		s.git("checkout", "-q", "--orphan", "o")
		s.stage("a.env", s.line())
		s.commit("x")
		return s.head()
	},
	"in and out again": func(s *site) []string {
		s.stage("a.env", s.line())
		s.commit("in")
		in := s.head()
		s.git("rm", "-q", "a.env")
		s.commit("out")
		return append(in, s.head()...)
	},
	"seen as known before it is seen as new": func(s *site) []string {
		s.stage("a.env", s.line())
		s.commit("in")
		ids := s.head()
		s.stage("a.env", s.line()+"more\n")
		s.commit("more")
		ids = append(s.head(), ids...)
		s.stage("a.env", s.line())
		s.commit("back")
		return append(s.head(), ids...)
	},
	"an evil merge": func(s *site) []string {
		s.fork()
		s.git("merge", "-q", "--no-commit", "--no-ff", "other")
		s.stage("sub/old.txt", s.line())
		s.commit("merge")
		return s.head()
	},
	"a merge of a file that both sides changed": func(s *site) []string {
		s.fork()
		s.git("merge", "-q", "--no-commit", "--no-ff", "other")
		s.stage("b.txt", "ours and theirs\n"+s.line())
		s.commit("merge")
		return s.head()
	},
	"an octopus": func(s *site) []string {
		s.fork()
		tree := s.input("100644 blob "+s.input(s.line(), "hash-object", "-w", "--stdin")+"\ta.env\n", "mktree")
		return []string{s.git("commit-tree", "-m", "x", "-p", "HEAD", "-p", "other", "-p", "HEAD~1", tree)}
	},
	"a tag's message":  func(s *site) []string { s.git("tag", "-a", "-m", s.token, "v1"); return s.tag("v1") },
	"a tag's own name": func(s *site) []string { s.git("tag", "-a", "-m", "x", s.token); return s.tag(s.token) },
	"a tag of a tag": func(s *site) []string {
		s.git("tag", "-am", s.token, "v1")
		s.git("tag", "-am", "x", "v2", "v1")
		return s.tag("v2")
	},
	"a tag of a blob":          func(s *site) []string { return s.tagOf(s.input(s.line(), "hash-object", "-w", "--stdin")) },
	"a tag of a tree":          func(s *site) []string { return s.tagOf(s.tree()) },
	"a blob, pushed by itself": func(s *site) []string { return []string{s.input(s.line(), "hash-object", "-w", "--stdin")} },
	"a tree, pushed by itself": func(s *site) []string { return []string{s.tree()} },
	"a replaced commit": func(s *site) []string {
		clean := s.git("rev-parse", "HEAD")
		s.stage("a.env", s.line())
		s.commit("x")
		s.git("replace", s.git("rev-parse", "HEAD"), clean)
		return []string{s.git("--no-replace-objects", "rev-parse", "HEAD")}
	},
	"a graft": func(s *site) []string {
		s.stage("a.env", s.line())
		s.commit("x")
		in := s.git("rev-parse", "HEAD")
		s.write(".git/info/grafts", in+" "+in+"\n")
		return []string{in}
	},
	"a policy of its own": func(s *site) []string {
		s.stage(".gitleaks.toml", allowAll)
		s.stage("a.env", s.line())
		s.commit("x")
		return s.head()
	},
}

func (s *site) head() []string { return []string{s.git("rev-parse", "HEAD")} }

func (s *site) tag(name string) []string { return []string{s.git("rev-parse", "refs/tags/"+name)} }

func (s *site) tagOf(id string) []string { s.git("tag", "-a", "-m", "x", "v1", id); return s.tag("v1") }

func (s *site) commit2(message string) { s.git("commit", "-q", "--allow-empty", "-m", message) }

func (s *site) tree() string {
	return s.input("100644 blob "+s.input(s.line(), "hash-object", "-w", "--stdin")+"\ta.env\n", "mktree")
}

// fork makes a branch "other" beside main, with b.txt on both.
func (s *site) fork() {
	s.git("checkout", "-qb", "other")
	s.stage("b.txt", "theirs\n")
	s.commit("b")
	s.git("checkout", "-q", "main")
	s.stage("c.txt", "ours\n")
	s.commit("c")
}

func TestNoTokenGetsPastTheScanOfCommits(t *testing.T) {
	for name, attack := range history {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			before := s.git("rev-parse", "HEAD")
			ids := attack(s)
			report := s.commits(before, ids...)
			if len(report.Findings) == 0 {
				t.Fatal("PASSED")
			}
			for _, f := range report.Findings {
				if strings.Contains(f.File, s.token) {
					t.Error("the file's name tells the token")
				}
			}
		})
	}
}

// A merge does not answer for what its parents brought: those are looked at,
// or are on the other side already.
func TestMergeOfOldSecretsIsNoNewOne(t *testing.T) {
	s := newSite(t)
	s.stage("a.env", s.line())
	s.commit("too late")
	s.git("checkout", "-qb", "other", "HEAD~1")
	s.stage("b.txt", "b\n")
	s.commit("b")
	s.git("merge", "-q", "--no-ff", "-m", "merge", "main")
	want(t, s.commits("main", s.head()...), 0)
}

func TestAllSeesRefsStashAndNotes(t *testing.T) {
	for name, attack := range map[string]func(s *site){
		"a ref's name": func(s *site) { s.git("update-ref", "refs/heads/"+s.token, "HEAD") },
		"a note":       func(s *site) { s.git("notes", "add", "-m", s.token) },
		"the stash":    func(s *site) { s.write("README.md", s.line()); s.git("stash", "-q") },
		"an untracked file in the stash": func(s *site) {
			s.write("new.env", s.line())
			s.git("stash", "-q", "--include-untracked")
		},
		"an older entry of the stash": func(s *site) {
			s.write("README.md", s.line())
			s.git("stash", "-q")
			s.write("README.md", "other\n")
			s.git("stash", "-q")
		},
		"a tag of a blob":  func(s *site) { s.git("tag", "b", s.input(s.line(), "hash-object", "-w", "--stdin")) },
		"an annotated tag": func(s *site) { s.git("tag", "-am", s.token, "v1") },
		"a branch not HEAD's": func(s *site) {
			s.git("checkout", "-qb", "o")
			s.stage("a", s.line())
			s.commit("x")
			s.git("checkout", "-q", "main")
		},
		"a detached HEAD": func(s *site) { s.git("checkout", "-q", "--detach"); s.stage("a", s.line()); s.commit("x") },
		"a ref outside refs/heads": func(s *site) {
			s.git("update-ref", "refs/x/y", s.git("commit-tree", "-m", s.token, "HEAD^{tree}"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			attack(s)
			if len(s.history("").Findings) == 0 {
				t.Fatal("PASSED")
			}
		})
	}
}

// The old side's policy counts for a range: what it allows passes, and what
// the range itself allows does not.
func TestRangeHasThePolicyOfItsOldSide(t *testing.T) {
	s := newSite(t)
	s.stage(".gitleaks.toml", allowAll)
	s.commit("policy")
	s.stage("a.env", s.line())
	s.commit("allowed")
	want(t, s.history("HEAD~1..HEAD"), 0)
	want(t, s.history("HEAD~2..HEAD"), 1)
	s.git("rm", "-q", ".gitleaks.toml")
	s.commit("stricter")
	s.stage("b.env", s.line())
	s.commit("in")
	want(t, s.history("HEAD~1..HEAD"), 1)
}

func TestCommitsThatAreNotThereAreRefused(t *testing.T) {
	s := newSite(t)
	for _, id := range []string{strings.Repeat("1", 40), "nonsense", "-x", "a\nb", ""} {
		if report, err := Commits(context.Background(), gitchange.In(s.run), []string{id}, "HEAD"); err == nil {
			t.Errorf("%q: %d findings and no error", id, len(report.Findings))
		}
		if report, err := Commits(context.Background(), gitchange.In(s.run), s.head(), strings.Repeat("1", 40)); err == nil {
			t.Errorf("policy of a commit that is not there: %v", report.Policy)
		}
	}
}

// A server has no index and no work tree.
func TestCommitsInABareRepository(t *testing.T) {
	s := newSite(t)
	s.stage("a.env", s.line())
	s.commit("in")
	id := s.head()
	bare := filepath.Join(t.TempDir(), "bare.git")
	s.git("clone", "-q", "--bare", s.dir, bare)
	s.run = bare
	for _, at := range []string{"", id[0] + "~1"} {
		want(t, s.commits(at, id...), 1)
	}
}
