package commitguard

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// children runs the hook for lines OLD NEW REF, and counts how often it starts
// git: a program of that name before the real one on PATH writes a line.
func (s *site) children(lines string) (count int, text string) {
	s.Helper()
	real, err := exec.LookPath("git")
	if err != nil {
		s.Fatal(err)
	}
	dir := s.TempDir()
	log := filepath.Join(dir, "log")
	script := fmt.Sprintf("#!/bin/sh\necho x >>'%s'\nexec '%s' \"$@\"\n", log, real)
	if err := os.WriteFile(filepath.Join(dir, "git"), []byte(script), 0o755); err != nil {
		s.Fatal(err)
	}
	c := exec.Command(binary, "run", "reference-transaction", "prepared")
	c.Dir, c.Stdin = s.dir, strings.NewReader(lines)
	c.Env = append(s.environment(), "PATH="+dir+":"+os.Getenv("PATH"))
	out, _ := c.CombinedOutput() // a refusal is a code other than 0
	started, err := os.ReadFile(log)
	if err != nil {
		s.Fatal(err)
	}
	return strings.Count(string(started), "\n"), string(out)
}

// newBranches are lines that make n new branches, of some commits in turn.
func newBranches(n int, commits ...string) string {
	var b strings.Builder
	for i := range n {
		id := commits[i%len(commits)]
		fmt.Fprintf(&b, "%s %s refs/heads/new/%d\n", strings.Repeat("0", len(id)), id, i)
	}
	return b.String()
}

// However many branches a transaction makes, git is started as often.
func TestManyBranchesStartAsManyChildrenAsFew(t *testing.T) {
	s := newSite(t)
	var commits []string
	for i := range 6 {
		parent := s.git("rev-parse", "HEAD")
		commits = append(commits, s.feed(fmt.Sprint("work ", i), "commit-tree", "-p", parent, parent+"^{tree}"))
	}
	few, text1 := s.children(newBranches(6, commits...))
	many, text2 := s.children(newBranches(500, commits...))
	if text1 != "" || text2 != "" {
		t.Fatalf("they are refused: %s%s", text1, text2)
	}
	if few != many || many > 8 {
		t.Errorf("6 branches start git %d times, 500 branches %d times", few, many)
	}
}

// Branches that each have a policy of their own, because each stood elsewhere
// before, share one reader of objects: each starts git once more, to list what
// its one commit changes.
func TestBranchesThatMoveStartOneChildEach(t *testing.T) {
	s := newSite(t)
	head := s.git("rev-parse", "HEAD")
	var lines [2]string
	for i := range 12 {
		old := s.feed(fmt.Sprint("old ", i), "commit-tree", "-p", head, head+"^{tree}")
		fresh := s.feed(fmt.Sprint("new ", i), "commit-tree", "-p", old, head+"^{tree}")
		for n, most := range []int{2, 12} {
			if i < most {
				lines[n] += fmt.Sprintf("%s %s refs/heads/moved/%d\n", old, fresh, i)
			}
		}
	}
	few, text1 := s.children(lines[0])
	many, text2 := s.children(lines[1])
	if text1 != "" || text2 != "" || many-few > 10 {
		t.Errorf("2 branches start git %d times, 12 branches %d times; %s%s", few, many, text1, text2)
	}
}

// Where signatures count, too; and one branch of hundreds that is refused is
// found with few more.
func TestManySignedBranchesStartFewChildren(t *testing.T) {
	w := newSigned(bareSite(t), soft)
	good := w.store(w.raw(w.draft(w.ann.Email), w.ann.Signer))
	few, text1 := w.children(newBranches(2, good))
	many, text2 := w.children(newBranches(400, good))
	if text1 != "" || text2 != "" {
		t.Fatalf("they are refused: %s%s", text1, text2)
	}
	if few != many {
		t.Errorf("2 branches start git %d times, 400 branches %d times", few, many)
	}
	bad := w.store(w.raw(w.draft(w.eve.Email), w.eve.Signer))
	lines := newBranches(400, good) + newBranches(1, bad) // the last of 401
	lines = strings.Replace(lines, bad+" refs/heads/new/0", bad+" refs/heads/new/233x", 1)
	count, text := w.children(lines)
	if !strings.Contains(text, "commit refused") && !strings.Contains(text, "refused") || !strings.Contains(text, bad[:10]) {
		t.Errorf("a branch with a commit of eve's gets in: %s", text)
	}
	if count > 60 {
		t.Errorf("to find one of 401 git is started %d times", count)
	}
}
