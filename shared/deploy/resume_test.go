package deploy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/canary"
	"github.com/clawql/clawql-workbench/shared/cluster"
	"github.com/clawql/clawql-workbench/shared/project"
)

func history(changes ...PhaseChange) *journal { return &journal{Record: &Record{Phases: changes}} }

// Which way a record that was left behind was going.
func TestFinishing(t *testing.T) {
	done, begun := PhaseChange{Phase: Promoting, Note: finishing}, PhaseChange{Phase: Promoting}
	back, unsure := PhaseChange{Phase: RollingBack, Note: "canary answered 500"}, PhaseChange{Phase: Unverified}
	for name, c := range map[string]struct {
		j    *journal
		want bool
		note string
	}{
		"nothing":                       {history(), false, "its process ended"},
		"promoting":                     {history(begun), false, "its process ended"},
		"cleaning up":                   {history(begun, done), true, "its process ended"},
		"promoted, not proven":          {history(begun, done, unsure), true, "its process ended"},
		"rolled back while cleaning up": {history(begun, done, back), false, "canary answered 500"},
		"rollback not proven":           {history(begun, done, back, unsure), false, "canary answered 500"},
		"resumed and cleaning up again": {history(back, begun, done), true, "canary answered 500"},
	} {
		if got, note := c.j.finishing(), c.j.lastNote(); got != c.want || note != c.note {
			t.Errorf("%s: %t, %q", name, got, note)
		}
	}
}

func TestPhasesThatEnd(t *testing.T) {
	for phase, ended := range map[Phase]bool{Planned: false, Gated: false, Applied: false, Shifted: false, Observing: false, Promoting: false,
		RollingBack: false, Unverified: false, Promoted: true, RolledBack: true, Abandoned: true} {
		if phase.Ended() != ended {
			t.Errorf("%s ended: %t", phase, !ended)
		}
	}
}

func TestRecordThatCannotBeReadIsNotEnded(t *testing.T) {
	if r := mustDecode(&cluster.Stored{Number: 7, Data: map[string]string{"record.json": "{"}}); r.Number != 7 || r.Phase.Ended() {
		t.Errorf("%+v", r)
	}
}

func testWatcher() *watcher {
	return newWatcher(nil, &project.Project{}, nil, nil, func(cluster.Pod) bool { return false })
}

// A flood of the baseline's errors must not push out the canary's one.
func TestCanarysEventFindsRoomInTheBaselinesFlood(t *testing.T) {
	w := testWatcher()
	for range 5000 {
		w.send(canary.Event{Kind: canary.Unhandled500, Side: canary.Baseline})
	}
	w.send(canary.Event{Kind: canary.Unhandled500, Side: canary.Canary, Pod: "c"})
	for len(w.events) > 0 {
		if e := <-w.events; e.Side == canary.Canary {
			return
		}
	}
	t.Error("the canary's 500 was dropped")
}

func TestSilenceOfTheCanary(t *testing.T) {
	w, start := testWatcher(), time.Unix(1000, 0)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	w.noteSilence([]cluster.Pod{{Name: "a", Ready: true}}, at(0))
	if since, _ := w.silent(); !since.IsZero() {
		t.Error("a ready pod is no silence")
	}
	w.noteSilence([]cluster.Pod{{Name: "a", Ready: true, Ending: true}, {Name: "b", Problem: "CrashLoopBackOff"}}, at(1))
	w.noteSilence(nil, at(5))
	w.noteSilence([]cluster.Pod{{Name: "b", Problem: "CrashLoopBackOff"}}, at(9))
	if since, why := w.silent(); !since.Equal(at(1)) || why != "pod b: CrashLoopBackOff" {
		t.Errorf("since %s: %q", since, why)
	}
	w.noteSilence([]cluster.Pod{{Name: "b", Ready: true}, {Name: "c"}}, at(10))
	if since, _ := w.silent(); !since.IsZero() {
		t.Error("one ready pod ends the silence")
	}
}

