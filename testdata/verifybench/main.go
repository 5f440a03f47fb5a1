// Command verifybench times the verification of signed commits:
// `git clawql-hooks verify` beside `git log --format=%G?`, which starts
// ssh-keygen twice a commit, in one run on one repository. The repository is
// made by it, in a temporary folder: half of its commits are signed by an
// Ed25519 key, half by a FIDO Ed25519 key (in software, with the flags of one
// that was touched and asked for a PIN). git gets a sample of the newest commits;
// its time for all is that, scaled, and the output says so. The last line is JSON.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	commits := flag.Int("commits", 10000, "how many signed commits")
	sample := flag.Int("sample", 1000, "how many of them git verifies")
	runs := flag.Int("runs", 5, "how often we verify all")
	folder := flag.String("make", "", "only make the repository in `DIR`, and print the list's path")
	flag.Parse()
	if *folder != "" {
		signers, err := makeRepository(*folder, *commits)
		if err != nil {
			fmt.Fprintf(os.Stderr, "verifybench: error: %v\n", err)
			os.Exit(3)
		}
		fmt.Println(signers)
		return
	}
	if flag.NArg() != 1 || *commits < *sample || *sample < 1 || *runs < 1 {
		fmt.Fprintln(os.Stderr, "usage: verifybench [-commits N] [-sample N] [-runs N] GIT-CLAWQL-HOOKS")
		os.Exit(2)
	}
	if err := bench(flag.Arg(0), *commits, *sample, *runs); err != nil {
		fmt.Fprintf(os.Stderr, "verifybench: error: %v\n", err)
		os.Exit(3)
	}
}

// outcome is what one command took. Times are wall times of whole processes.
type outcome struct {
	Command  string  `json:"command"`
	Commits  int     `json:"commits"`
	Runs     int     `json:"runs"`
	MedianS  float64 `json:"medianSeconds"`
	BestS    float64 `json:"bestSeconds"`
	WorstS   float64 `json:"worstSeconds"`
	For10kS  float64 `json:"secondsFor10000"`
	MaxRSSMB float64 `json:"maxRssMB"`
}

func bench(ours string, commits, sample, runs int) error {
	ours, err := filepath.Abs(ours)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "verifybench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Printf("making %d signed commits\n", commits)
	// In a process of its own: what a child is said to have used at most
	// includes what its parent had when it started it.
	made, err := exec.Command(os.Args[0], "-make", dir, "-commits", fmt.Sprint(commits)).Output()
	if err != nil {
		return fmt.Errorf("make the repository: %w", err)
	}
	signers := strings.TrimSpace(string(made))
	mine, err := measure(dir, runs, commits, verified(commits), ours, "verify", "main..work", "--branch", "work", "-o", "json")
	if err != nil {
		return err
	}
	theirs, err := measure(dir, 1, sample, allGood(sample), "git", "-c", "gpg.ssh.allowedSignersFile="+signers, "-c", "gpg.format=ssh",
		"log", "--format=%G?", "-n", fmt.Sprint(sample), "work")
	if err != nil {
		return err
	}
	mine.Command, theirs.Command = "git clawql-hooks verify", "git log --format=%G?"
	return show([]outcome{mine, theirs})
}

// verified sees that our answer is about all commits, and yes.
func verified(commits int) func(out []byte) error {
	return func(out []byte) error {
		var report struct {
			Verified bool
			Judged   int
		}
		if err := json.Unmarshal(out, &report); err != nil {
			return err
		}
		if !report.Verified || report.Judged != commits {
			return fmt.Errorf("we say %+v", report)
		}
		return nil
	}
}

func allGood(commits int) func(out []byte) error {
	return func(out []byte) error {
		if good := bytes.Count(out, []byte("G\n")); good != commits {
			return fmt.Errorf("git says G of %d commits, not of %d", good, commits)
		}
		return nil
	}
}

func measure(dir string, runs, commits int, check func([]byte) error, argv ...string) (outcome, error) {
	o := outcome{Commits: commits, Runs: runs}
	var took []float64
	for range runs {
		c := exec.Command(argv[0], argv[1:]...)
		c.Dir = dir
		var diag bytes.Buffer
		c.Stderr = &diag
		start := time.Now()
		out, err := c.Output()
		took = append(took, time.Since(start).Seconds())
		if err == nil {
			err = check(out)
		}
		if err != nil {
			return o, fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, diag.String())
		}
		if usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
			o.MaxRSSMB = max(o.MaxRSSMB, float64(usage.Maxrss)/1024)
		}
	}
	slices.Sort(took)
	o.MedianS, o.BestS, o.WorstS = took[len(took)/2], took[0], took[len(took)-1]
	o.For10kS = o.MedianS * 10000 / float64(commits)
	return o, nil
}

func show(all []outcome) error {
	fmt.Printf("%-24s  %7s  %4s  %9s  %9s  %9s  %12s  %7s\n", "command", "commits", "runs", "median s", "best s", "worst s", "s for 10000", "max MB")
	for _, o := range all {
		fmt.Printf("%-24s  %7d  %4d  %9.3f  %9.3f  %9.3f  %12.2f  %7.0f\n", o.Command, o.Commits, o.Runs, o.MedianS, o.BestS, o.WorstS, o.For10kS, o.MaxRSSMB)
	}
	ratio := all[1].For10kS / all[0].For10kS
	fmt.Printf("git takes %.0f times as long", ratio)
	if all[1].Commits < all[0].Commits {
		fmt.Printf(" (measured on its newest %d commits, scaled)", all[1].Commits)
	}
	fmt.Println()
	line, err := json.Marshal(map[string]any{"bench": "verify", "outcomes": all, "ratio": ratio, "machine": machine()})
	fmt.Println(string(line))
	return err
}

// machine says what the figures were taken on.
func machine() map[string]any {
	model := "unknown"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(text), "model name\t: "); ok {
			model, _, _ = strings.Cut(rest, "\n")
		}
	}
	git, _ := exec.Command("git", "version").Output()
	return map[string]any{"os": runtime.GOOS, "arch": runtime.GOARCH, "cpus": runtime.NumCPU(), "cpu": model, "git": strings.TrimSpace(string(git))}
}
