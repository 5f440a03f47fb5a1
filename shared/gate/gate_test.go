package gate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
)

var some = []Evidence{{Subject: "image a", Fact: "there"}}

func answering(f Finding, err error) func(context.Context) (Finding, error) {
	return func(context.Context) (Finding, error) { return f, err }
}

func TestVerdicts(t *testing.T) {
	tests := []struct {
		name    string
		check   func(context.Context) (Finding, error)
		want    Verdict
		summary string
	}{
		{"pass", answering(Finding{Passed: true, Summary: "fine", Evidence: some}, nil), Passed, "fine"},
		{"failure", answering(Finding{Summary: "bad", Evidence: some}, nil), Failed, "bad"},
		{"zero finding", answering(Finding{}, nil), CouldNotRun, "without evidence"},
		{"pass without evidence", answering(Finding{Passed: true}, nil), CouldNotRun, "without evidence"},
		{"pass with empty list", answering(Finding{Passed: true, Evidence: []Evidence{}}, nil), CouldNotRun, "without evidence"},
		{"pass with blank evidence", answering(Finding{Passed: true, Evidence: []Evidence{{Subject: " ", Fact: "x"}}}, nil), CouldNotRun, "without evidence"},
		{"one blank among good", answering(Finding{Passed: true, Evidence: append(some, Evidence{Subject: "b"})}, nil), CouldNotRun, "without evidence"},
		{"pass and error", answering(Finding{Passed: true, Evidence: some}, errors.New("registry away")), CouldNotRun, "registry away"},
		{"panic", func(context.Context) (Finding, error) { panic("boom") }, CouldNotRun, "panicked: boom"},
		{"nil panic value", func(context.Context) (Finding, error) { panic(error(nil)) }, CouldNotRun, "panicked"},
		{"nil map write", func(context.Context) (Finding, error) {
			var m map[string]int
			m["a"] = 1
			return Finding{Passed: true, Evidence: some}, nil
		}, CouldNotRun, "panicked"},
		{"goroutine ended", func(context.Context) (Finding, error) { runtime.Goexit(); return Finding{}, nil }, CouldNotRun, "without an answer"},
		{"no check", nil, CouldNotRun, "no name or no check"},
		{"waits for its context", func(ctx context.Context) (Finding, error) { <-ctx.Done(); return Finding{}, ctx.Err() }, CouldNotRun, "no answer within"},
		{"passes too late", func(ctx context.Context) (Finding, error) {
			<-ctx.Done()
			return Finding{Passed: true, Evidence: some}, nil
		}, CouldNotRun, "no answer within"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := Gate{Name: "g", Timeout: 50 * time.Millisecond, Check: tt.check}
			got := RunAll(t.Context(), time.Now, []Gate{g})[0]
			if got.Verdict != tt.want || !strings.Contains(got.Summary, tt.summary) {
				t.Errorf("verdict %q, summary %q; want %q, %q", got.Verdict, got.Summary, tt.want, tt.summary)
			}
			if got.OK() != (tt.want == Passed) || AllPassed([]Result{got}, []string{"g"}) != got.OK() {
				t.Errorf("OK %v for verdict %q", got.OK(), got.Verdict)
			}
		})
	}
}

// A check that ignores its context must not hold up the deploy.
func TestDeafCheckIsLeftBehind(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	deaf := Gate{Name: "deaf", Timeout: 20 * time.Millisecond, Check: func(context.Context) (Finding, error) {
		<-release
		return Finding{Passed: true, Evidence: some}, nil
	}}
	quick := Gate{Name: "quick", Check: answering(Finding{Passed: true, Evidence: some}, nil)}
	got := RunAll(t.Context(), time.Now, []Gate{deaf, quick})
	if got[0].Verdict != CouldNotRun || got[1].Verdict != Passed {
		t.Errorf("verdicts %q, %q", got[0].Verdict, got[1].Verdict)
	}
}

func TestCancelledContextNeverPasses(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	asked := false
	g := Gate{Name: "g", Check: func(context.Context) (Finding, error) {
		asked = true
		return Finding{Passed: true, Evidence: some}, nil
	}}
	got := RunAll(ctx, time.Now, []Gate{g})[0]
	if got.OK() || asked || !strings.Contains(got.Summary, "interrupted") {
		t.Errorf("verdict %q, asked %v, summary %q", got.Verdict, asked, got.Summary)
	}
}

