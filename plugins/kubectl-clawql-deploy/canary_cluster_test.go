package main

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/deploy"
)

func TestGoodVersionIsPromotedAndBadOneRolledBack(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	v1, v2, v3 := s.image("v1"), s.image("v2"), s.image("v3", "--fail-from", "3")
	s.commit(v1)
	s.mustDeploy()
	s.settled(v1)
	s.traffic("60")

	s.commit(v2)
	s.mustDeploy()
	s.settled(v2)
	if r := s.newest(); r.Phase != deploy.Promoted || r.Verdict == nil || r.Verdict.Canary.Requests == 0 {
		t.Errorf("record of the promotion: %+v", r)
	}

	s.commit(v3)
	s.amend(map[string]func(string) string{"clawql.yaml": func(text string) string {
		return text + "\nnetwork:\n  egress: [{cidr: 10.9.0.0/16, ports: [5432]}]\n"
	}})
	e := s.deploy("production")
	if policy := s.kubectl("get", "networkpolicy", "clawql-gateway-allow", "-o", "yaml"); strings.Contains(policy, "10.9.0.0/16") {
		t.Errorf("the bad version's wider policy outlived its rollback:\n%s", policy)
	}
	if e.code != 1 || !strings.Contains(e.out, "ROLLED BACK") || !strings.Contains(unwrapped(e.out), "canary answered 500") {
		t.Errorf("bad version: %s", e)
	}
	s.settled(v2)
	if again := s.deploy("history", "production"); again.code != 0 || !strings.Contains(again.out, "RolledBack") {
		t.Errorf("history: %s", again)
	}
}

func TestVersionThatBlocksTenTimesAsMuchIsRolledBack(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	v1 := s.serving()
	s.commit(s.image("blocky", "--block-factor", "25"))
	if e := s.deploy("production"); e.code != 1 || !strings.Contains(e.out, "blocked") {
		t.Errorf("blocking version: %s", e)
	}
	s.settled(v1)
}

func TestVersionThatIsNeverReadyIsRolledBack(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	v1 := s.quiet()
	s.commit(s.image("unready", "--unready"))
	s.amend(map[string]func(string) string{"clawql.yaml": func(text string) string {
		return strings.Replace(text, "readyWithin: 60s", "readyWithin: 6s", 1)
	}})
	if e := s.deploy("production"); e.code != 1 || !strings.Contains(unwrapped(e.out), "did not become ready") {
		t.Errorf("unready version: %s", e)
	}
	s.settled(v1)
}

// A canary without any traffic has proven nothing.
func TestNoTrafficIsNoPromotion(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	v1 := s.quiet()
	s.commit(s.image("v2"))
	if e := s.deploy("production"); e.code == 0 {
		t.Errorf("promoted without a single request: %s", e)
	}
	s.settled(v1)
}

func TestFirstVersionThatIsNeverReadyLeavesNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.commit(s.image("unready", "--unready"))
	s.amend(map[string]func(string) string{"clawql.yaml": func(text string) string {
		return strings.Replace(text, "readyWithin: 60s", "readyWithin: 5s", 1)
	}})
	if e := s.deploy("production"); e.code != 1 || !strings.Contains(unwrapped(e.out), "not ready") {
		t.Errorf("first version: %s", e)
	}
	if left := s.kubectl("get", "deployment,service,httproute", "--ignore-not-found"); left != "" {
		t.Errorf("left behind: %s", left)
	}
}

func TestSameVersionAgainChangesNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.quiet()
	before := s.kubectl("get", "deployment", "clawql-mcp-http", "-o", "jsonpath={.metadata.generation}")
	if e := s.deploy("production"); e.code != 0 || !strings.Contains(unwrapped(e.out+e.err), "already serves") {
		t.Errorf("the same again: %s", e)
	}
	if after := s.kubectl("get", "deployment", "clawql-mcp-http", "-o", "jsonpath={.metadata.generation}"); after != before {
		t.Errorf("the Deployment went from generation %s to %s", before, after)
	}
}

