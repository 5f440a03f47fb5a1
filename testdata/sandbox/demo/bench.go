package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// benchResult is the last line of the abort benchmark.
type benchResult struct {
	Bench    string  `json:"bench"`
	Machine  string  `json:"machine"`
	Runs     int     `json:"runs"`
	Rate     int     `json:"requestsPerSecond"`
	P50      float64 `json:"firstBadToZeroP50Seconds"`
	P95      float64 `json:"firstBadToZeroP95Seconds"`
	Max      float64 `json:"firstBadToZeroMaxSeconds"`
	BadP50   int64   `json:"badRequestsP50"`
	BadMax   int64   `json:"badRequestsMax"`
	RolledOK int     `json:"rolledBack"`
}

// BenchAbort deploys a version that answers 500 from its first request, again
// and again, and tells how long the data plane went on sending to it.
func BenchAbort(ctx context.Context, s *Stage, runs, rate int) (err error) {
	if err := s.Up(ctx); err != nil {
		return err
	}
	defer func() {
		if ended := s.Down(context.WithoutCancel(ctx)); err == nil {
			err = ended
		}
	}()
	if err := s.prepareBench(ctx, rate); err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "\n%4s  %22s  %12s  %8s  %s\n", "run", "first 500 to weight 0", "bad answers", "served", "exit")
	var aborts []Abort
	for run := 1; run <= runs; run++ {
		a, code, err := s.benchRun(ctx, run)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.Out, "%4d  %20.3f s  %12d  %8d  %d\n", run, a.Took().Seconds(), a.Bad, a.Served, code)
		if code != 1 || !a.Seen() {
			return fmt.Errorf("run %d was not a rollback: exit code %d, %+v", run, code, a)
		}
		aborts = append(aborts, a)
	}
	return s.benchReport(aborts, rate)
}

func (s *Stage) prepareBench(ctx context.Context, rate int) error {
	image, err := s.Image(ctx, "good")
	if err != nil {
		return err
	}
	if err := s.Commit(ctx, image, "Deploy a good version", "20s"); err != nil {
		return err
	}
	var log bytes.Buffer
	if code, err := s.Deploy(ctx, &log, &log); err != nil || code != 0 {
		return fmt.Errorf("deploying the good version: exit code %d, %v\n%s", code, err, log.String())
	}
	if err := s.Traffic(ctx, fmt.Sprint(rate), "2"); err != nil {
		return err
	}
	image, err = s.Image(ctx, "bad", "--fail-from", "1")
	if err != nil {
		return err
	}
	return s.Commit(ctx, image, "Deploy a version that answers 500", "20s")
}

func (s *Stage) benchRun(ctx context.Context, run int) (Abort, int, error) {
	if err := s.Reset(ctx); err != nil {
		return Abort{}, 0, err
	}
	var log bytes.Buffer
	code, err := s.Deploy(ctx, &log, &log)
	if err != nil {
		return Abort{}, code, err
	}
	a, err := s.Measure(ctx)
	if err == nil && code != 1 {
		fmt.Fprintln(s.Out, log.String())
	}
	return a, code, err
}

func (s *Stage) benchReport(aborts []Abort, rate int) error {
	slices.SortFunc(aborts, func(a, b Abort) int { return int(a.Took() - b.Took()) })
	bad := make([]int64, len(aborts))
	for i, a := range aborts {
		bad[i] = a.Bad
	}
	slices.Sort(bad)
	seconds := func(q float64) float64 {
		return aborts[quantile(len(aborts), q)].Took().Round(time.Millisecond).Seconds()
	}
	result := benchResult{Bench: "abort", Machine: machine(), Runs: len(aborts), Rate: rate, P50: seconds(0.5), P95: seconds(0.95), Max: seconds(1),
		BadP50: bad[quantile(len(bad), 0.5)], BadMax: bad[len(bad)-1], RolledOK: len(aborts)}
	fmt.Fprintf(s.Out, "\np50 %.3f s   p95 %.3f s   max %.3f s   bad answers: p50 %d, max %d   (aim: p95 at most 2 s)\n",
		result.P50, result.P95, result.Max, result.BadP50, result.BadMax)
	line, err := json.Marshal(result)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.Out, string(line))
	return err
}

// quantile is the index of the nearest-rank quantile.
func quantile(n int, q float64) int {
	return min(n-1, max(0, int(q*float64(n)+0.9999)-1))
}

func machine() string {
	model := "unknown CPU"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%d x %s, %s/%s", runtime.NumCPU(), model, runtime.GOOS, runtime.GOARCH)
}
