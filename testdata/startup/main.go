// Command startup measures how long the tools take to start and print their
// help, beside kubectl on the same machine in the same run. It prints a table
// and ends with one line of JSON. The runs are interleaved, so that a busy
// moment of the machine hits all of them.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

const runs = 50

// sample is one command with the times of its runs.
type sample struct {
	name string
	argv []string
	took []time.Duration
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: startup FOLDER")
		os.Exit(2)
	}
	samples := commands(os.Args[1])
	if err := measure(samples); err != nil {
		fmt.Fprintf(os.Stderr, "startup: error: %v\n", err)
		os.Exit(3)
	}
	show(samples)
}

func commands(folder string) []*sample {
	in := func(name string) string { return filepath.Join(folder, name) }
	return []*sample{
		{name: "/bin/true", argv: []string{"/bin/true"}},
		{name: "kubectl-clawql", argv: []string{in("kubectl-clawql")}},
		{name: "kubectl-clawql-deploy --help", argv: []string{in("kubectl-clawql-deploy"), "--help"}},
		{name: "kubectl version --client", argv: []string{in("kubectl"), "version", "--client"}},
	}
}

// measure runs each command once to warm the caches, then all in turns.
func measure(samples []*sample) error {
	for run := range runs + 1 {
		for _, one := range samples {
			start := time.Now()
			if err := exec.Command(one.argv[0], one.argv[1:]...).Run(); err != nil {
				return fmt.Errorf("%s: %w", one.name, err)
			}
			if run > 0 {
				one.took = append(one.took, time.Since(start))
			}
		}
	}
	for _, one := range samples {
		slices.Sort(one.took)
	}
	return nil
}

func (s *sample) quantile(q float64) float64 {
	return float64(s.took[int(q*float64(len(s.took)-1))].Microseconds()) / 1000
}

func show(samples []*sample) {
	fmt.Printf("%-32s%10s%10s%10s\n", fmt.Sprintf("start to exit, %d runs", runs), "min ms", "median", "p95")
	figures := map[string]any{"benchmark": "startup", "runs": runs}
	for _, one := range samples {
		fmt.Printf("%-32s%10.1f%10.1f%10.1f\n", one.name, one.quantile(0), one.quantile(0.5), one.quantile(0.95))
		figures[one.name] = map[string]float64{"medianMs": one.quantile(0.5), "p95Ms": one.quantile(0.95)}
	}
	line, err := json.Marshal(figures)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}
