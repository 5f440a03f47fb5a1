package atr

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// engine is the real one: the CLI `atr` of the npm package agent-threat-rules
// 4.0.0. It is asked only where CLAWQL_REQUIRE names atr: it takes seconds.
func engine(t *testing.T) (cli string) {
	t.Helper()
	if !slices.Contains(strings.Split(os.Getenv("CLAWQL_REQUIRE"), ","), "atr") {
		t.Skip("needs agent-threat-rules: make test-atr")
	}
	cli, err := exec.LookPath("atr")
	if err != nil {
		t.Fatal(err)
	}
	return cli
}

// Every test case of the published rules in testdata: the replay says what the
// real engine says. (It takes minutes over all 785.)
func TestReplayAgreesWithRealATR(t *testing.T) {
	cli, rules := engine(t), "testdata"
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	out, err := exec.CommandContext(ctx, cli, "test", rules, "--json").Output()
	var real struct {
		TotalRules, TotalTests int
		Failures               []struct{ RuleID, TestType, Input string }
	}
	if json.Unmarshal(out, &real) != nil || real.TotalTests < 30 {
		t.Fatalf("atr test: %v, %d tests", err, real.TotalTests)
	}
	theirs := map[string]bool{}
	for _, f := range real.Failures {
		theirs[f.RuleID+" "+f.TestType+" "+f.Input] = true
	}
	replayed, unsure := 0, map[string]int{}
	for _, r := range readAll(t, rules) {
		s := shapeOf(r)
		s.active = true // as `atr test` does
		for _, e := range events(r) {
			kind, _, _ := strings.Cut(strings.ReplaceAll(e.Case, "true ", "true_"), " ")
			if kind != "true_positive" && kind != "true_negative" {
				continue
			}
			got, err := s.replay(e)
			if err != nil {
				unsure[err.Error()]++
				continue
			}
			replayed++
			units := []rune(firstText(e.Document))
			units = units[:min(100, len(units))]
			key := r.id + " " + kind + " " + string(units)
			if failed := got.triggered != (kind == "true_positive"); failed != theirs[key] {
				t.Errorf("%s: replayed %v, failed for the engine: %v", key, got.triggered, theirs[key])
			}
		}
	}
	t.Logf("%d cases replayed; not replayed: %v; failures of the rules themselves: %d", replayed, unsure, len(theirs))
	if replayed < real.TotalTests*9/10 {
		t.Errorf("only %d of %d cases could be replayed", replayed, real.TotalTests)
	}
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
