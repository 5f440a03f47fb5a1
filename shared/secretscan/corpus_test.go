package secretscan

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// dumper takes the place of gitleaks' own check of its rules' examples, and
// writes each example down instead.
const dumper = `package utils

import (
	"encoding/json"
	"os"

	"github.com/zricethezav/gitleaks/v8/config"
)

func write(rule, path, text string) {
	f, err := os.OpenFile(os.Getenv("CORPUS"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	if err := json.NewEncoder(f).Encode([]string{rule, path, text}); err != nil {
		panic(err)
	}
}

func Validate(rule config.Rule, yes []string, no []string) *config.Rule {
	for _, text := range append(append([]string{}, yes...), no...) {
		write(rule.RuleID, "", text)
	}
	return &rule
}

func ValidateWithPaths(rule config.Rule, yes map[string]string, no map[string]string) *config.Rule {
	for _, some := range []map[string]string{yes, no} {
		for path, text := range some {
			write(rule.RuleID, path, text)
		}
	}
	return &rule
}
`

// example is a text on which gitleaks tries one of its rules.
type example struct{ rule, path, text string }

// corpus is every true and false positive in the sources of gitleaks' rules.
// Many are made at random by the rules' generator, so each run has new ones;
// none of them is ever in this repository.
var corpus = sync.OnceValues(func() ([]example, error) {
	dir, err := os.MkdirTemp("", "corpus")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	list := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/zricethezav/gitleaks/v8")
	home, err := list.Output()
	if err != nil {
		return nil, err
	}
	// The go command overlays nothing in its module cache: a copy it is.
	tree := filepath.Join(dir, "gitleaks")
	if err := os.CopyFS(tree, os.DirFS(strings.TrimSpace(string(home)))); err != nil {
		return nil, err
	}
	validate := filepath.Join(tree, "cmd", "generate", "config", "utils", "validate.go")
	if err := errors.Join(os.Remove(validate), os.WriteFile(validate, []byte(dumper), 0o600)); err != nil {
		return nil, err
	}
	out := filepath.Join(dir, "corpus.jsonl")
	run := exec.Command("go", "run", ".", filepath.Join(dir, "gitleaks.toml"))
	run.Dir, run.Env = filepath.Join(tree, "cmd", "generate", "config"), append(os.Environ(), "CORPUS="+out)
	if text, err := run.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("running the generator of its rules: %w: %s", err, text)
	}
	written, err := os.ReadFile(out)
	if err != nil {
		return nil, err
	}
	var all []example
	for _, line := range strings.Split(strings.TrimSpace(string(written)), "\n") {
		var parts []string
		if err := json.Unmarshal([]byte(line), &parts); err != nil {
			return nil, err
		}
		all = append(all, example{parts[0], parts[1], parts[2]})
	}
	return all, nil
})

func examples(t testing.TB) []example {
	t.Helper()
	all, err := corpus()
	if err != nil {
		t.Fatalf("gitleaks' rule corpus: %v", err)
	}
	if len(all) < 1000 {
		t.Fatalf("gitleaks' rule corpus has %d examples only", len(all))
	}
	return all
}
