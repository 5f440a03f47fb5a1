package canary

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"testing"
	"time"
)

// tape reads a fuzzer's bytes as a story of ticks and events.
type tape struct{ data []byte }

func (t *tape) byte() byte {
	if len(t.data) == 0 {
		return 0
	}
	b := t.data[0]
	t.data = t.data[1:]
	return b
}

// count is often small, and often no count at all.
func (t *tape) count() float64 {
	switch kind := t.byte(); {
	case kind < 200:
		return float64(t.byte()) * float64(kind)
	case kind < 210:
		return []float64{math.NaN(), math.Inf(1), math.Inf(-1), -1, math.MaxFloat64, maxCount, 5e-324, 0.5, 1e15, 1e-9}[kind-200]
	}
	var raw [8]byte
	for i := range raw {
		raw[i] = t.byte()
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(raw[:]))
}

func (t *tape) samples() (all []PodSample) {
	for n := t.byte() % 4; n > 0; n-- {
		all = append(all, PodSample{
			Pod: string('a' + rune(t.byte()%3)), Instance: string('0' + rune(t.byte()%2)),
			Started:  dawn.Add(time.Duration(t.byte()%8) * time.Second),
			Counters: Counters{t.count(), t.count()}, OK: t.byte()%8 != 0,
		})
	}
	return all
}

func (t *tape) step() time.Duration {
	return []time.Duration{0, 1, time.Second, time.Second, time.Second, time.Minute, -time.Hour, math.MaxInt64}[t.byte()%8]
}

func FuzzJudge(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("2\x01a0\x00\x01\x5f\x00\x00\x01\x01a0\x00\x01\x05\x00\x00\x01\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		tape, c := &tape{data[:min(len(data), 1500)]}, short()
		if len(data)%2 == 1 {
			c.Rule = Literal
		}
		j, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		at, before := dawn, j.Verdict()
		for len(tape.data) > 0 {
			if tape.byte() == 255 {
				j.Report(Event{Kind: []EventKind{Unhandled500, FalcoCritical, Restarted, "?"}[tape.byte()%4], Side: []Side{Baseline, Canary, "?"}[tape.byte()%3]})
			} else {
				at = at.Add(tape.step())
				j.Observe(Tick{At: at, Baseline: tape.samples(), Canary: tape.samples(), LogsFollowed: tape.byte()%8 != 0})
			}
			j = again(t, j)
			v := j.Verdict()
			sane(t, c, before, v)
			before = v
		}
	})
}

// again restores the judge from its own record, and wants it unchanged.
func again(t *testing.T, j *Judge) *Judge {
	data, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	restored, err := Restore(data)
	if err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	if a, b := j.Verdict(), restored.Verdict(); a != b {
		t.Fatalf("%+v became %+v", a, b)
	}
	return restored
}

func sane(t *testing.T, c Criteria, before, v Verdict) {
	for _, n := range []float64{v.Baseline.Requests, v.Baseline.Blocks, v.Baseline.BlockShare, v.Canary.Requests,
		v.Canary.Blocks, v.Canary.BlockShare, v.Expected, v.Ratio, v.Evidence, v.Clumping} {
		if !within(n, 0, math.MaxFloat64) {
			t.Fatalf("not a number to show: %+v", v)
		}
	}
	switch {
	case v.Reason == "":
		t.Fatalf("no reason: %+v", v)
	case v.Covered > v.Elapsed || v.Covered < before.Covered || v.Elapsed < before.Elapsed:
		t.Fatalf("time: %+v after %+v", v, before)
	case v.Baseline.Requests < before.Baseline.Requests || v.Canary.Blocks < before.Canary.Blocks:
		t.Fatalf("counts fell: %+v after %+v", v, before)
	case before.Decision == Rollback && v.Decision != Rollback:
		t.Fatalf("a rollback was taken back: %+v", v)
	case before.Decision == Inconclusive && v.Decision != Inconclusive && v.Decision != Rollback:
		t.Fatalf("an inconclusive end was taken back: %+v", v)
	case v.Decision == Promote && (v.Covered < c.Window || v.Canary.Requests < c.MinCanaryRequests || v.Canary.Errors > 0):
		t.Fatalf("promoted without proof: %+v", v)
	}
}

// FuzzRestore feeds records from elsewhere: refused, or a judge that works.
func FuzzRestore(f *testing.F) {
	j, err := New(Default())
	if err != nil {
		f.Fatal(err)
	}
	seed, err := json.Marshal(j)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed, 100.0, 0.02, 0.05, 1.0)
	f.Fuzz(func(t *testing.T, data []byte, rate, share, weight, clumping float64) {
		j, err := Restore(data)
		if err != nil {
			return
		}
		j.Observe(Tick{At: dawn, Baseline: []PodSample{{Pod: "b", OK: true}}, Canary: []PodSample{{Pod: "c", OK: true}}, LogsFollowed: true})
		if v := j.Verdict(); v.Decision == "" || v.Reason == "" && v.Decision == Continue {
			t.Fatalf("%+v", v)
		}
		if o := j.s.Criteria.Outlook(rate, share, weight, clumping); o.Text == "" || !within(o.Increase, 0, maxFold) || o.After < 0 {
			t.Fatalf("%+v", o)
		}
	})
}
