package stagedscan

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zricethezav/gitleaks/v8/detect"

	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/secretscan/leaktest"
)

// These tests run the real gitleaks command, of the version in go.mod, over
// large trees and a history, and compare what it reports with what a scan
// reports: commit, rule, file, line and secret. They run where CLAWQL_REQUIRE
// names gitleaks; CLAWQL_GITLEAKS names its binary, which is else built.

// row is a finding as both can be asked for it; the secret by a keyed hash.
type row struct {
	Commit, Rule, File string
	Line               int
	Secret             string
}

func (r row) String() string {
	return fmt.Sprintf("%.10s %s:%d %s %s", r.Commit, r.File, r.Line, r.Rule, r.Secret)
}

var equalityKey = []byte("a key for tests")

func hashed(secret string) string {
	mac := hmac.New(sha256.New, equalityKey)
	mac.Write([]byte(secret))
	return hex.EncodeToString(mac.Sum(nil)[:8])
}

var gitleaksBinary = sync.OnceValues(func() (string, error) {
	if name := os.Getenv("CLAWQL_GITLEAKS"); name != "" {
		return filepath.Abs(name)
	}
	dir, err := os.MkdirTemp("", "gitleaks")
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "gitleaks"), "github.com/zricethezav/gitleaks/v8")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build gitleaks: %w: %s", err, out)
	}
	return filepath.Join(dir, "gitleaks"), nil
})

// gitleaksRows runs `gitleaks KIND .` in a folder.
func gitleaksRows(t *testing.T, dir, kind string) map[row]int {
	t.Helper()
	command, err := gitleaksBinary()
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "report.json")
	run := exec.Command(command, kind, ".", "--no-banner", "--exit-code", "0", "-f", "json", "-r", out)
	run.Dir = dir
	if text, err := run.CombinedOutput(); err != nil {
		t.Fatalf("gitleaks %s: %v\n%s", kind, err, text)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var found []struct {
		RuleID, File, Secret, Match, Commit string
		StartLine                           int
	}
	if err := json.Unmarshal(text, &found); err != nil {
		t.Fatal(err)
	}
	rows := map[row]int{}
	for _, f := range found {
		if strings.HasPrefix(f.Match, "file detected: ") {
			f.Secret, f.StartLine = "", 0 // the file itself, in whichever line the fragment began
		}
		rows[row{f.Commit, f.RuleID, f.File, f.StartLine, hashed(f.Secret)}]++
	}
	return rows
}

// ourRows are the findings of a report as rows, and where each stood.
func ourRows(report *Report) (rows map[row]int, in map[row]string) {
	rows, in = map[row]int{}, map[row]string{}
	for _, f := range report.Findings {
		one := row{f.Commit, f.Rule, f.File, f.StartLine, f.Secret.Hash(equalityKey)}
		rows[one]++
		in[one] = f.In
	}
	return rows, in
}

// difference is what is more in a than in b.
func difference(a, b map[row]int) []row {
	var rows []row
	for one, n := range a {
		if n > b[one] {
			rows = append(rows, one)
		}
	}
	slices.SortFunc(rows, func(x, y row) int { return strings.Compare(x.String(), y.String()) })
	return rows
}

// whole is what gitleaks' own detector finds in a content that it is given in
// one piece, by rule, line and secret.
func whole(path string, content []byte) map[string]bool {
	found := map[string]bool{}
	for _, f := range wholeDetector().Detect(detect.Fragment{Raw: string(content), FilePath: path, StartLine: 1}) {
		found[fmt.Sprintf("%s %d %s", f.RuleID, f.StartLine, hashed(f.Secret))] = true
	}
	return found
}

var wholeDetector = sync.OnceValue(func() *detect.Detector {
	d, err := detect.NewDetectorDefaultConfig()
	if err != nil {
		panic(err)
	}
	d.MaxDecodeDepth = 5
	return d
})

