package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Upstream's prod overlay, unchanged, deploys with only its image mapped.
func TestUpstream(t *testing.T) {
	upstream := os.Getenv("CLAWQL_UPSTREAM")
	if upstream == "" {
		t.Skip("CLAWQL_UPSTREAM names no copy of upstream's manifests")
	}
	s := newStage(t)
	s.namespace, s.host = "clawql", ""
	v1, v2 := s.image("v1"), s.image("v2")
	s.upstreamRepository(upstream)
	c, out, errOut := s.command("init", "--image", "clawql-mcp="+v1)
	if e := s.wait(c, out, errOut, c.Start()); e.code != 0 || !strings.Contains(e.out, "wrote clawql.yaml") {
		t.Fatalf("init: %s", e)
	}
	s.git("add", "clawql.yaml")
	s.git("commit", "-qm", "Describe the deploy")
	s.git("push", "-q", "origin", "main")
	plan := s.deploy("production", "--dry-run")
	for _, wanted := range []string{"runAsNonRoot=true", "NetworkPolicy/default-deny", "image-digest", "CLAWQL_PANGUARD", "CLAWQL_LOG_LEVEL=info", "seccomp", "LoadBalancer"} {
		if !strings.Contains(plan.out, wanted) {
			t.Errorf("the plan does not name %s: %s", wanted, plan)
		}
	}
	s.mustDeploy()
	s.settled(v1)
	s.traffic("60")
	s.amend(map[string]func(string) string{"clawql.yaml": func(text string) string {
		_, old, _ := strings.Cut(v1, "@")
		_, next, _ := strings.Cut(v2, "@")
		return strings.Replace(text, old, next, 1) + weaker
	}})
	s.mustDeploy()
	s.settled(v2)
}

const weaker = `canary: {window: 8s, weight: 25, drain: 5s}
exceptions:
  - {control: canary.window, reason: a test on one machine, owner: tests, expires: 2099-12-31}
  - {control: canary.weight, reason: a test on one machine, owner: tests, expires: 2099-12-31}
`

// upstreamRepository is upstream's tree, signed and pushed.
func (s *stage) upstreamRepository(upstream string) {
	s.Helper()
	s.commit(s.image("v1")) // for key, origin and signers
	s.must(os.RemoveAll(filepath.Join(s.repo, "docker")))
	s.must(os.Remove(filepath.Join(s.repo, "clawql.yaml")))
	s.must(os.CopyFS(filepath.Join(s.repo, "docker", "kustomize"), os.DirFS(filepath.Join(upstream, "kustomize"))))
	s.git("add", "-A")
	s.git("commit", "-qm", "Upstream's manifests")
	s.git("push", "-q", "origin", "main")
}
