package main

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// outcome is what one command took on one input; times are those of whole
// processes, medians of all runs.
type outcome struct {
	Input    string  `json:"input"`   // folders, live
	Objects  int     `json:"objects"` // a side
	Changed  float64 `json:"changed"` // percent
	Command  string  `json:"command"`
	Runs     int     `json:"runs"`
	Seconds  float64 `json:"seconds"`
	CPU      float64 `json:"cpuSeconds"`
	MaxRSSMB float64 `json:"maxRssMB"`
	Capped   bool    `json:"capped,omitempty"`   // it was ended at the cap
	Requests int     `json:"requests,omitempty"` // of the API server
	*truth

	argv  [][]string // one after the other
	rival bool       // ended at the limit
	took  []cost
}

// limit is how long a rival may take; whatever hangs is ended later.
const (
	limit   = 30 * time.Second
	hanging = 15 * time.Minute
)

// measure runs the commands in turns, so that a busy moment of the machine hits
// all of them. after hears of each run of the first one, with its output.
func measure(dir string, runs int, all []*outcome, after func(out string) error) error {
	out := filepath.Join(dir, "out")
	defer os.Remove(out)
	for range runs {
		for i, one := range all {
			if err := one.run(out); err != nil {
				return fmt.Errorf("%s %d %s: %w", one.Input, one.Objects, one.Command, err)
			}
			if i == 0 && after != nil {
				if err := after(out); err != nil {
					return fmt.Errorf("%s %d %s: %w", one.Input, one.Objects, one.Command, err)
				}
			}
		}
	}
	for _, one := range all {
		one.sum()
	}
	return nil
}

func (o *outcome) run(out string) error {
	if o.Capped {
		return nil
	}
	var whole cost
	most := hanging
	if o.rival {
		most = limit
	}
	for _, argv := range o.argv {
		one, err := run(most, out, argv)
		if err != nil {
			return err
		}
		whole.Wall, whole.CPU = whole.Wall+one.Wall, whole.CPU+one.CPU
		whole.RSSKB, whole.Capped = max(whole.RSSKB, one.RSSKB), whole.Capped || one.Capped
	}
	o.took, o.Capped = append(o.took, whole), whole.Capped
	return nil
}

func (o *outcome) sum() {
	if o.Runs = len(o.took); o.Runs == 0 {
		return
	}
	median := func(of func(cost) float64) float64 {
		var list []float64
		for _, one := range o.took {
			list = append(list, of(one))
		}
		slices.Sort(list)
		return math.Round(1000*list[len(list)/2]) / 1000
	}
	o.Seconds = median(func(c cost) float64 { return c.Wall.Seconds() })
	o.CPU = median(func(c cost) float64 { return c.CPU.Seconds() })
	o.MaxRSSMB = median(func(c cost) float64 { return float64(c.RSSKB) / 1024 })
}

// head and row are the table, on 80 columns.
func head() {
	fmt.Printf("%-7s  %6s  %4s  %-26s %8s %7s %6s %5s\n", "input", "a side", "diff", "command", "seconds", "cpu s", "MB", "calls")
}

func (o *outcome) row() {
	seconds, calls := fmt.Sprintf("%.2f", o.Seconds), ""
	if o.Capped {
		seconds = fmt.Sprintf("> %.0f", limit.Seconds())
	}
	if o.Requests > 0 {
		calls = fmt.Sprint(o.Requests)
	}
	fmt.Printf("%-7s  %6d  %3g%%  %-26s %8s %7.2f %6.0f %5s\n", o.Input, o.Objects, o.Changed, o.Command, seconds, o.CPU, o.MaxRSSMB, calls)
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
	kernel, _ := exec.Command("uname", "-sr").Output()
	return fmt.Sprintf("%s, %d processors, %s/%s, %s, %s", name, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), strings.TrimSpace(string(kernel)))
}
