package main

import (
	"encoding/json"
	"testing"

	"github.com/clawql/clawql-workbench/shared/driftcheck"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/clawql/clawql-workbench/shared/output/sarif"
)

type sarifLog struct{ Runs []sarif.Run }

func TestSARIF(t *testing.T) {
	o, r := told()
	r.Excepted = []driftcheck.Excepted{{Finding: r.Findings[3]}}
	var got sarifLog
	if err := json.Unmarshal([]byte(shown(t, output.SARIF, o, r)), &got); err != nil {
		t.Fatal(err)
	}
	run := got.Runs[0]
	rules := map[string]bool{}
	for _, rule := range run.Tool.Driver.Rules {
		rules[rule.ID] = true
	}
	levels := []string{sarif.Error, sarif.Error, sarif.Warning, sarif.Note, sarif.Note}
	for i, one := range run.Results {
		if !rules[one.RuleID] || one.Level != levels[i] || len(one.Locations[0].Logical) != 1 || one.Locations[0].Physical != nil {
			t.Errorf("%+v", one)
		}
		if (len(one.Suppressions) == 1) != (i == 4) {
			t.Errorf("suppressions of %d: %v", i, one.Suppressions)
		}
	}
	if len(run.Results) != 5 || run.Invocations[0].Successful || len(run.Invocations[0].Notifications) != 1 {
		t.Errorf("%d results, %+v", len(run.Results), run.Invocations)
	}
}

// The file is that of --from, under the name of its namespace there.
func TestPlaces(t *testing.T) {
	object := func(kind, ns, name string) finding.Object {
		return finding.Object{Kind: kind, Namespace: ns, Name: name}
	}
	o := options{from: side{folder: "s"}, to: side{folder: "p"}, mapping: driftcheck.Options{Namespaces: map[string]string{"staging": "production"}}}
	at := placesOf(o,
		driftcheck.Side{Files: map[finding.Object]string{object("Pod", "staging", "a"): "x/a.yaml", object("Namespace", "", "staging"): "ns.yaml"}},
		driftcheck.Side{Files: map[finding.Object]string{object("Pod", "production", "a"): "b.yaml", object("Pod", "production", "only"): "c.yaml"}})
	for _, c := range []struct {
		object finding.Object
		want   string
	}{
		{finding.Object{APIVersion: "v1", Kind: "Pod", Namespace: "production", Name: "a"}, "s/x/a.yaml"},
		{object("Pod", "production", "only"), "p/c.yaml"}, {object("Namespace", "", "production"), "s/ns.yaml"}, {object("Pod", "x", "y"), ""},
	} {
		if got := at.file(c.object); got != c.want {
			t.Errorf("%v: %q, want %q", c.object, got, c.want)
		}
	}
}

// A picture: one box for a source of several paths, an arrow a path, and every
// box inside the frame, none on another.
func TestPicture(t *testing.T) {
	to := func(name string) path { return path{Port: "1/TCP", ends: [2][]string{{"gateway", "x"}, {name}}} }
	other := path{Port: "2/UDP", Stricter: true, ends: [2][]string{{"a very long name of a pod that needs lines and lines and lines and lines and more of them"}, {"b"}}}
	for _, s := range scales {
		p := draw([]path{to("a"), to("b"), other}, s)
		if len(p.Boxes) != 5 || len(p.Arrows) != 3 {
			t.Fatalf("%d boxes, %d arrows", len(p.Boxes), len(p.Arrows))
		}
		for i, b := range p.Boxes {
			if b.X < 0 || b.Y < 0 || b.X+b.Width > p.Width || b.Y+b.Height > p.Height {
				t.Errorf("%+v is outside of %dx%d", b, p.Width, p.Height)
			}
			for _, c := range p.Boxes[:i] {
				if b.X < c.X+c.Width && c.X < b.X+b.Width && b.Y < c.Y+c.Height && c.Y < b.Y+b.Height {
					t.Errorf("%+v lies on %+v", b, c)
				}
			}
			for _, l := range b.Lines {
				if l.Y < b.Y || l.Y > b.Y+b.Height {
					t.Errorf("%q is outside of its box", l.Text)
				}
			}
		}
	}
}