func TestRollbackDoesNotWaitForAHealthyStable(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.serving()
	s.commit(s.image("v2"), "--window", "60s")
	c, out, errOut := s.command("production")
	started := c.Start()
	s.await("observing", time.Minute, func() bool { r := s.newest(); return r != nil && r.Number == 2 && r.Phase == deploy.Observing })
	// Stable breaks while the canary is observed: its pods can never start again.
	s.kubectl("patch", "deployment", "clawql-mcp-http", "--type=json", "-p",
		`[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"127.0.0.1:1/none@sha256:0000000000000000000000000000000000000000000000000000000000000000"},{"op":"replace","path":"/spec/strategy","value":{"type":"Recreate","rollingUpdate":null}}]`)
	s.await("stable's end", time.Minute, func() bool {
		return s.kubectl("get", "deployment", "clawql-mcp-http", "-o", "jsonpath={.status.readyReplicas}") == ""
	})
	abort := s.deploy("abort", "production", "--reason", "stable is broken")
	if abort.code != 0 || !strings.Contains(abort.out, "ROLLED BACK") {
		t.Errorf("abort: %s", abort)
	}
	if e := s.wait(c, out, errOut, started); e.code != 1 || !strings.Contains(unwrapped(e.out), "stable is broken") {
		t.Errorf("the aborted deploy: %s", e)
	}
	if w := s.weights(); w != "clawql-mcp-http=100" {
		t.Errorf("weights: %s", w)
	}
}

func TestInterruptRollsBack(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	v1 := s.serving()
	s.commit(s.image("v2"), "--window", "60s")
	c, out, errOut := s.command("production")
	started := c.Start()
	s.await("observing", time.Minute, func() bool { r := s.newest(); return r != nil && r.Number == 2 && r.Phase == deploy.Observing })
	s.must(c.Process.Signal(syscall.SIGTERM)) // whoever starts the tests may have SIGINT ignored
	if e := s.wait(c, out, errOut, started); e.code != 130 {
		t.Errorf("interrupted: %s", e)
	}
	s.settled(v1)
	if r := s.newest(); r.Phase != deploy.RolledBack || r.Reason != "interrupted" {
		t.Errorf("record: %s %s", r.Phase, r.Reason)
	}
}

// What others do to the deploy's own objects while the canary is observed: the
// end is one version, and the record says why.
func TestMeddlingWithTheCanaryRollsBack(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	v1 := s.serving()
	s.commit(s.image("v2"), "--window", "60s")
	for i, meddle := range []struct{ name, want, with string }{
		{"weights", "the route is not as this deploy left it", `patch httproute clawql-mcp-http --type=json -p [{"op":"replace","path":"/spec/rules/0/backendRefs/0/weight","value":0}]`},
		{"route", "sends nothing to stable nor to the canary", "delete httproute clawql-mcp-http"},
		{"service", "cannot resolve a backend", "delete service clawql-mcp-http-canary"},
		{"record", "interrupted", "delete configmap clawql-deploy-5"},
	} {
		number := int64(i + 2)
		c, out, errOut := s.command("production")
		started := c.Start()
		s.await("observing", time.Minute, func() bool {
			r := s.newest()
			return r != nil && r.Number == number && r.Phase == deploy.Observing
		})
		s.kubectl(strings.Fields(meddle.with)...)
		if meddle.name == "record" {
			s.must(c.Process.Signal(syscall.SIGTERM))
		}
		if e := s.wait(c, out, errOut, started); e.code == 0 || !strings.Contains(e.out, "ROLLED BACK") || !strings.Contains(strings.Join(strings.Fields(e.out), " "), meddle.want) {
			t.Errorf("%s: %s", meddle.name, e)
		}
		s.settled(v1)
		if r := s.newest(); r.Number != number || r.Phase != deploy.RolledBack {
			t.Errorf("%s: record %d ended as %s", meddle.name, r.Number, r.Phase)
		}
	}
}

// Not parallel: the switch is the whole data plane's.
func TestRouteThatLosesSessionsIsRefused(t *testing.T) {
	s := newStage(t)
	v1 := s.quiet()
	s.commit(s.image("v2"))
	setStickiness(t, false)
	t.Cleanup(func() { setStickiness(t, true) })
	e := s.deploy("production")
	if e.code != 1 || !strings.Contains(unwrapped(e.out+e.err), "does not keep MCP sessions") {
		t.Errorf("not sticky: %s", e)
	}
	s.settled(v1)
}
