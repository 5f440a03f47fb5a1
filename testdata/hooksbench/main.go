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
	"slices"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: hooksbench GIT-CLAWQL-HOOKS GITLEAKS")
		os.Exit(2)
	}
	if err := bench(os.Args[1], os.Args[2]); err != nil {
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
	MaxRSSMB float64 `json:"maxRssMB"`

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
			return err
		}
		some := []*outcome{
			{Case: one.name, Command: "git diff-index", argv: []string{"git", "diff-index", "--cached", "--raw", "HEAD"}},
			{Case: one.name, Command: "git clawql-hooks scan", argv: []string{ours, "scan"}},
			{Case: one.name, Command: "gitleaks git --staged", argv: []string{gitleaks, "git", "--staged", "--no-banner", "--log-level", "error"}},
		}
		if err := measure(repo, one.runs, some); err != nil {
			return err
		}
		all = append(all, some...)
	}
	show(all)
	return nil
}

// measure runs each command once to warm the caches, then all in turns.
func measure(dir string, runs int, all []*outcome) error {
	for run := range runs + 1 {
		for _, one := range all {
			c := exec.Command(one.argv[0], one.argv[1:]...)
			c.Dir = dir
			start := time.Now()
			if out, err := c.CombinedOutput(); err != nil {
				return fmt.Errorf("%v in %s: %w: %s", one.argv, one.Case, err, out)
			}
			if run == 0 {
				continue
			}
			one.took = append(one.took, time.Since(start))
			if usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
				one.MaxRSSMB = max(one.MaxRSSMB, float64(usage.Maxrss)/1024)
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

func show(all []*outcome) {
	fmt.Printf("%-10s  %-22s  %5s  %10s  %10s  %10s  %8s\n", "staged", "command", "runs", "median ms", "best ms", "worst ms", "max MB")
	for _, one := range all {
		fmt.Printf("%-10s  %-22s  %5d  %10.1f  %10.1f  %10.1f  %8.0f\n", one.Case, one.Command, one.Runs, one.MedianMS, one.BestMS, one.WorstMS, one.MaxRSSMB)
	}
	ratios := map[string]float64{}
	for i := 2; i < len(all); i += 3 {
		ratios[all[i].Case] = all[i].MedianMS / all[i-1].MedianMS
		fmt.Printf("%-10s  gitleaks takes %.1f times as long\n", all[i].Case, ratios[all[i].Case])
	}
	line, _ := json.Marshal(map[string]any{"bench": "hooks", "outcomes": all, "ratios": ratios})
	fmt.Println(string(line))
}
