package secretscan

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// configs are ways to write a .gitleaks.toml; the oracle is gitleaks' own
// command, one process each, because its loader keeps state.
var configs = map[string]string{
	"defaults and an allow list": "[extend]\nuseDefault = true\n[[allowlists]]\npaths = ['''file1\\.go''']\nregexes = ['''AKIA.*''']\n",
	"upstream's old form":        "title = 'x'\n[extend]\nuseDefault = true\n[allowlist]\ndescription = 'd'\npaths = ['''file[23]''']\nstopwords = ['secret', 'aaa']\n",
	"disabled rules":             "[extend]\nuseDefault = true\ndisabledRules = ['generic-api-key', 'jwt']\n",
	"a rule laid over":           "[extend]\nuseDefault = true\n[[rules]]\nid = 'generic-api-key'\nentropy = 4.2\nkeywords = ['zebra']\n[[rules.allowlists]]\nregexTarget = 'line'\nregexes = ['func']\n",
	"rules of its own":           "[[rules]]\nid = 'tok'\nregex = '''tok[a-z]* = \"([^\"]+)\"'''\nkeywords = ['TOK']\n[[rules]]\nid = 'any'\nregex = '''secretGroup\\d'''\n[[rules]]\nid = 'p'\npath = '''file4'''\n",
	"and, targeted":              "[extend]\nuseDefault = true\n[[allowlists]]\ncondition = 'AND'\ntargetRules = ['generic-api-key', 'github-pat']\npaths = ['''file''']\nregexes = ['''[0-4]$''']\n",
	"required rules":             "[extend]\nuseDefault = true\n[[rules]]\nid = 'pair'\nregex = '''ghp_[0-9a-zA-Z]{36}'''\nkeywords = ['ghp_']\n[[rules.required]]\nid = 'near'\nwithinLines = 3\n[[rules]]\nid = 'near'\nregex = '''description'''\nskipReport = true\n",
	"extend by path":             "[extend]\npath = 'base.toml'\n[[rules]]\nid = 'tok'\nregex = '''parse\\(token\\)'''\n",
}

const baseConfig = "[extend]\nuseDefault = true\ndisabledRules = ['jwt']\n[[rules]]\nid = 'garden'\nregex = '''secret garden'''\nkeywords = ['garden']\n"

// gitleaksCommand builds the real command line tool, of the version in go.mod.
func gitleaksCommand(t *testing.T) string {
	t.Helper()
	version, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", "github.com/zricethezav/gitleaks/v8").Output()
	if err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "install", "github.com/zricethezav/gitleaks/v8@"+strings.TrimSpace(string(version)))
	build.Dir, build.Env = t.TempDir(), append(os.Environ(), "GOBIN="+t.TempDir())
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go install gitleaks: %v\n%s", err, out)
	}
	return filepath.Join(strings.TrimPrefix(build.Env[len(build.Env)-1], "GOBIN="), "gitleaks")
}

func TestConfigurationsAreReadAsGitleaksReadsThem(t *testing.T) {
	command, all, random := gitleaksCommand(t), examples(t), rand.New(rand.NewSource(3))
	tree := map[string]string{}
	for i := range 12 {
		tree[fmt.Sprintf("file%d.go", i)] = sourceFile(random, all, 30)
	}
	for name, config := range configs {
		t.Run(name, func(t *testing.T) {
			want := command1(t, command, config, tree)
			p, err := Compile(Sources{Config: []byte(config), Open: func(string) ([]byte, error) { return []byte(baseConfig), nil }})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for file, text := range tree {
				found, err := p.onlyBase().Scan(context.Background(), file, []byte(text))
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range found {
					got = append(got, fmt.Sprintf("%s:%d:%d %s %q", f.File, f.StartLine, f.StartColumn, f.Rule, f.Secret.text()))
				}
			}
			slices.Sort(got)
			if !slices.Equal(want, got) {
				t.Errorf("gitleaks %d findings, ours %d\n gitleaks %q\n ours     %q", len(want), len(got), want, got)
			}
			t.Logf("%d findings", len(want))
		})
	}
}

// command1 runs `gitleaks dir` once and sorts what it found.
func command1(t *testing.T, command, config string, tree map[string]string) []string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range tree {
		write(t, filepath.Join(dir, "src", name), text)
	}
	write(t, filepath.Join(dir, "config.toml"), config)
	write(t, filepath.Join(dir, "src", "base.toml"), baseConfig)
	run := exec.Command(command, "dir", ".", "--no-banner", "--exit-code", "0", "-f", "json", "-r", filepath.Join(dir, "out.json"), "-c", filepath.Join(dir, "config.toml"))
	run.Dir = filepath.Join(dir, "src")
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("gitleaks: %v\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "out.json"))
	if err != nil {
		t.Fatal(err)
	}
	var found []struct {
		RuleID, File, Secret   string
		StartLine, StartColumn int
	}
	if err := json.Unmarshal(text, &found); err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, f := range found {
		if f.File != "base.toml" {
			rows = append(rows, fmt.Sprintf("%s:%d:%d %s %q", f.File, f.StartLine, f.StartColumn, f.RuleID, f.Secret))
		}
	}
	slices.Sort(rows)
	return rows
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Loading many times must not lose rules, as gitleaks' own loader does.
func TestTheThirdLoadHasAllRules(t *testing.T) {
	for i := range 5 {
		p, err := Compile(Sources{Config: []byte("[extend]\nuseDefault = true\n")})
		if err != nil || len(p.rules) != len(defaultRules)+len(ownRules) {
			t.Fatalf("load %d: %d rules, %v", i+1, len(p.rules), err)
		}
	}
}

func TestWrongConfigurationsAreRefused(t *testing.T) {
	for _, config := range []string{
		"[[rules]]\nregex = 'x'\n", "[[rules]]\nid = 'x'\n", "[[rules]]\nid = 'x'\nregex = '('\n", "[[rules]]\nid = 'x'\nregex = 'x'\nsecretGroup = 1\n",
		"[[allowlists]]\ndescription = 'empty'\n", "[[allowlists]]\npaths = ['(']\n", "[[allowlists]]\ncondition = 'xor'\npaths = ['x']\n",
		"[[allowlists]]\nregexTarget = 'x'\nregexes = ['x']\n", "[[allowlists]]\ntargetRules = ['none']\nregexes = ['x']\n",
		"[allowlist]\npaths = ['x']\n[[allowlists]]\npaths = ['x']\n", "[extend]\nuseDefault = true\npath = 'x'\n", "not toml",
		"[[rules]]\nid = 'x'\nregex = 'x'\n[[rules.required]]\nid = 'none'\n",
	} {
		if _, err := Compile(Sources{Config: []byte(config)}); err == nil {
			t.Errorf("%q is accepted", config)
		}
	}
}
