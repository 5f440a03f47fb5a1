package drifthistory

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/finding"
)

var start = time.Date(2026, 11, 1, 4, 0, 0, 0, time.UTC)

func day(n int) time.Time { return start.AddDate(0, 0, n) }

func one(id string, s finding.Severity) finding.Finding {
	return finding.Finding{ID: id, Control: "RBAC", Severity: s, Direction: finding.MorePermissive, Object: finding.Object{Kind: "ServiceAccount", Name: id}, Explanation: "why " + id}
}

func run(n int, status finding.Status, list ...finding.Finding) Run {
	return Run{Time: day(n), Status: status, Findings: list}
}

func entry(t *testing.T, h *History, id string) Entry {
	t.Helper()
	for _, e := range h.Entries {
		if e.ID == id {
			return e
		}
	}
	t.Fatalf("no entry %s in %+v", id, h.Entries)
	return Entry{}
}

func TestFirstLastResolvedAndBack(t *testing.T) {
	h := New("staging", "production", day(0))
	h.Update(run(1, finding.Drift, one("a", finding.High), one("b", finding.Info)))
	h.Update(run(5, finding.Drift, one("a", finding.High)))
	if e := entry(t, h, "b"); e.Open() || e.How != Resolved || !e.Ended.Equal(day(5)) || !e.LastSeen.Equal(day(1)) || e.Age(day(99)) != 4*24*time.Hour {
		t.Errorf("%+v", e)
	}
	h.Update(run(9, finding.Drift, one("a", finding.High), one("b", finding.Info)))
	if e := entry(t, h, "b"); !e.Open() || !e.FirstSeen.Equal(day(1)) || !e.Since.Equal(day(9)) {
		t.Errorf("back: %+v", e)
	}
	if e := entry(t, h, "a"); !e.FirstSeen.Equal(day(1)) || !e.LastSeen.Equal(day(9)) || e.Age(day(10)) != 9*24*time.Hour {
		t.Errorf("%+v", e)
	}
	if h.Open() != 2 || len(h.Runs) != 3 || !h.LastCompleted.Equal(day(9)) {
		t.Errorf("%+v", h)
	}
}

func TestAnIncompleteRunResolvesNothingAndDoesNotCount(t *testing.T) {
	for _, status := range []finding.Status{finding.Incomplete, Failed, "", "odd"} {
		h := New("staging", "production", day(0))
		h.Update(run(1, finding.Drift, one("a", finding.High)))
		h.Update(run(30, status, one("new", finding.Info)))
		if !entry(t, h, "a").Open() || !entry(t, h, "new").Open() || !h.LastCompleted.Equal(day(1)) {
			t.Errorf("%q: %+v", status, h)
		}
		raised := h.Notices("chat", []finding.Severity{finding.High}, day(30), 0)
		if len(raised) != 2 || raised[0].Entry.Control != ControlRun && raised[1].Entry.Control != ControlRun {
			t.Errorf("%q: nobody is told that the run is %q: %+v", status, status, raised)
		}
		h.Update(run(31, finding.Equal))
		if h.Open() != 0 {
			t.Errorf("%q: after a completed run %+v", status, h.Entries)
		}
	}
}

func TestDeadMan(t *testing.T) {
	for _, c := range []struct {
		last, now int
		want      bool
	}{{-1, 35, false}, {-1, 36, true}, {10, 45, false}, {10, 46, true}, {10, 9, false}, {10, 8, true}} {
		h := New("a", "b", day(0))
		now := day(c.now)
		if c.last >= 0 {
			h.Update(run(c.last, finding.Equal))
		}
		if c.now == 9 { // clocks may differ by a day, not more
			now = now.Add(time.Minute)
		}
		if h.Overdue(now) != c.want {
			t.Errorf("last %d, now %d: %v", c.last, c.now, !c.want)
		}
		h.Check(now)
		if due := h.Notices("pager", []finding.Severity{finding.Critical}, now, 0); (len(due) == 1) != c.want {
			t.Errorf("last %d, now %d: notices %+v", c.last, c.now, due)
		}
	}
	h := New("a", "b", day(0))
	for n := 1; n < 80; n += 10 {
		h.Update(run(n, finding.Incomplete))
	}
	if !h.Overdue(day(72)) {
		t.Error("incomplete runs keep the dead man quiet")
	}
}

