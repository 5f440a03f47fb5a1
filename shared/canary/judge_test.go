package canary

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// drive feeds a judge one pod a side, second by second.
type drive struct {
	t         *testing.T
	j         *Judge
	at        time.Time
	base, can PodSample
	logs      bool
}

func newDrive(t *testing.T, c Criteria) *drive {
	t.Helper()
	j, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return &drive{t: t, j: j, at: dawn, logs: true,
		base: PodSample{Pod: "b", Instance: "1", OK: true}, can: PodSample{Pod: "c", Instance: "1", OK: true}}
}

func short() Criteria {
	c := Default()
	c.Window, c.GapCap = 60*time.Second, 30*time.Second
	return c
}

func (d *drive) observe() Verdict {
	d.j.Observe(Tick{At: d.at, Baseline: []PodSample{d.base}, Canary: []PodSample{d.can}, LogsFollowed: d.logs})
	return d.j.Verdict()
}

// serve adds n seconds of requests and blocks a second on both sides.
func (d *drive) serve(n int, base, can Counters) (v Verdict) {
	for range n {
		d.at = d.at.Add(time.Second)
		for _, c := range []struct{ pod, add *Counters }{{&d.base.Counters, &base}, {&d.can.Counters, &can}} {
			c.pod.Requests += c.add.Requests
			c.pod.Blocks += c.add.Blocks
		}
		v = d.observe()
	}
	return v
}

func (d *drive) want(v Verdict, want Decision, in string) {
	d.t.Helper()
	if v.Decision != want || !strings.Contains(v.Reason, in) {
		d.t.Errorf("%s (%s), want %s with %q", v.Decision, v.Reason, want, in)
	}
}

var clean = Counters{Requests: 95}

func TestPromotesAtTheEndOfTheWindowOnly(t *testing.T) {
	d := newDrive(t, short())
	d.observe()
	d.want(d.serve(59, clean, Counters{Requests: 5}), Continue, "00:00:59 of 00:01:00 covered; no evidence of harm")
	v := d.serve(1, clean, Counters{Requests: 5})
	d.want(v, Promote, "300 canary requests, no unhandled error")
	if v.Canary.Requests != 300 || v.Baseline.Requests != 5700 || v.Covered != time.Minute {
		t.Errorf("%+v", v)
	}
}

func TestZeroBaseline(t *testing.T) {
	d := newDrive(t, short())
	d.observe()
	for i := range 40 { // the canary blocks 10 of 200, the baseline 0 of 4000
		blocks := 0.0
		if i%4 == 3 {
			blocks = 1
		}
		d.serve(1, Counters{Requests: 100}, Counters{Requests: 5, Blocks: blocks})
	}
	v := d.j.Verdict()
	d.want(v, Rollback, "baseline 0 of")
	if v.Ratio != maxRatio || v.Canary.Requests > 200 {
		t.Errorf("ratio %v after %v canary requests", v.Ratio, v.Canary.Requests)
	}
}

// One hostile session that happens to be the canary's is no evidence, even
// when the baseline has none: 5 % of good versions meet that.
func TestOneBurstAgainstNoneIsNotEnough(t *testing.T) {
	d := newDrive(t, short())
	d.observe()
	d.serve(20, clean, Counters{Requests: 5})
	d.serve(5, clean, Counters{Requests: 7, Blocks: 2})
	d.want(d.serve(34, clean, Counters{Requests: 5}), Continue, "")
}

func TestRawCountersOfPodsThatRestartComeAndGo(t *testing.T) {
	d := newDrive(t, short())
	d.base.Counters = Counters{Requests: 1e6, Blocks: 2e4} // served before the window
	d.observe()
	d.serve(5, clean, Counters{Requests: 5})
	d.can.Instance, d.can.Counters = "2", Counters{} // restarted: from zero
	d.serve(1, clean, Counters{Requests: 7, Blocks: 1})
	d.base.Counters = Counters{} // same name, the value went down: from zero too
	v := d.serve(1, clean, Counters{Requests: 5})
	if v.Baseline.Requests != 7*95 || v.Baseline.Blocks != 0 || v.Canary.Requests != 37 || v.Canary.Blocks != 1 {
		t.Errorf("%+v", v)
	}
	fresh := PodSample{Pod: "b2", Instance: "1", Started: d.at, Counters: Counters{Requests: 3, Blocks: 1}, OK: true}
	old := PodSample{Pod: "b3", Instance: "1", Started: dawn.Add(-time.Hour), Counters: Counters{Requests: 1e9}, OK: true}
	born := PodSample{Pod: "c2", Instance: "1", Counters: Counters{Requests: 1, Blocks: 1}, OK: true}
	d.at = d.at.Add(time.Second)
	d.j.Observe(Tick{At: d.at, Baseline: []PodSample{fresh, old}, Canary: []PodSample{born}, LogsFollowed: true})
	v = d.j.Verdict()
	if v.Baseline.Requests != 7*95+3 || v.Baseline.Blocks != 1 || v.Canary.Requests != 38 || v.Canary.Blocks != 2 {
		t.Errorf("a pod born in the window counts from zero, one that was there before from its first reading: %+v", v)
	}
	v = d.serve(1, clean, Counters{Requests: 5}) // the first pods come back: nothing is counted twice
	if v.Baseline.Requests != 8*95+3 || v.Canary.Requests != 43 {
		t.Errorf("%+v", v)
	}
}

