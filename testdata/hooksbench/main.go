// Command hooksbench times the scan of staged changes, `git clawql-hooks scan`
// beside `gitleaks git --staged` of the version in go.mod, in one run and in
// turns, so that a busy moment of the machine hits both. It makes its own
// repositories in a temporary folder. It prints a table and ends with one line
// of JSON. Times are wall times of whole processes, their children included.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

func main() {
	var err error
	switch {
	case len(os.Args) > 2 && os.Args[1] == childWord:
		err = runOne(os.Args[2:])
	case len(os.Args) == 4 && os.Args[1] == "commits":
		err = onlyCommits(os.Args[2], os.Args[3])
	case len(os.Args) == 3:
		err = bench(os.Args[1], os.Args[2])
	default:
		fmt.Fprintln(os.Stderr, "usage: hooksbench [commits] GIT-CLAWQL-HOOKS GITLEAKS")
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "hooksbench: error: %v\n", err)
		os.Exit(3)
	}
}

// outcome of one command on one repository.
type outcome struct {
	Case     string  `json:"case"`
	Command  string  `json:"command"`
	Runs     int     `json:"runs"`
	MedianMS float64 `json:"medianMs"`
	BestMS   float64 `json:"bestMs"`
	WorstMS  float64 `json:"worstMs"`
	MaxRSSMB float64 `json:"maxRssMB"` // of the largest process

	argv []string
	took []time.Duration
}

func bench(ours, gitleaks string) error {
	ours, err1 := filepath.Abs(ours)
	gitleaks, err2 := filepath.Abs(gitleaks)
	dir, err3 := os.MkdirTemp("", "hooksbench-")
	for _, err := range []error{err1, err2, err3} {
		if err != nil {
			return err
		}
	}
	defer os.RemoveAll(dir)
	var all []*outcome
	for _, one := range cases() {
		repo := filepath.Join(dir, one.name)
		if err := one.make(repo); err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		some := []*outcome{
			{Case: one.name, Command: "git diff-index", argv: []string{"git", "diff-index", "--cached", "--raw", "HEAD"}},
			{Case: one.name, Command: "git clawql-hooks scan", argv: []string{ours, "scan", "--staged"}},
			{Case: one.name, Command: "gitleaks git --staged", argv: []string{gitleaks, "git", "--staged", "--no-banner", "--log-level", "error", "--exit-code", "0"}},
		}
		if err := measure(repo, one.runs, some); err != nil {
			return err
		}
		show(some)
		all = append(all, some...)
		if err := os.RemoveAll(repo); err != nil {
			return err
		}
	}
	whole, err := commits(dir, ours, gitleaks)
	if err != nil {
		return err
	}
	return summary(all, whole)
}

// measure runs each command once to warm the caches, where it is run often,
// then all in turns.
func measure(dir string, runs int, all []*outcome) error {
	warm := 0
	if runs > 3 {
		warm = 1
	}
	for i := range runs + warm {
		for _, one := range all {
			took, err := run(dir, one.argv)
			if err != nil {
				return fmt.Errorf("%s: %w", one.Case, err)
			}
			if i >= warm {
				one.took = append(one.took, took.Wall)
				one.MaxRSSMB = max(one.MaxRSSMB, float64(took.RSSKB)/1024)
			}
		}
	}
	for _, one := range all {
		slices.Sort(one.took)
		one.Runs = len(one.took)
		one.MedianMS, one.BestMS, one.WorstMS = ms(one.took[one.Runs/2]), ms(one.took[0]), ms(one.took[one.Runs-1])
	}
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// show prints the rows of one case, as soon as they are known.
func show(some []*outcome) {
	if some[0].Case == cases()[0].name {
		fmt.Printf("%-14s  %-22s  %4s  %9s  %9s  %9s  %6s\n", "staged", "command", "runs", "median ms", "best ms", "worst ms", "max MB")
	}
	for _, one := range some {
		fmt.Printf("%-14s  %-22s  %4d  %9.1f  %9.1f  %9.1f  %6.0f\n", one.Case, one.Command, one.Runs, one.MedianMS, one.BestMS, one.WorstMS, one.MaxRSSMB)
	}
}

// summary is how many times as long gitleaks takes, and all as JSON.
func summary(all, commits []*outcome) error {
	ratios := map[string]float64{}
	for i := 2; i < len(all); i += 3 {
		ratios[all[i].Case] = all[i].MedianMS / all[i-1].MedianMS
		fmt.Printf("%-14s  gitleaks takes %.1f times as long\n", all[i].Case, ratios[all[i].Case])
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"bench": "hooks", "machine": machine(), "outcomes": all, "ratios": ratios, "commits": commits})
}

// machine names what this ran on, as far as the system tells.
func machine() string {
	name := "unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(text), "model name"); ok {
			line, _, _ := strings.Cut(rest, "\n")
			name = strings.TrimLeft(line, "\t :")
		}
	}
	version, _ := exec.Command("git", "version").Output()
	return fmt.Sprintf("%s, %d processors, %s/%s, %s, %s", name, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), strings.TrimSpace(string(version)))
}