func TestNotices(t *testing.T) {
	all := []finding.Severity{finding.Critical, finding.High}
	h := New("staging", "production", day(0))
	reasons := func(now time.Time, remind int) (out []string) {
		for _, n := range h.Notices("chat", all, now, time.Duration(remind)*24*time.Hour) {
			out = append(out, string(n.Reason)+" "+n.Entry.ID)
		}
		return out
	}
	tell := func(n int) { h.Tell("chat", h.Notices("chat", all, day(n), 0), day(n)) }
	want := func(step string, got []string, want ...string) {
		t.Helper()
		if strings.Join(got, ",") != strings.Join(want, ",") {
			t.Errorf("%s: %q, want %q", step, got, want)
		}
	}
	h.Update(run(1, finding.Drift, one("a", finding.High), one("quiet", finding.Info)))
	want("first", reasons(day(1), 0), "new a")
	want("a route that failed is told later", reasons(day(2), 0), "new a")
	tell(2)
	h.Update(run(3, finding.Drift, one("a", finding.High), one("quiet", finding.Info)))
	want("nothing new", reasons(day(3), 30))
	want("not yet", reasons(day(31), 30))
	want("reminder", reasons(day(32), 30), "reminder a")
	h.Update(run(33, finding.Drift, one("a", finding.Critical), one("quiet", finding.Info)))
	want("worse", reasons(day(33), 0), "worsened a")
	tell(33)
	h.Update(run(34, finding.Drift, one("a", finding.High), one("quiet", finding.High)))
	want("milder is no news; another got worse", reasons(day(34), 0), "new quiet")
	tell(34)
	h.Update(Run{Time: day(35), Status: finding.Equal, Excepted: []finding.Finding{one("a", finding.High)}})
	if e := entry(t, h, "a"); e.How != Excepted {
		t.Errorf("%+v", e)
	}
	want("both ended", reasons(day(35), 0), "resolved a", "resolved quiet")
	tell(35)
	want("once", reasons(day(99), 1))
	h.Update(run(40, finding.Drift, one("a", finding.High)))
	want("back", reasons(day(40), 0), "new a")
	h.Tell("old", h.Notices("old", all, day(40), 0), day(40))
	h.Forget([]string{"chat"})
	if _, known := entry(t, h, "a").Told["old"]; known {
		t.Error("a route that is gone is still known")
	}
}

func TestEncodeIsBounded(t *testing.T) {
	h := New("staging", "production", day(0))
	var list []finding.Finding
	for i := range 4000 {
		f := one(fmt.Sprintf("%012d", i), finding.Warning)
		if i == 3999 {
			f.Severity = finding.Critical
		}
		f.Explanation = strings.Repeat("ü", 200)
		list = append(list, f)
	}
	h.Update(run(1, finding.Drift, list...))
	text, err := h.Encode(day(1))
	if err != nil || len(text) > MaxSize || h.Dropped == 0 {
		t.Fatalf("%d bytes, %d dropped, %v", len(text), h.Dropped, err)
	}
	if h.Entries[0].ID != "000000003999" || h.Open()+h.Dropped != 4000 {
		t.Errorf("the worst went first: %+v", h.Entries[0])
	}
	if strings.Contains(string(text), `\ufffd`) {
		t.Error("a character was cut in two")
	}
	h.Update(run(2, finding.Equal))
	if _, err := h.Encode(day(2)); err != nil || len(h.Entries) != keptEnded || h.Dropped != 0 {
		t.Errorf("%d entries, %v", len(h.Entries), err)
	}
	if _, err := h.Encode(day(500)); err != nil || len(h.Entries) != 0 {
		t.Errorf("%d entries after 500 days", len(h.Entries))
	}
}

func TestDecode(t *testing.T) {
	h := New("staging", "production", day(0))
	h.Update(run(1, finding.Drift, one("a", finding.High)))
	h.Tell("chat", h.Notices("chat", []finding.Severity{finding.High}, day(1), 0), day(1))
	text, err := h.Encode(day(1))
	if err != nil {
		t.Fatal(err)
	}
	if back, err := Decode(text); err != nil || !reflect.DeepEqual(back, h) {
		t.Errorf("%+v, %v", back, err)
	}
	for _, broken := range []string{"", "{}", "null", strings.Replace(string(text), "v1alpha1", "v2", 1), strings.Replace(string(text), `"from"`, `"form"`, 1), `{"apiVersion":"clawql.io/v1alpha1","kind":"DriftHistory"}`} {
		if back, err := Decode([]byte(broken)); err == nil {
			t.Errorf("%.40q is read as %+v", broken, back)
		}
	}
}