func TestRestartIsSeenOnce(t *testing.T) {
	w := testWatcher()
	w.noteRestart(canary.Canary, cluster.Pod{Name: "c"})
	w.noteRestart(canary.Canary, cluster.Pod{Name: "c", Restarts: 1})
	w.noteRestart(canary.Canary, cluster.Pod{Name: "c", Restarts: 1})
	w.noteRestart(canary.Baseline, cluster.Pod{Name: "old", Restarts: 9}) // of long ago
	if len(w.events) != 1 {
		t.Fatalf("%d events", len(w.events))
	}
	if e := <-w.events; e.Kind != canary.Restarted || e.Pod != "c" {
		t.Errorf("%+v", e)
	}
}

func TestGonePodsAreForgotten(t *testing.T) {
	w, cancelled := testWatcher(), 0
	for i := range 3 {
		w.follows[fmt.Sprint(i)] = &follow{cancel: func() { cancelled++ }}
	}
	w.forget(map[string]bool{"1": true})
	if cancelled != 2 || len(w.follows) != 1 || w.follows["1"] == nil {
		t.Errorf("%d ended, %d left", cancelled, len(w.follows))
	}
	w.close()
	if cancelled != 3 {
		t.Errorf("%d ended", cancelled)
	}
}

func TestDiscoveredTextIsAValidProject(t *testing.T) {
	d := &Discovery{Context: "prod-eu", ClusterID: "1234", Name: "gw", Unmapped: []string{"r/other"}, GatewayNote: "the cluster did not answer",
		Environments: []FoundEnvironment{{"production", "clawql", "deploy/prod"}, {"staging", "clawql-staging", "deploy/staging"}},
		Images:       []project.Image{{Name: "gw", NewName: "r/gw", Digest: "sha256:" + strings.Repeat("a", 64)}}}
	p, err := project.Parse([]byte(d.Text()))
	if err != nil {
		t.Fatalf("%v\n%s", err, d.Text())
	}
	if p.Gateway.Name != "gw" || p.Environments["production"].ClusterID != "1234" || p.Environments["staging"].Overlay != "deploy/staging" || p.Images[0].NewName != "r/gw" {
		t.Errorf("%+v", p)
	}
	for _, odd := range []string{"1234", "on", "prod #2", "a: b", "arn:aws:eks:eu-central-1:1:cluster/prod", "null", "x\"y", "-", "kind-a@b"} {
		d.Context = odd
		if p, err := project.Parse([]byte(d.Text())); err != nil || p.Environments["production"].Context != odd {
			t.Errorf("context %q: %v", odd, err)
		}
	}
	d.Images, d.Gateway = nil, project.GatewayRef{Name: "front", Namespace: "edge"}
	if p, err = project.Parse([]byte(d.Text())); err != nil || p.Environments["production"].Traffic.Gateway.Name != "front" {
		t.Errorf("%v", err)
	}
	if steps := strings.Join(d.NextSteps(), "\n"); !strings.Contains(steps, "map image r/other") || !strings.Contains(steps, "allowed_signers") {
		t.Error(steps)
	}
}

func TestImagesOfTheCommandLine(t *testing.T) {
	for text, ok := range map[string]bool{"gw=r/gw@sha256:aa": true, "gw": false, "gw=r/gw:tag": false, "=r/gw@sha256:aa": false, "": false} {
		d := &Discovery{}
		if err := d.parseImages([]string{text}); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
	d := &Discovery{Images: []project.Image{{Name: "r.example:5000/gw"}}}
	for _, ref := range []string{"r.example:5000/gw:v1", "r.example:5000/gw", "other:v1", "other", "pinned@sha256:aa"} {
		d.noteImage(ref)
	}
	if len(d.Unmapped) != 1 || d.Unmapped[0] != "other" {
		t.Errorf("%q", d.Unmapped)
	}
}
