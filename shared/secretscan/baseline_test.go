package secretscan

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/zricethezav/gitleaks/v8/detect"
	"github.com/zricethezav/gitleaks/v8/report"
)

// A report that gitleaks wrote is a baseline that leaves out what it found,
// redacted or not, as gitleaks' own comparison has it; and nothing else.
func TestBaselineAsGitleaksComparesIt(t *testing.T) {
	checked := 0
	for _, one := range examples(t) {
		theirs := oracle().Detect(detect.Fragment{Raw: one.text, FilePath: one.path, StartLine: 1, CommitSHA: "c0ffee"})
		found, err := plain().detect(context.Background(), one.path, one.text)
		if err != nil {
			t.Fatal(err)
		}
		if len(theirs) == 0 || len(found) == 0 || found[0].StartLine == 0 {
			continue
		}
		for i := range theirs {
			theirs[i].Commit = "c0ffee"
		}
		for _, percent := range []uint{0, 50, 100} {
			checked++
			b := baselineOf(t, theirs, percent)
			for _, f := range found {
				moved := f
				moved.StartLine++
				if !b.Has(f, "c0ffee") || b.Has(f, "") || b.Has(moved, "c0ffee") {
					t.Errorf("%s, redacted by %d: %v %v %v", f.Rule, percent, b.Has(f, "c0ffee"), b.Has(f, ""), b.Has(moved, "c0ffee"))
				}
				f.Secret = newSecret("another")
				if percent == 0 && b.Has(f, "c0ffee") {
					t.Errorf("%s: another secret at the place is in the baseline", f.Rule)
				}
			}
		}
		if checked > 150 {
			return
		}
	}
	t.Errorf("%d comparisons only", checked)
}

func baselineOf(t *testing.T, findings []report.Finding, percent uint) *Baseline {
	t.Helper()
	findings = slices.Clone(findings)
	for i := range findings {
		if percent > 0 {
			findings[i].Redact(percent)
		}
		findings[i].Fragment = nil
	}
	var text bytes.Buffer
	if err := (&report.JsonReporter{}).Write(closer{&text}, findings); err != nil {
		t.Fatal(err)
	}
	b, err := ReadBaseline("report.json", text.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type closer struct{ *bytes.Buffer }

func (closer) Close() error { return nil }

func TestWhatIsNoBaseline(t *testing.T) {
	for _, text := range []string{"", "null", "{}", "[1]", `[{"RuleID":1}]`, "secret-word"} {
		_, err := ReadBaseline("b.json", []byte(text))
		if fault.Code(err) != fault.CodeUsage || strings.Contains(err.Error(), "secret-word") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if b, err := ReadBaseline("b.json", []byte("[]")); err != nil || b.Has(Finding{}, "") {
		t.Errorf("an empty report: %v", err)
	}
}

func TestAllowedInACommit(t *testing.T) {
	id := strings.Repeat("ab", 20)
	for name, c := range map[string]struct {
		config, ignore string
		want           bool
	}{
		"nothing":             {"", "", false},
		"fingerprint":         {"", id + ":a.env:r:1\n", true},
		"of another commit":   {"", "00" + id[2:] + ":a.env:r:1\n", false},
		"of another line":     {"", id + ":a.env:r:2\n", false},
		"global list":         {"[[allowlists]]\ncommits = ['" + strings.ToUpper(id) + "']\n", "", true},
		"list of another one": {"[[allowlists]]\ncommits = ['" + id[2:] + "']\n", "", false},
		"list of the rule":    {"[[rules.allowlists]]\ncommits = ['" + id + "']\n", "", true},
		"list, and its path":  {"[[allowlists]]\ncondition = 'AND'\ncommits = ['" + id + "']\npaths = ['env$']\n", "", true},
		"list, another path":  {"[[allowlists]]\ncondition = 'AND'\ncommits = ['" + id + "']\npaths = ['txt$']\n", "", false},
		"list, and its regex": {"[[allowlists]]\ncondition = 'AND'\ncommits = ['" + id + "']\nregexes = ['k{3}']\n", "", true},
		"list, another regex": {"[[allowlists]]\ncondition = 'AND'\ncommits = ['" + id + "']\nregexes = ['z']\n", "", false},
		"list, another word":  {"[[allowlists]]\ncondition = 'AND'\ncommits = ['" + id + "']\nstopwords = ['z']\n", "", false},
		"list, and its line":  {"[[allowlists]]\ncondition = 'AND'\ncommits = ['" + id + "']\nregexTarget = 'line'\nregexes = ['behind']\n", "", true},
		"list, and its match": {"[[allowlists]]\ncondition = 'AND'\ncommits = ['" + id + "']\nregexTarget = 'match'\nregexes = ['^key']\n", "", true},
		"list, another match": {"[[allowlists]]\ncondition = 'AND'\ncommits = ['" + id + "']\nregexTarget = 'match'\nregexes = ['behind']\n", "", false},
	} {
		config := "[[rules]]\nid = 'r'\nregex = 'key=(k+)'\nkeywords = ['key']\n" + c.config
		p, err := Compile(Sources{Config: []byte(config), Ignore: []byte(c.ignore)})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		found, err := p.Scan(context.Background(), "a.env", []byte("key=kkkk behind\n"))
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %v %v", name, found, err)
		}
		if got := p.AllowedIn(id, found[0]); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
		if p.AllowedIn("", found[0]) {
			t.Errorf("%s: allowed in no commit at all", name)
		}
	}
}

func FuzzBaseline(f *testing.F) {
	text, _ := json.Marshal([]report.Finding{{RuleID: "r", File: "a", Secret: "REDACTED"}})
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := ReadBaseline("b", text)
		if (err == nil) == (b == nil) {
			t.Errorf("%v and %v", b, err)
		}
		b.Has(Finding{Rule: "r"}, "")
	})
}
