package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// A whole `git commit -m` of one line more, in three repositories that are
// alike: without hooks, with ours as `install` puts them there, and with
// gitleaks as the pre-commit hook.

// setup is one way to have hooks.
type setup struct {
	name string
	make func(repo string) error
}

func setups(ours, gitleaks string) []setup {
	return []setup{
		{"git commit, no hooks", func(string) error { return nil }},
		{"... our hooks", func(repo string) error { _, err := run(repo, []string{ours, "install"}); return err }},
		{"... gitleaks pre-commit", func(repo string) error {
			text := "#!/bin/sh\nexec '" + gitleaks + "' git --pre-commit --staged --redact --no-banner --log-level error\n"
			return os.WriteFile(filepath.Join(repo, ".git", "hooks", "pre-commit"), []byte(text), 0o755)
		}},
	}
}

// commitCases are repositories of different size.
func commitCases() []benchCase {
	return []benchCase{
		{"commit 1 line", 30, func(dir string) error { return repository(dir, 20, 6<<10, true) }},
		{"commit 200k", 5, wide},
	}
}

// onlyCommits is the bench without the scans.
func onlyCommits(ours, gitleaks string) error {
	dir, err := os.MkdirTemp("", "hooksbench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ours, err1 := filepath.Abs(ours)
	gitleaks, err2 := filepath.Abs(gitleaks)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	_, err = commits(dir, ours, gitleaks)
	return err
}

// commits measures all of them, in turns, and says what hooks add.
func commits(dir, ours, gitleaks string) ([]*outcome, error) {
	if err := os.Setenv("HOME", dir); err != nil { // receipts have a key of the user's
		return nil, err
	}
	var all []*outcome
	for _, one := range commitCases() {
		some, err := commitCase(dir, one, setups(ours, gitleaks))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", one.name, err)
		}
		show(some)
		for _, with := range some[1:] {
			fmt.Printf("%-14s  %s: %.1f ms more than without\n", one.name, with.Command, with.MedianMS-some[0].MedianMS)
		}
		all = append(all, some...)
	}
	return all, nil
}

func commitCase(dir string, one benchCase, ways []setup) ([]*outcome, error) {
	some := make([]*outcome, len(ways))
	for i, way := range ways {
		repo := filepath.Join(dir, fmt.Sprint(i))
		defer os.RemoveAll(repo)
		some[i] = &outcome{Case: one.name, Command: way.name, argv: []string{"git", "-C", repo, "commit", "-q", "-m", "one line"}}
		if err := one.make(repo); err != nil {
			return nil, err
		}
		for _, setting := range [][]string{{"config", "user.name", "a"}, {"config", "user.email", "a@example.org"}, {"config", "gc.auto", "0"}, {"commit", "-q", "-m", "before"}} {
			if err := git(repo, setting...); err != nil {
				return nil, err
			}
		}
		if err := way.make(repo); err != nil {
			return nil, err
		}
	}
	for turn := range one.runs + 1 { // the first warms the caches
		for i, o := range some {
			if err := o.commit(filepath.Join(dir, fmt.Sprint(i)), turn); err != nil {
				return nil, err
			}
		}
	}
	for _, o := range some {
		slices.Sort(o.took)
		o.Runs = len(o.took)
		o.MedianMS, o.BestMS, o.WorstMS = ms(o.took[o.Runs/2]), ms(o.took[0]), ms(o.took[o.Runs-1])
	}
	return some, nil
}

// commit stages one line more, and measures the commit.
func (o *outcome) commit(repo string, turn int) error {
	text := fmt.Sprintf("func turn%d() { log.Print(\"one line more\") }\n", turn)
	file, err := os.OpenFile(filepath.Join(repo, "bench.go"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if err := file.Close(); err != nil {
		return err
	}
	if err == nil {
		err = git(repo, "add", "bench.go")
	}
	if err != nil {
		return err
	}
	took, err := run(repo, o.argv)
	if err != nil || turn == 0 {
		return err
	}
	o.took = append(o.took, took.Wall)
	o.MaxRSSMB = max(o.MaxRSSMB, float64(took.RSSKB)/1024)
	return nil
}