func TestMissingDataNeverPromotes(t *testing.T) {
	for name, blind := range map[string]func(*drive){
		"a canary pod cannot be read":   func(d *drive) { d.can.OK = false },
		"no baseline pod can be read":   func(d *drive) { d.base.OK = false },
		"the canary's log is not read":  func(d *drive) { d.logs = false },
		"the canary says NaN":           func(d *drive) { d.can.Counters.Requests = math.NaN() },
		"the baseline says minus one":   func(d *drive) { d.base.Counters.Blocks = -1 },
		"the canary counts to infinity": func(d *drive) { d.can.Counters.Blocks = math.Inf(1) },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDrive(t, short())
			d.observe()
			d.serve(40, clean, Counters{Requests: 5})
			blind(d)
			d.want(d.serve(30, clean, Counters{Requests: 5}), Continue, "blind at the moment")
			v := d.serve(5, clean, Counters{Requests: 5})
			d.want(v, Inconclusive, "only 00:00:40 of 00:01:00 were covered")
		})
	}
}

func TestGapsExtendTheWindow(t *testing.T) {
	d := newDrive(t, short())
	d.observe()
	d.serve(30, clean, Counters{Requests: 5})
	d.at = d.at.Add(20 * time.Second) // the command was killed
	d.base.Counters = d.base.plus(Counters{Requests: 1900})
	d.can.Counters = d.can.plus(Counters{Requests: 100})
	d.want(d.serve(30, clean, Counters{Requests: 5}), Continue, "00:00:59")
	v := d.serve(1, clean, Counters{Requests: 5})
	d.want(v, Promote, "")
	if v.Canary.Requests != 100+61*5 || v.Elapsed != 81*time.Second {
		t.Errorf("what was served in the gap counts: %+v", v)
	}
}

func TestTooFewRequests(t *testing.T) {
	d := newDrive(t, short())
	d.observe()
	d.want(d.serve(70, clean, Counters{Requests: 1}), Continue, "waiting for 100 canary requests, 70 served")
	d.want(d.serve(10, clean, Counters{Requests: 3}), Promote, "")
	d = newDrive(t, short())
	d.observe()
	d.want(d.serve(100, clean, Counters{Requests: 0.5}), Inconclusive, "too few to judge")
}

func TestEvents(t *testing.T) {
	for _, c := range []struct {
		event Event
		want  Decision
		in    string
	}{
		{Event{Kind: Unhandled500, Side: Canary, Pod: "c-7d", Text: "POST /mcp", At: dawn.Add(3 * time.Second)}, Rollback, "canary answered 500 at 00:00:03: POST /mcp: pod c-7d"},
		{Event{Kind: Unhandled500, Side: Baseline}, Continue, ""},
		{Event{Kind: FalcoCritical, Side: Baseline}, Rollback, "Falco"},
		{Event{Kind: FalcoCritical, Side: Canary}, Rollback, "Falco"},
		{Event{Kind: NotReady, Side: Canary}, Rollback, "ready"},
		{Event{Kind: Restarted, Side: Canary}, Rollback, "restarted"},
		{Event{Kind: Restarted, Side: Baseline}, Continue, ""},
		{Event{Kind: RouteMoved, Side: Canary}, Rollback, "the route is not as this deploy left it"},
		{Event{Kind: "Novel", Side: Baseline}, Rollback, `"Novel"`},
		{Event{Kind: Unhandled500}, Rollback, "500"},
	} {
		d := newDrive(t, short())
		d.observe()
		d.j.Report(c.event)
		d.want(d.j.Verdict(), c.want, c.in)
		d.want(d.serve(61, clean, Counters{Requests: 5}), map[Decision]Decision{Rollback: Rollback, Continue: Promote}[c.want], c.in)
	}
}

func TestLateErrorBeatsPromotion(t *testing.T) {
	d := newDrive(t, short())
	d.observe()
	d.want(d.serve(60, clean, Counters{Requests: 5}), Promote, "")
	d.j.Report(Event{Kind: Unhandled500, Side: Canary})
	v := d.j.Verdict()
	d.want(v, Rollback, "500")
	if v.Canary.Errors != 1 {
		t.Errorf("%d errors", v.Canary.Errors)
	}
}