// All gates must be under way at once: each waits for all the others.
func TestGatesRunSideBySideInOrder(t *testing.T) {
	const n = 5
	arrived := make(chan int, n)
	all := make(chan struct{})
	go func() {
		for range n {
			<-arrived
		}
		close(all)
	}()
	var gates []Gate
	for i := range n {
		gates = append(gates, Gate{Name: fmt.Sprint(i), Timeout: 10 * time.Second, Check: func(ctx context.Context) (Finding, error) {
			arrived <- i
			select {
			case <-all:
				return Finding{Passed: true, Evidence: some}, nil
			case <-ctx.Done():
				return Finding{}, ctx.Err()
			}
		}})
	}
	for i, r := range RunAll(t.Context(), time.Now, gates) {
		if r.Gate != fmt.Sprint(i) || !r.OK() {
			t.Errorf("place %d: gate %q, %q", i, r.Gate, r.Summary)
		}
	}
}

func TestClockIsInjected(t *testing.T) {
	at := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	now := func() time.Time { at = at.Add(2 * time.Second); return at }
	g := Gate{Name: "g", Check: answering(Finding{Passed: true, Evidence: some}, nil)}
	got := RunAll(t.Context(), now, []Gate{g})[0]
	if got.Took != 2*time.Second || got.Started.Second() != 2 {
		t.Errorf("started %v, took %v", got.Started, got.Took)
	}
}

func TestHintsOfAnErrorAreKept(t *testing.T) {
	err := fmt.Errorf("gate: %w", fault.Unable("no answer").Hint("try %s", "again"))
	g := Gate{Name: "g", Check: answering(Finding{Hints: []string{"first"}, Evidence: some}, err)}
	got := RunAll(t.Context(), time.Now, []Gate{g})[0]
	if !reflect.DeepEqual(got.Hints, []string{"first", "try again"}) || len(got.Evidence) != 1 {
		t.Errorf("hints %q, evidence %v", got.Hints, got.Evidence)
	}
}

func TestAllPassed(t *testing.T) {
	ok := func(name string) Result { return Result{Gate: name, Verdict: Passed} }
	no := func(name string) Result { return Result{Gate: name, Verdict: Failed} }
	tests := []struct {
		name    string
		results []Result
		want    []string
		pass    bool
	}{
		{"all there", []Result{ok("a"), ok("b")}, []string{"a", "b"}, true},
		{"one missing", []Result{ok("a")}, []string{"a", "b"}, false},
		{"one failed", []Result{ok("a"), no("b")}, []string{"a", "b"}, false},
		{"an unwanted one failed", []Result{ok("a"), no("b")}, []string{"a"}, false},
		{"twice, second fails", []Result{ok("a"), no("a")}, []string{"a"}, false},
		{"twice", []Result{ok("a"), ok("a")}, []string{"a"}, false},
		{"nothing wanted", []Result{ok("a")}, nil, false},
		{"nothing at all", nil, nil, false},
		{"zero result", []Result{{Gate: "a"}}, []string{"a"}, false},
		{"unknown verdict", []Result{{Gate: "a", Verdict: "PASSED"}}, []string{"a"}, false},
	}
	for _, tt := range tests {
		if got := AllPassed(tt.results, tt.want); got != tt.pass {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.pass)
		}
	}
}

func TestJSON(t *testing.T) {
	r := Result{Gate: "change", Verdict: Passed, Summary: "s", Evidence: some,
		Started: time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC), Took: 1234 * time.Millisecond}
	data, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(data), `"tookSeconds":1.234`) || !strings.Contains(string(data), `"verdict":"passed"`) {
		t.Fatalf("%s, %v", data, err)
	}
	var back Result
	if err := json.Unmarshal(data, &back); err != nil || !reflect.DeepEqual(r, back) {
		t.Errorf("read back %+v, %v", back, err)
	}
	if data, _ := json.Marshal(Result{}); !strings.Contains(string(data), `"evidence":[]`) {
		t.Errorf("no evidence is not an empty list: %s", data)
	}
}
