package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/canary"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/deploy"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gate"
	"github.com/clawql/clawql-workbench/shared/project"
)

var update = flag.Bool("update", false, "write the golden screens anew")

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const (
	oldDigest = "sha256:4b1c000000000000000000000000000000000000000000000000000000009eaa"
	newDigest = "sha256:a07f0000000000000000000000000000000000000000000000000000000031bb"
	hostile   = "boom\x1b[31m\x1b]0;owned\x07\rPROMOTED"
)

// golden compares a screen with its file: plain text, 80 columns, no escape.
func golden(t *testing.T, name, screen string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(screen), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if screen != string(want) {
		t.Errorf("%s is now\n%s", name, screen)
	}
	for _, line := range strings.Split(screen, "\n") {
		if strings.ContainsAny(line, "\x1b\r\x07") {
			t.Errorf("control characters in %q", line)
		}
		if console.Columns(line) > 80 {
			t.Errorf("%d columns: %s", console.Columns(line), line)
		}
	}
}

// plain is a paint without colour.
func plain() console.Paint { return (console.Streams{}).Paint(&bytes.Buffer{}) }

func samplePlan() *deploy.Plan {
	return &deploy.Plan{Number: 37, Environment: "production", Context: "prod-eu", Server: "https://10.0.0.1:6443", Kubernetes: "v1.35.4", Namespace: "clawql",
		Gateway: "clawql-mcp-http", Commit: deploy.Commit{ID: "5d2e91c0000000000000000000000000000000aa", Subject: "raise tool timeout " + hostile}, From: oldDigest, To: newDigest,
		Gates:      []gate.Result{{Gate: "change", Verdict: gate.Passed, Summary: "12 commits, all signed"}, {Gate: "supply chain", Verdict: gate.Passed, Summary: "3 images by digest, all in their registry"}},
		Images:     []deploy.ImageChange{{Name: "clawql-mcp", Mapped: "r/clawql-mcp@" + newDigest}},
		Exceptions: []project.Exception{{Control: "canary.window", Reason: "a short window, " + hostile, Owner: "platform", Expires: project.Date(noon)}},
		Changes:    []deploy.Change{{Action: "create"}, {Action: "change"}, {Action: "same"}},
		Weight:     5, Criteria: canary.Default(), Notices: []string{"stable is scaled to 0 pods"}, Took: 2.8}
}

func TestPlanScreen(t *testing.T) {
	var b bytes.Buffer
	printPlan(&b, plain(), samplePlan())
	golden(t, "plan", b.String())
}

// A gate that said no ends the screen: nothing below it was asked for.
func TestRefusedPlanScreen(t *testing.T) {
	p := samplePlan()
	p.Gates[0] = gate.Result{Gate: "change", Verdict: gate.Failed, Summary: "HEAD is not signed " + hostile}
	p.Gates[1] = gate.Result{Gate: "supply chain", Verdict: gate.CouldNotRun, Summary: "the registry does not answer"}
	var b bytes.Buffer
	printPlan(&b, plain(), p)
	golden(t, "plan-refused", b.String())
}

func TestLiveScreen(t *testing.T) {
	p := deploy.Progress{Phase: deploy.Observing, StableWeight: 95, CanaryWeight: 5, Window: 30 * time.Minute, BaselineErrors: 1, Detail: "pod x: " + hostile,
		Verdict: canary.Verdict{Decision: canary.Continue, Covered: 7*time.Minute + 42*time.Second, Elapsed: 8 * time.Minute,
			Baseline: canary.SideTotals{Requests: 78914, Blocks: 1642, BlockShare: 0.0208}, Canary: canary.SideTotals{Requests: 4153, Blocks: 91, BlockShare: 0.0219}}}
	golden(t, "live", strings.Join(liveBlock(plain(), p), "\n")+"\n")
}

func sampleRecord() *deploy.Record {
	return &deploy.Record{Number: 37, Environment: "production", Phase: deploy.RolledBack, Reason: "canary answered 500 at 00:00:03: " + hostile + ": pod clawql-mcp-http-canary-7d",
		By: "dev@laptop pid 7", Started: noon, Ended: noon.Add(93 * time.Second), Commit: deploy.Commit{ID: "5d2e91c0000000000000000000000000000000aa", Subject: "raise tool timeout"},
		From: oldDigest, To: newDigest, Proof: []string{"route: canary weight 0", "canary: no pod runs"},
		Timing: deploy.Timing{HarmSeen: noon, ZeroAsked: noon.Add(20 * time.Millisecond), ZeroSeen: noon.Add(90 * time.Millisecond)},
		Phases: []deploy.PhaseChange{{Phase: deploy.Planned, At: noon, Fence: 9}, {Phase: deploy.RolledBack, At: noon.Add(93 * time.Second), Note: hostile}}}
}

func TestVerdictScreens(t *testing.T) {
	golden(t, "rolled-back", strings.Join(verdict(plain(), sampleRecord(), fault.CodeNo), "\n")+"\n")
	r := sampleRecord()
	r.Phase, r.Reason, r.Timing = deploy.Promoted, "00:30:00 covered, 4 153 canary requests, no unhandled error", deploy.Timing{}
	golden(t, "promoted", strings.Join(verdict(plain(), r, fault.CodeYes), "\n")+"\n")
	r.Phase, r.Reason = deploy.Unverified, "interrupted; traffic is off the canary, but undoing the rest failed"
	golden(t, "unverified", strings.Join(verdict(plain(), r, fault.CodeUnable), "\n")+"\n")
}

func TestRecordScreen(t *testing.T) {
	var b bytes.Buffer
	r := sampleRecord()
	r.Reason = "canary answered 500" + hostile
	printRecord(&b, plain(), r)
	golden(t, "record", b.String())
}
