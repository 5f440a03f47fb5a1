package stagedscan

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/secretexception"
)

// merging is a merge in progress of a branch that has a token since long.
func merging(t *testing.T) *site {
	s := newSite(t)
	s.git("checkout", "-qb", "other")
	s.stage("a.env", s.line())
	s.commit("too late")
	s.git("checkout", "-q", "main")
	s.stage("c.txt", "c\n")
	s.commit("c")
	s.git("merge", "-q", "--no-commit", "--no-ff", "other")
	return s
}

func TestAMergeTakesInWhatABranchHas(t *testing.T) {
	s := merging(t)
	report := s.staged()
	want(t, report, 0)
	if report.Known != 1 {
		t.Errorf("%d known", report.Known)
	}
	s.stage("b.env", s.line()) // the same token at another path is new
	want(t, s.staged(), 1)
	s.stage("b.env", "")
	s.stage("a.env", s.line()+newSite(t).token)
	want(t, s.staged(), 1)
}

// Before a merge's own hooks, git names the other side in a variable only.
func TestAMergeThatIsNamedByAVariable(t *testing.T) {
	s := merging(t)
	os.Remove(filepath.Join(s.dir, ".git", "MERGE_HEAD"))
	want(t, s.staged(), 1)
	t.Setenv("GITHEAD_"+s.git("rev-parse", "other"), "other")
	want(t, s.staged(), 0)
}

// A side that no branch has could have been made for this.
func TestAMergeOfWhatNoBranchHas(t *testing.T) {
	s := merging(t)
	s.git("branch", "-qD", "other")
	want(t, s.staged(), 1)
	t.Setenv("GITHEAD_"+strings.Repeat("a", 40), "forged")
	if report, err := Staged(context.Background(), gitchange.In(s.run)); err == nil {
		t.Errorf("a side that is not there: %v", report)
	}
}

// A policy that nobody could read would refuse the commit that repairs it.
func TestABrokenPolicyIsNotCommitted(t *testing.T) {
	for path, text := range map[string]string{
		configFile: "[[rules]]\nid = 'x'\n", baselineFile: "{}", secretexception.Path: "kind: Nonsense\n",
	} {
		s := newSite(t)
		s.stage(path, text)
		if _, err := Staged(context.Background(), gitchange.In(s.run)); fault.Code(err) != fault.CodeUsage || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
		s.stage(path, map[string]string{configFile: allowAll, baselineFile: "[]"}[path])
		s.git("rm", "-qf", "--cached", path)
		want(t, s.staged(), 0)
	}
}
