package drifthistory

import (
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/finding"
)

func found(at time.Time, ids ...string) Run {
	r := Run{Time: at, Status: finding.Equal}
	for _, id := range ids {
		r.Status = finding.Drift
		r.Findings = append(r.Findings, finding.Finding{ID: id, Control: "RBAC", Severity: finding.High, Object: finding.Object{Kind: "K", Name: id}})
	}
	return r
}

func states(h *History) map[string]bool {
	all := map[string]bool{}
	for _, e := range h.Entries {
		all[e.ID] = e.Open()
	}
	return all
}

// Of two runs at the same time the one that began first may write last: what
// it did not see yet it does not resolve, and what it still saw it does not
// open again.
func TestARunThatIsOvertaken(t *testing.T) {
	h := New("a", "b", start)
	h.Update(found(start, "old"))
	h.Update(found(start.Add(2*time.Minute), "new"))
	h.Update(found(start.Add(time.Minute), "old"))
	got := states(h)
	if got["old"] || !got["new"] || !h.LastCompleted.Equal(start.Add(2*time.Minute)) || !h.Runs[1].Time.Equal(start.Add(time.Minute)) {
		t.Errorf("%v, last %s, runs %v", got, h.LastCompleted, h.Runs)
	}
	h.Update(found(start.Add(3 * time.Minute)))
	if got := states(h); got["new"] || got["old"] {
		t.Errorf("%v", got)
	}
}

// A run whose clock was far ahead does not make later ones blind.
func TestAClockThatWasAhead(t *testing.T) {
	h := New("a", "b", start)
	h.Update(found(start.Add(48*time.Hour), "x"))
	h.Update(found(start))
	if got := states(h); got["x"] || !h.LastCompleted.Equal(start) {
		t.Errorf("%v, last %s", got, h.LastCompleted)
	}
}

func TestClaim(t *testing.T) {
	h := New("a", "b", start)
	if !h.Claim("one", start) || h.Claim("two", start.Add(time.Minute)) || h.Telling.By != "one" {
		t.Fatalf("%+v", h.Telling)
	}
	h.Release("two")
	if h.Telling == nil || !h.Claim("one", start.Add(ClaimFor-time.Second)) || h.Claim("two", start.Add(ClaimFor+time.Minute)) {
		t.Fatalf("it is not renewed: %+v", h.Telling)
	}
	if !h.Claim("two", start.Add(2*ClaimFor)) {
		t.Errorf("it outlives its run: %+v", h.Telling)
	}
	h.Release("two")
	if h.Telling != nil {
		t.Errorf("%+v", h.Telling)
	}
	h.Telling = &Claim{"broken clock", start.Add(24 * time.Hour)}
	if !h.Claim("one", start) {
		t.Error("a claim of tomorrow is honoured")
	}
	text, err := h.Encode(start)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Decode(text); err != nil || again.Telling.By != "one" {
		t.Errorf("%v %+v", err, again)
	}
}
