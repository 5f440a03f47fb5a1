package finding

import (
	"encoding/json"
	"errors"
	"math/rand"
	"reflect"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clawql/clawql-workbench/shared/fault"
)

var sample = Finding{
	Control: "NetworkPolicy", Severity: High, Direction: MorePermissive,
	Object: Object{"networking.k8s.io/v1", "NetworkPolicy", "clawql", "allow-metrics"},
	From:   "allows it", To: "denies it",
	Witness:     &Witness{Kind: "connection", Text: "a -> b:9090/TCP", Details: map[string]string{"port": "9090"}},
	Explanation: "why",
	LastChanged: &Change{"kubectl-edit", time.Date(2026, 11, 14, 0, 0, 0, 0, time.UTC)},
}

// The id is in exceptions and histories of users: it must never change.
func TestIDIsStable(t *testing.T) {
	if got := sample.Identified("ingress").ID; got != "b1b9dc86846b" {
		t.Errorf("id %s", got)
	}
}

func TestIDTellsApart(t *testing.T) {
	seen := map[string]string{}
	note := func(name string, f Finding, aspect string) {
		id := f.Identified(aspect).ID
		if other, dup := seen[id]; dup {
			t.Errorf("%s and %s share the id %s", name, other, id)
		}
		seen[id] = name
	}
	note("sample", sample, "")
	note("aspect", sample, "x")
	flipped := sample
	flipped.Direction = sample.Direction.Flip()
	note("flipped", flipped, "")
	moved := sample
	moved.Object.Namespace, moved.Object.Name = "clawqlallow", "-metrics"
	note("moved border", moved, "")
	control := sample
	control.Control = "RBAC"
	note("control", control, "")
}

func TestIDIgnoresTheWitness(t *testing.T) {
	other := sample
	other.Witness, other.From, other.Explanation, other.LastChanged, other.Severity = nil, "", "", nil, Info
	if other.Identified("").ID != sample.Identified("").ID {
		t.Error("the id changes with the witness")
	}
}

func TestJSON(t *testing.T) {
	text, err := json.Marshal(sample.Identified(""))
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"id", "control", "severity", "direction", "object", "from", "to", "witness", "explanation", "lastChanged"} {
		if _, has := fields[key]; !has {
			t.Errorf("%s is missing in %s", key, text)
		}
	}
	var back Finding
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, sample.Identified("")) {
		t.Errorf("%+v, %v", back, err)
	}
}

func TestFlip(t *testing.T) {
	for _, d := range []Direction{MorePermissive, Stricter, Different} {
		if d.Flip().Flip() != d {
			t.Errorf("%s flips to %s", d, d.Flip())
		}
	}
	if MorePermissive.Flip() != Stricter || Different.Flip() != Different {
		t.Error("directions flip wrongly")
	}
}

func TestSort(t *testing.T) {
	make := func(d Direction, s Severity, name string) Finding {
		return Finding{Direction: d, Severity: s, Object: Object{Name: name}}
	}
	want := []Finding{
		make("", Critical, "unknown direction is seen first"),
		make(MorePermissive, "unknown severity", "z"),
		make(MorePermissive, Critical, "b"),
		make(MorePermissive, High, "a"),
		make(MorePermissive, High, "b"),
		make(Different, Info, "a"),
		make(Stricter, Critical, "a"),
		make(Stricter, Warning, "a"),
	}
	for seed := range int64(20) {
		got := slices.Clone(want)
		rand.New(rand.NewSource(seed)).Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		if Sort(got); !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: %v", seed, got)
		}
	}
}

func TestJudge(t *testing.T) {
	one := []Finding{sample}
	for _, c := range []struct {
		list       []Finding
		incomplete []string
		want       Status
	}{{nil, nil, Equal}, {one, nil, Drift}, {nil, []string{"x"}, Incomplete}, {one, []string{"x"}, Incomplete}} {
		if got := Judge(c.list, c.incomplete); got != c.want {
			t.Errorf("%v, %v: %s", c.list, c.incomplete, got)
		}
	}
	if got := Summarize([]Finding{sample, {Direction: Stricter}, {}}); got != (Summary{1, 1, 1}) {
		t.Errorf("%+v", got)
	}
}

func TestBugIsNeverAYes(t *testing.T) {
	err := Bug("RBAC", "get secrets", "allowed by from", "denied by from")
	if !errors.Is(err, ErrBug) || fault.Code(err) != fault.CodeUnable || len(fault.Hints(err)) == 0 {
		t.Errorf("%v", err)
	}
}

func TestLastChange(t *testing.T) {
	at := func(hour int) *metav1.Time { return &metav1.Time{Time: time.Date(2026, 1, 1, hour, 0, 0, 0, time.UTC)} }
	got := LastChange([]metav1.ManagedFieldsEntry{
		{Manager: "helm", Time: at(1)}, {Manager: "kubectl-edit", Time: at(5)}, {Manager: "argocd", Time: at(3)},
		{Manager: "controller", Time: at(9), Subresource: "status"}, {Manager: "timeless"},
	})
	if got == nil || got.Manager != "kubectl-edit" || got.Time.Hour() != 5 {
		t.Errorf("%v", got)
	}
	if LastChange(nil) != nil {
		t.Error("a change out of nothing")
	}
}
