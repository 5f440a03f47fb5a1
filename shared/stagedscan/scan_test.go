package stagedscan

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/clawql/clawql-workbench/shared/gitchange"
)

func (s *site) staged() *Report {
	s.t.Helper()
	report, err := Staged(context.Background(), gitchange.In(s.run))
	if err != nil {
		s.t.Fatal(err)
	}
	return report
}

func (s *site) history(span string) *Report {
	s.t.Helper()
	report, err := All(context.Background(), gitchange.In(s.run))
	if span != "" {
		report, err = Range(context.Background(), gitchange.In(s.run), span)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return report
}

func want(t *testing.T, report *Report, findings int) {
	t.Helper()
	if len(report.Findings) != findings {
		t.Errorf("%d findings, want %d: %v", len(report.Findings), findings, report.Findings)
	}
}

// The first commit has no HEAD: all is new, and the policy is the staged one.
func TestFirstCommit(t *testing.T) {
	s := newSite(t)
	s.dir = t.TempDir()
	s.run = s.dir
	s.git("init", "-q")
	s.stage("a.env", s.line())
	want(t, s.staged(), 1)
	s.stage(".gitleaksignore", "a.env:clawql-api-key:1\n")
	report := s.staged()
	want(t, report, 0)
	if report.Policy != "index" {
		t.Errorf("policy from %s", report.Policy)
	}
}

// Policy counts from the commit on that brings it.
func TestCommittedPolicyCounts(t *testing.T) {
	s := newSite(t)
	s.stage(".gitleaks.toml", allowAll)
	s.commit("policy")
	s.stage("a.env", s.line())
	want(t, s.staged(), 0)
	s.stage(".gitleaks.toml", "[extend]\nuseDefault = true\n[[allowlists]]\npaths = ['docs/']\n")
	want(t, s.staged(), 0) // not yet in HEAD
	s.git("commit", "-qm", "stricter", "--", ".gitleaks.toml")
	want(t, s.staged(), 1)
}

// A secret that HEAD has in the same file is counted; a second one is found.
func TestOnlyNewSecretsRefuse(t *testing.T) {
	s := newSite(t)
	s.stage("a.env", s.line())
	s.commit("too late")
	s.stage("a.env", "# more\n"+s.line())
	report := s.staged()
	want(t, report, 0)
	if report.Known != 1 {
		t.Errorf("%d known", report.Known)
	}
	s.git("mv", "a.env", "b.env")
	s.git("add", ".")
	s.git("commit", "-qm", "moved")
	s.git("mv", "b.env", "c.env")
	want(t, s.staged(), 0)
	other := newSite(t).token
	s.stage("c.env", "key: "+other+" "+s.line())
	if report := s.staged(); len(report.Findings) == 0 {
		t.Error("the next secret on the line is not found")
	}
}

func TestCleanTreesAreClean(t *testing.T) {
	s := newSite(t)
	want(t, s.staged(), 0)
	s.stage("ids.txt", "cqk_0123456789abcdef vk_0123456789abcdef clawql-vk- mca_short CLAWQL_API_KEY=${CLAWQL_API_KEY}\n")
	s.git("rm", "-q", "sub/old.txt")
	want(t, s.staged(), 0)
}

func TestHistoryFindsWhatIsGoneAgain(t *testing.T) {
	s := newSite(t)
	first := s.git("rev-parse", "HEAD")
	s.stage("a.env", s.line())
	s.commit("in")
	s.git("rm", "-q", "a.env")
	s.commit("out")
	want(t, s.history(first+"..HEAD"), 1)
	want(t, s.history("HEAD~1..HEAD"), 0)
	want(t, s.history(""), 1)
	s.git("commit", "-q", "--allow-empty", "-m", "use "+s.token)
	report := s.history("HEAD~1..HEAD")
	want(t, report, 1)
	if len(report.Findings) == 1 && report.Findings[0].In != InMessage {
		t.Errorf("found in its %s", report.Findings[0].In)
	}
}

// What only the merge commit itself brings is in neither parent.
func TestEvilMergeIsSeen(t *testing.T) {
	s := newSite(t)
	s.git("checkout", "-qb", "other")
	s.stage("b.txt", "b\n")
	s.commit("b")
	s.git("checkout", "-q", "main")
	s.stage("c.txt", "c\n")
	s.commit("c")
	before := s.git("rev-parse", "HEAD")
	s.git("merge", "-q", "--no-commit", "--no-ff", "other")
	s.stage("evil.env", s.line())
	want(t, s.staged(), 1)
	s.commit("merge")
	want(t, s.history(before+"..HEAD"), 1)
}

func TestPaths(t *testing.T) {
	s := newSite(t)
	s.write("ignored/a.env", s.line())
	s.write(".gitignore", "ignored\n")
	report, err := Paths(context.Background(), gitchange.In(s.run), []string{filepath.Join(s.dir, "ignored"), filepath.Join(s.dir, "README.md")})
	if err != nil {
		t.Fatal(err)
	}
	want(t, report, 1)
	if len(report.Findings) == 1 && report.Findings[0].File != "ignored/a.env" {
		t.Errorf("found in %s", report.Findings[0].File)
	}
	t.Chdir(filepath.Join(s.dir, "sub"))
	for _, root := range []string{"../ignored", "../ignored/", "../ignored/a.env", ".."} {
		report, err := Paths(context.Background(), gitchange.In(""), []string{root})
		if err != nil || len(report.Findings) != 1 || report.Findings[0].File != "ignored/a.env" {
			t.Errorf("%s: %v %v", root, report.Findings, err)
		}
	}
	if _, err := Paths(context.Background(), gitchange.In(s.run), []string{filepath.Join(s.dir, "nowhere")}); err == nil {
		t.Error("a path that is not there is clean")
	}
}
