package stagedscan

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/secretscan/leaktest"
)

// past is a forged repository, and what the test has asked it.
type past struct {
	t       *testing.T
	dir     string
	parents map[string]int
	wholes  map[string]map[string]bool
}

func forgedPast(t *testing.T, seed int64, commits int) *past {
	t.Helper()
	forge, err := leaktest.New(seed)
	if err != nil {
		t.Fatal(err)
	}
	p := &past{t: t, dir: t.TempDir(), parents: map[string]int{}, wholes: map[string]map[string]bool{}}
	p.git(nil, "init", "-q", "-b", "main")
	p.git(forge.History(commits), "fast-import", "--quiet", "--done", "--date-format=raw")
	for line := range strings.Lines(p.git(nil, "rev-list", "--all", "--parents")) {
		words := strings.Fields(line)
		p.parents[words[0]] = len(words) - 1
	}
	planted := 0
	for _, n := range forge.Planted {
		planted += n
	}
	t.Logf("%d commits, %d secrets of %d rules planted", len(p.parents), planted, len(forge.Planted))
	return p
}

func (p *past) git(input []byte, args ...string) string {
	p.t.Helper()
	c := exec.Command("git", args...)
	c.Dir, c.Stdin = p.dir, bytes.NewReader(input)
	c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	out, err := c.Output()
	if err != nil {
		p.t.Fatalf("git %v: %v", args, err)
	}
	return string(out)
}

// whole says whether gitleaks' detector finds it in the file's whole version.
func (p *past) whole(one row) bool {
	at := one.Commit + ":" + one.File
	if p.wholes[at] == nil {
		p.wholes[at] = whole(one.File, []byte(p.git(nil, "cat-file", "blob", at)))
	}
	return p.wholes[at][fmt.Sprintf("%s %d %s", one.Rule, one.Line, one.Secret)]
}

// more names the reason for a finding that gitleaks has not.
func (p *past) more(one row, in string) string {
	switch {
	case notGitleaks(one, in) != "":
		return notGitleaks(one, in)
	case !p.whole(one):
		return ""
	case p.parents[one.Commit] > 1:
		return "brought by a merge: gitleaks looks at no merge"
	}
	return "in the whole file, of which gitleaks sees the added lines only, each block alone"
}

// less names the reason for a row that only gitleaks has: none but those that
// ours has once, or finds in the whole file to be another one.
func (p *past) less(one row, ours map[row]int, report *Report) string {
	if ours[one] > 0 {
		return "the same finding again: gitleaks names a file once for each block of added lines"
	}
	if p.whole(one) {
		return ""
	}
	for _, f := range report.Findings {
		if f.Commit == one.Commit && f.File == one.File && f.StartLine <= one.Line && one.Line <= f.EndLine {
			return "a block of added lines by itself reads otherwise: in the whole file gitleaks' detector has another secret on that line, and so has ours"
		}
	}
	return ""
}

func TestHistoryFindsWhatGitleaksGitFinds(t *testing.T) {
	needGitleaks(t)
	p := forgedPast(t, 13, 400)
	begun := time.Now()
	theirs := gitleaksRows(t, p.dir, "git")
	took := time.Since(begun)
	begun = time.Now()
	report, err := All(context.Background(), gitchange.In(p.dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("gitleaks took %v, ours %v", took, time.Since(begun))
	ours, in := ourRows(report)
	reasons := map[string]int{}
	for _, one := range difference(theirs, ours) {
		reason := p.less(one, ours, report)
		if reason == "" {
			t.Errorf("only gitleaks finds %s", one)
		}
		reasons["only gitleaks: "+reason]++
	}
	for _, one := range difference(ours, theirs) {
		reason := p.more(one, in[one])
		if reason == "" {
			t.Errorf("only ours finds %s, in its %s", one, in[one])
		}
		reasons["only ours: "+reason]++
	}
	equal := len(ours) - len(difference(ours, theirs))
	tell(t, equal, reasons)
	if equal < 1000 {
		t.Errorf("the history gave %d common findings only", equal)
	}
}