func TestClocks(t *testing.T) {
	d := newDrive(t, short())
	d.observe()
	d.serve(10, clean, Counters{Requests: 5})
	d.can.Counters.Requests += 1000
	if v := d.observe(); v.Canary.Requests != 50 {
		t.Errorf("a second tick at the same time was counted: %+v", v)
	}
	d.at = d.at.Add(-time.Hour)
	v := d.observe()
	if v.Covered != 10*time.Second || v.Canary.Requests != 1050 {
		t.Errorf("a clock that went back covers nothing, its counts are taken: %+v", v)
	}
	d.at = d.at.Add(100 * 365 * 24 * time.Hour)
	d.want(d.observe(), Inconclusive, "covered")
}

func TestClumpsOfOneSessionAreNoEvidence(t *testing.T) {
	d := newDrive(t, short())
	for i := range 120 { // the baseline alone: sessions of 20 blocks each
		blocks := 0.0
		if i%10 == 0 {
			blocks = 20
		}
		d.at = d.at.Add(time.Second)
		d.base.Counters = d.base.plus(Counters{Requests: 95, Blocks: blocks})
		d.j.Observe(Tick{At: d.at, Baseline: []PodSample{d.base}})
	}
	d.serve(1, clean, Counters{Requests: 5})
	d.serve(1, Counters{Requests: 95}, Counters{Requests: 25, Blocks: 20})
	v := d.serve(5, clean, Counters{Requests: 5})
	d.want(v, Continue, "")
	if v.Clumping < 5 {
		t.Errorf("clumping %.1f, want about 20", v.Clumping)
	}
}

func TestResume(t *testing.T) {
	tr, c := sandbox(0.1, 1.5)
	whole := tr.judge(rand.New(rand.NewPCG(3, 7)), c)
	split := tr.judgeWith(rand.New(rand.NewPCG(3, 7)), c, func(j *Judge) *Judge {
		data, err := json.Marshal(j)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Restore(data)
		if err != nil {
			t.Fatal(err)
		}
		return again
	})
	if whole != split {
		t.Errorf("a judge restored at every tick says\n%+v, one that never stopped\n%+v", split, whole)
	}
}

func TestRestoreRefuses(t *testing.T) {
	j, err := New(Default())
	if err != nil {
		t.Fatal(err)
	}
	good, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{`"decision":"continue"`, `"decision":"perhaps"`},
		{`"alpha":0.01`, `"alpha":3`},
		{`"covered":0`, `"covered":5`},
		{`"expected":0`, `"expected":-1`},
		{`"scales":[{}`, `"scales":[{"pods":{"excess":1,"weight":7,"square":0}}`},
		{`{`, ``},
	} {
		bad := strings.Replace(string(good), change[0], change[1], 1)
		if bad == string(good) {
			t.Fatalf("%s is not in the state", change[0])
		}
		if _, err := Restore([]byte(bad)); err == nil {
			t.Errorf("%s was restored", change[1])
		}
	}
}

func TestTeach(t *testing.T) {
	j, _ := New(Default())
	if err := j.Teach(Learned{Tick: time.Minute}); err == nil {
		t.Error("lessons at another tick were taken")
	}
	bad := Learned{Tick: time.Second}
	bad.Pods[3].Excess = math.NaN()
	if err := j.Teach(bad); err == nil {
		t.Error("NaN was taught")
	}
	tr, c := sandbox(0.1, 1)
	first, _ := New(c)
	tr.judgeWith(rand.New(rand.NewPCG(1, 1)), c, func(j *Judge) *Judge { first = j; return j })
	if err := j.Teach(first.Learned()); err != nil {
		t.Fatal(err)
	}
	if n := j.s.Clumping.clumps()[0].freedom; n <= firstFreedom {
		t.Errorf("freedom %v after a lesson", n)
	}
}

func TestCriteriaRefuse(t *testing.T) {
	for field, change := range map[string]func(*Criteria){
		"window":            func(c *Criteria) { c.Window = 0 },
		"gapCap":            func(c *Criteria) { c.GapCap = -1 },
		"tick":              func(c *Criteria) { c.Tick = 0 },
		"maxGap":            func(c *Criteria) { c.MaxGap = time.Hour },
		"maxBlockIncrease":  func(c *Criteria) { c.MaxBlockIncrease = math.NaN() },
		"alpha":             func(c *Criteria) { c.Alpha = 1 },
		"minCanaryRequests": func(c *Criteria) { c.MinCanaryRequests = math.Inf(1) },
		"rule":              func(c *Criteria) { c.Rule = "gut feeling" },
	} {
		c := Default()
		change(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), field+" is ") {
			t.Errorf("%s: %v", field, err)
		}
	}
}
