package stagedscan

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
)

// What cannot be looked at is refused, never clean.
var broken = map[string]func(s *site){
	"no repository":  func(s *site) { s.run = s.t.TempDir() },
	"a blob is gone": func(s *site) { s.stage("a.env", s.line()); s.remove(s.git("rev-parse", ":a.env")) },
	"a corrupt blob": func(s *site) { s.stage("a.env", s.line()); s.corrupt(s.git("rev-parse", ":a.env")) },
	"a blob with a token in its name is gone": func(s *site) { s.stage(s.token, "x"); s.remove(s.git("rev-parse", ":"+s.token)) },
	"a corrupt index":                         func(s *site) { s.stage("a.env", s.line()); s.write(".git/index", "DIRC rubbish") },
	"an unmerged path":                        func(s *site) { s.unmerged() },
	"HEAD's commit is gone":                   func(s *site) { s.stage("a.env", s.line()); s.remove(s.git("rev-parse", "HEAD")) },
	"a broken branch":                         func(s *site) { s.stage("a.env", s.line()); s.write(".git/refs/heads/main", "rubbish\n") },
	"a broken HEAD":                           func(s *site) { s.stage("a.env", s.line()); s.write(".git/HEAD", "rubbish\n") },
	"HEAD's policy is wrong":                  func(s *site) { s.stage(".gitleaks.toml", "[[rules]]\nid = 'x'\n"); s.commit("x"); s.stage("a", "a") },
	"policy with a bad regex": func(s *site) {
		s.stage(".gitleaks.toml", "[[rules]]\nid = 'x'\nregex = '('\n")
		s.commit("x")
		s.stage("a", "a")
	},
	"policy is a folder": func(s *site) { s.stage(".gitleaks.toml/x", "x"); s.commit("x"); s.stage("a", "a") },
	"policy extends outside": func(s *site) {
		s.stage(".gitleaks.toml", "[extend]\npath = '../x.toml'\n")
		s.commit("x")
		s.stage("a", "a")
	},
	"policy extends nothing": func(s *site) {
		s.stage(".gitleaks.toml", "[extend]\npath = 'x.toml'\n")
		s.commit("x")
		s.stage("a", "a")
	},
	"no git": func(s *site) { s.stage("a", "a"); s.t.Setenv("PATH", s.t.TempDir()) },
}

func (s *site) object(id string) string {
	return filepath.Join(s.dir, ".git", "objects", id[:2], id[2:])
}

func (s *site) remove(id string) {
	if err := os.Remove(s.object(id)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) corrupt(id string) {
	s.remove(id)
	if err := os.WriteFile(s.object(id), []byte("rubbish"), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) unmerged() {
	s.git("checkout", "-qb", "other")
	s.stage("README.md", "theirs\n")
	s.commit("theirs")
	s.git("checkout", "-q", "main")
	s.stage("README.md", "ours\n")
	s.commit("ours")
	s.git("read-tree", "-m", "other~1", "main", "other")
}

func TestWhatCannotBeReadIsRefused(t *testing.T) {
	for name, breaks := range broken {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			breaks(s)
			report, err := Staged(context.Background(), gitchange.In(s.run))
			if err == nil {
				t.Fatalf("PASSED with %d findings", len(report.Findings))
			}
			if code := fault.Code(err); code != fault.CodeUnable && code != fault.CodeUsage {
				t.Errorf("exit code %d: %v", code, err)
			}
			if strings.Contains(err.Error(), s.token) {
				t.Error("the error tells the token")
			}
		})
	}
}
