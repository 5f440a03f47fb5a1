package atr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

// engine is the real one: `atr test` of the npm package agent-threat-rules
// 4.0.0. It is asked only where CLAWQL_REQUIRE names atr: it takes seconds.
//
// Its code is copied to a folder that has no rules: beside its own it reads all
// 785 anew for each rule that it tests, and takes ten minutes for what are two
// seconds.
type engine struct{ cli, published string }

func startEngine(t *testing.T) engine {
	t.Helper()
	if !slices.Contains(strings.Split(os.Getenv("CLAWQL_REQUIRE"), ","), "atr") {
		t.Skip("needs agent-threat-rules: make test-atr")
	}
	found, err := exec.LookPath("atr")
	if err == nil {
		found, err = filepath.EvalSymlinks(found)
	}
	if err != nil {
		t.Fatal(err)
	}
	code, folder := filepath.Dir(found), t.TempDir()
	from := filepath.Dir(code)
	manifest, err := os.ReadFile(filepath.Join(from, "package.json"))
	for _, step := range []func() error{
		func() error { return err },
		func() error { return os.CopyFS(filepath.Join(folder, "dist"), os.DirFS(code)) },
		func() error { return os.WriteFile(filepath.Join(folder, "package.json"), manifest, 0o600) },
		func() error { return os.Symlink(filepath.Dir(from), filepath.Join(folder, "node_modules")) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return engine{filepath.Join(folder, "dist", filepath.Base(found)), filepath.Join(from, "rules")}
}

// verdicts are what the engine said of the cases of a folder's rules.
type verdicts struct {
	TotalRules, TotalTests, Skipped int
	Failures                        []struct{ RuleID, TestType, Input string }
}

func (e engine) test(t *testing.T, rules string) verdicts {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 3*time.Minute)
	defer stop()
	command := exec.CommandContext(ctx, "node", e.cli, "test", rules, "--json")
	command.Dir = filepath.Dir(e.cli)
	out, err := command.Output()
	var real verdicts
	if json.Unmarshal(out, &real) != nil || real.TotalTests == 0 {
		why := &exec.ExitError{}
		_ = errors.As(err, &why)
		t.Fatalf("atr test: %v, %.300q, %.1000s", err, out, why.Stderr)
	}
	return real
}

// agree replays every case of a folder's rules, and holds it against the
// engine's verdict. It says how many triggered, and how many did not.
func (e engine) agree(t *testing.T, folder string, least int) (triggered, quiet int) {
	t.Helper()
	real, unsure := e.test(t, folder), map[string]int{}
	theirs := map[string]int{}
	for _, f := range real.Failures {
		theirs[f.RuleID+" "+f.TestType+" "+f.Input]++
	}
	ours := map[string]int{}
	for _, r := range readAll(t, folder) {
		s := shapeOf(r)
		s.active = true // as `atr test` does
		for _, e := range events(r) {
			kind, _, _ := strings.Cut(strings.ReplaceAll(e.Case, "true ", "true_"), " ")
			if kind != "true_positive" && kind != "true_negative" {
				continue
			}
			key := r.id + " " + kind + " " + start(e.Document)
			got, err := s.replay(e)
			if err != nil {
				unsure[err.Error()]++
				delete(theirs, key)
				continue
			}
			count := map[bool]*int{true: &triggered, false: &quiet}[got.triggered]
			*count++
			if got.triggered != (kind == "true_positive") {
				ours[key]++
			}
		}
	}
	for _, key := range append(sorted(ours), sorted(theirs)...) {
		if ours[key] != theirs[key] {
			t.Errorf("%q: failed %d times here, %d times for the engine", key, ours[key], theirs[key])
		}
	}
	t.Logf("%d rules, %d cases: %d trigger, %d do not; not replayed: %v", real.TotalRules, real.TotalTests, triggered, quiet, unsure)
	if triggered+quiet < least {
		t.Errorf("only %d of %d cases could be replayed", triggered+quiet, real.TotalTests)
	}
	return triggered, quiet
}

// start is a text as the engine cuts it: 100 units of UTF-16.
func start(text string) string {
	units := 0
	for i, r := range text {
		if units == 100 {
			return text[:i]
		}
		if units += 1 + map[bool]int{true: 1}[r > 0xFFFF]; units > 100 {
			return text[:i] + "\uFFFD" // half a letter
		}
	}
	return text
}

// Every test case of the published rules: the replay says what the real engine
// says.
func TestReplayAgreesWithRealATR(t *testing.T) {
	e := startEngine(t)
	e.agree(t, e.published, 7500)
}

// The published rules with the cases of another: what its authors did not have
// in mind.
func TestReplayAgreesWithRealATROnOtherCases(t *testing.T) {
	e := startEngine(t)
	rules := slices.DeleteFunc(readAll(t, e.published), func(r *rule) bool { return shapeOf(r).unsure != "" }) // traces have cases of another kind
	var crossed []object
	for i, r := range rules {
		other := rules[(i+1)%len(rules)]
		rule := copied([]object{r.raw})[0]
		rule["test_cases"] = other.raw["test_cases"]
		if text, err := json.Marshal(rule); err == nil && rule["test_cases"] != nil && yaml.Unmarshal(text, &object{}) == nil { // YAML has no control characters
			crossed = append(crossed, rule)
		}
	}
	if triggered, quiet := e.agree(t, filed(t, crossed), 7000); triggered < 40 || quiet < 5000 {
		t.Errorf("%d trigger, %d do not: too little", triggered, quiet)
	}
}

// Drawn rules, whose cases need not turn out as they are named.
func TestReplayAgreesWithRealATROnDrawnRules(t *testing.T) {
	e := startEngine(t)
	var rules []object
	for seed := range 3000 {
		rules = append(rules, newDice(seed).rule(fmt.Sprintf("DRAWN-%04d", seed)))
	}
	if triggered, quiet := e.agree(t, filed(t, rules), 10_000); triggered < 3000 || quiet < 3000 {
		t.Errorf("%d trigger, %d do not: too little", triggered, quiet)
	}
}

// filed are rules in files of a folder.
func filed(t *testing.T, rules []object) string {
	t.Helper()
	folder := t.TempDir()
	for i, rule := range rules {
		text, err := json.Marshal(rule) // quoted, so that no text is a number to one reader alone
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.yaml", i)), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// readAll reads the rules below a folder.
func readAll(t *testing.T, dir string) []*rule {
	t.Helper()
	config := Config{Files: map[string]string{}}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		text, err := os.ReadFile(path)
		config.Files[filepath.Base(path)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	rules, problems := load([]Config{config}, "the package", texts{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var list []*rule
	for _, id := range sorted(rules) {
		list = append(list, rules[id])
	}
	return list
}
