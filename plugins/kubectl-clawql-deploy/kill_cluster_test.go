package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/deploy"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A deploy is killed -9 the moment its record enters a phase; the same
// command again must resume or roll back, and leave all traffic at one
// version.
func TestKillAtEachPhase(t *testing.T) {
	phases := []deploy.Phase{deploy.Planned, deploy.Gated, deploy.Applied, deploy.Shifted, deploy.Observing, deploy.Promoting}
	for _, phase := range phases {
		t.Run(string(phase), func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			v1, v2 := s.serving(), s.image("v2")
			s.commit(v2)
			s.killAt(phase, 2)
			e := s.deploy("production")
			switch r := s.newest(); {
			case e.code == 0 && r.Phase == deploy.Promoted:
				s.settled(v2)
			case e.code == 1 && r.Phase == deploy.RolledBack:
				s.settled(v1)
			default:
				t.Errorf("after a kill at %s: record %s, %s", phase, r.Phase, e)
			}
		})
	}
}

func TestKillWhileRollingBack(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	v1 := s.serving()
	s.commit(s.image("v3", "--fail-from", "3"))
	s.killAt(deploy.RollingBack, 2)
	e := s.deploy("production")
	if r := s.newest(); e.code != 1 || r.Phase != deploy.RolledBack || r.Number != 2 {
		t.Errorf("record %d %s, %s", r.Number, r.Phase, e)
	}
	s.settled(v1)
}

func TestKillDuringTheFirstDeploy(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	v1 := s.image("v1")
	s.commit(v1)
	s.killAt(deploy.Applied, 1)
	s.mustDeploy()
	s.settled(v1)
}

// A killed deploy of one version, then another commit: the old canary is
// rolled back before the new one begins.
func TestKillThenAnotherVersion(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.serving()
	s.commit(s.image("v2"))
	s.killAt(deploy.Observing, 2)
	next := s.image("v4")
	s.commit(next)
	s.mustDeploy()
	s.settled(next)
	if r := s.newest(); r.Number != 3 {
		t.Errorf("newest record is %d", r.Number)
	}
	if e := s.deploy("history", "production"); !strings.Contains(e.out, "RolledBack") {
		t.Errorf("history: %s", e)
	}
}

// killAt starts a deploy and kills it when record number enters phase.
func (s *stage) killAt(phase deploy.Phase, number int64) {
	s.Helper()
	c, _, _ := s.command("production")
	watch, err := s.kube.CoreV1().ConfigMaps(s.namespace).Watch(context.Background(), metav1.ListOptions{LabelSelector: fmt.Sprintf("clawql.io/record=deploy,clawql.io/deploy=%d", number)})
	s.must(err)
	defer watch.Stop()
	s.must(c.Start())
	limit := time.After(90 * time.Second)
	for {
		select {
		case event := <-watch.ResultChan():
			stored, ok := event.Object.(*corev1.ConfigMap)
			if !ok || !entered(s.record(stored), phase) {
				continue
			}
			s.must(c.Process.Kill())
			_ = c.Wait()
			return
		case <-limit:
			_ = c.Process.Kill()
			s.Fatalf("phase %s did not come", phase)
		}
	}
}

func entered(r *deploy.Record, phase deploy.Phase) bool {
	for _, change := range r.Phases {
		if change.Phase == phase {
			return true
		}
	}
	return false
}

func TestSecondDeploySaysWhoHoldsTheLock(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.serving()
	s.commit(s.image("v2"))
	c, out, errOut := s.command("production")
	started := c.Start()
	s.await("the lock", time.Minute, func() bool { r := s.newest(); return r != nil && r.Number == 2 })
	second := s.deploy("production")
	if second.code != 3 || !strings.Contains(second.err, "holds the lock") || !strings.Contains(second.err, "since 20") || !strings.Contains(second.err, fmt.Sprint("pid ", c.Process.Pid)) {
		t.Errorf("second deploy: %s", second)
	}
	if first := s.wait(c, out, errOut, started); first.code != 0 {
		t.Errorf("first deploy: %s", first)
	}
}
