package traffic

import (
	"io"
	"math"
	"os"
	"reflect"
	"testing"
	"time"
)

func readFile(name string) (string, error) {
	data, err := os.ReadFile(name)
	return string(data), err
}

// TestPlanIsDeterministic: the pattern depends on the seed and on nothing else.
func TestPlanIsDeterministic(t *testing.T) {
	a, b := Plan{Seed: 1, Calls: 10, Hostile: 0.1, Burst: 1}, Plan{Seed: 2, Calls: 10, Hostile: 0.1, Burst: 1}
	same := 0
	for n := range uint64(100) {
		if !reflect.DeepEqual(a.Session(n), a.Session(n)) {
			t.Fatalf("session %d differs from itself", n)
		}
		if reflect.DeepEqual(a.Session(n), b.Session(n)) {
			same++
		}
	}
	if same > 5 {
		t.Errorf("%d of 100 sessions equal under another seed", same)
	}
}

// TestPlanShares checks the share of hostile calls, the length of sessions and
// the bursts; the share within four standard deviations of its bursts' number.
// The pattern is fixed by the seed, so this cannot fail by chance.
func TestPlanShares(t *testing.T) {
	for _, p := range []Plan{
		{Seed: 1, Calls: 10, Hostile: 0.02, Burst: 1},
		{Seed: 1, Calls: 10, Hostile: 0.02, Burst: 5},
		{Seed: 1, Calls: 10, Hostile: 0.02, Burst: 20},
		{Seed: 1, Calls: 1, Hostile: 0.5, Burst: 1},
		{Seed: 1, Calls: 10, Hostile: 0, Burst: 5},
		{Seed: 1, Calls: 10, Hostile: 1, Burst: 1},
	} {
		var calls, hostile int
		for n := range uint64(10000) {
			bad := 0
			session := p.Session(n)
			for _, c := range session {
				if c.Hostile {
					bad++
				}
			}
			if p.Burst > 1 && bad != 0 && bad != p.Burst {
				t.Fatalf("%+v: session %d has %d hostile calls", p, n, bad)
			}
			if len(session) == 0 || p.Burst == 1 && (len(session) < p.Calls-p.Calls/2 || len(session) > p.Calls+p.Calls/2) {
				t.Fatalf("%+v: session %d has %d calls", p, n, len(session))
			}
			calls, hostile = calls+len(session), hostile+bad
		}
		if share := float64(hostile) / float64(calls); math.Abs(share-p.Hostile) > 4*p.Hostile*math.Sqrt(float64(p.Burst)/float64(hostile+1)) {
			t.Errorf("%+v: %.4f of the calls are hostile", p, share)
		}
	}
}

func TestQuantiles(t *testing.T) {
	var h histogram
	if got := h.quantile(0.95); got != 0 {
		t.Errorf("empty: %g", got)
	}
	for ms := 1; ms <= 100; ms++ {
		h.add(time.Duration(ms) * time.Millisecond)
	}
	h.add(time.Hour)
	h.add(0)
	for q, want := range map[float64]float64{0.5: 50, 0.95: 96} {
		if got := h.quantile(q); got < want*0.95 || got > want*1.1 {
			t.Errorf("quantile %g: %g ms, want about %g", q, got, want)
		}
	}
}

func TestFlags(t *testing.T) {
	good := []string{"--url", "http://127.0.0.1:1/mcp"}
	for _, extra := range [][]string{{"--rate", "0"}, {"--rate", "NaN"}, {"--hostile", "101"}, {"--burst", "0"}, {"--sessions", "0"},
		{"--admin", "0.0.0.0:1"}, {"--url", "nothing"}, {"--duration", "-1s"}, {"more"}} {
		if _, err := parse(append(good, extra...), io.Discard); err == nil {
			t.Errorf("%v: no error", extra)
		}
	}
	if o, err := parse(good, io.Discard); err != nil || o.CallsPerSession != 10 || o.Burst != 1 {
		t.Errorf("%+v, %v", o, err)
	}
}