// notGitleaks names the reason for findings of rules that gitleaks has not.
func notGitleaks(one row, in string) string {
	switch {
	case strings.HasPrefix(one.Rule, "clawql-"):
		return "a rule of ClawQL"
	case one.Rule == RuleUnread || one.Rule == RuleURL || one.Rule == RuleLive:
		return "a check of ours, " + one.Rule
	case in != InContent:
		return "in a " + in + ", where gitleaks does not look"
	}
	return ""
}

// tell logs the categories.
func tell(t *testing.T, equal int, reasons map[string]int) {
	t.Helper()
	t.Logf("%d findings are the same", equal)
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		t.Logf("%5d %s", reasons[reason], reason)
	}
}

func needGitleaks(t *testing.T) {
	t.Helper()
	if !slices.Contains(strings.Split(os.Getenv("CLAWQL_REQUIRE"), ","), "gitleaks") {
		t.Skip("CLAWQL_REQUIRE does not name gitleaks")
	}
}

func TestPathsFindWhatGitleaksDirFinds(t *testing.T) {
	needGitleaks(t)
	trees := map[string]func(*leaktest.Forge) []leaktest.File{
		"monorepo":       func(f *leaktest.Forge) []leaktest.File { return append(f.Monorepo(360), f.Bundles(2)...) },
		"infrastructure": func(f *leaktest.Forge) []leaktest.File { return append(f.Infrastructure(500), f.Dumps(4)...) },
	}
	for name, make := range trees {
		t.Run(name, func(t *testing.T) {
			forge, err := leaktest.New(11)
			if err != nil {
				t.Fatal(err)
			}
			dir, size, planted := t.TempDir(), 0, 0
			for _, file := range make(forge) {
				put(t, filepath.Join(dir, file.Path), file.Content)
				size += len(file.Content)
			}
			for _, n := range forge.Planted {
				planted += n
			}
			t.Logf("%d MB, %d secrets of %d rules planted", size>>20, planted, len(forge.Planted))
			sameAsDir(t, dir)
		})
	}
}

// wholes are what gitleaks' detector finds in files that it is given in one
// piece, where they are larger than a piece of its command.
type wholes map[string]map[string]bool

func (w wholes) has(t *testing.T, one row) bool {
	t.Helper()
	content, err := os.ReadFile(one.File)
	if err != nil {
		t.Fatal(err)
	}
	if len(content) <= 100_000 {
		return false
	}
	if w[one.File] == nil {
		w[one.File] = whole(one.File, content)
	}
	return w[one.File][fmt.Sprintf("%s %d %s", one.Rule, one.Line, one.Secret)]
}

// covered says that a finding of the same rule spans the line.
func covered(report *Report, one row) bool {
	return slices.ContainsFunc(report.Findings, func(f Finding) bool {
		return f.Rule == one.Rule && f.File == one.File && f.StartLine <= one.Line && one.Line <= f.EndLine
	})
}

func put(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func sameAsDir(t *testing.T, dir string) {
	begun := time.Now()
	theirs := gitleaksRows(t, dir, "dir")
	took := time.Since(begun)
	t.Chdir(dir)
	begun = time.Now()
	report, err := Paths(context.Background(), gitchange.In(""), []string{"."})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("gitleaks took %v, ours %v", took, time.Since(begun))
	ours, in := ourRows(report)
	reasons := map[string]int{}
	contents := wholes{}
	for _, one := range difference(theirs, ours) {
		if !contents.has(t, one) && covered(report, one) {
			reasons["only gitleaks, in a piece that it cut from a large file; in one piece its detector has a longer match there, as ours"]++
			continue
		}
		t.Errorf("only gitleaks finds %s", one)
	}
	for _, one := range difference(ours, theirs) {
		reason := notGitleaks(one, in[one])
		if reason == "" {
			if contents.has(t, one) {
				reason = "gitleaks reads a large file in pieces, and loses what lies across their ends; in one piece its detector finds it"
			}
		}
		if reason == "" {
			t.Errorf("only ours finds %s, in its %s", one, in[one])
		}
		reasons[reason]++
	}
	equal := len(ours) - len(difference(ours, theirs))
	tell(t, equal, reasons)
	if equal < 1000 {
		t.Errorf("the tree gave %d common findings only", equal)
	}
}
