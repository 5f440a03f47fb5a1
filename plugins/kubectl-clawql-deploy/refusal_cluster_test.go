package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// refusals are mistakes that must end in one clear error with a hint, the
// right exit code, and nothing applied.
var refusals = map[string]struct {
	code    int
	message string
	prepare func(s *stage)
	args    []string
}{
	"unsigned HEAD": {1, "gate change failed", func(s *stage) {
		s.git("-c", "commit.gpgsign=false", "commit", "-q", "--allow-empty", "-m", "No signature")
		s.git("push", "-q", "origin", "main")
	}, nil},
	"dirty tree": {1, "gate change failed", func(s *stage) {
		s.must(os.WriteFile(filepath.Join(s.repo, "new.txt"), []byte("x"), 0o644))
	}, nil},
	"not pushed": {1, "gate change failed", func(s *stage) { s.git("commit", "-q", "--allow-empty", "-m", "Only here") }, nil},
	"tag": {2, "control image-digest", func(s *stage) {
		s.amend(map[string]func(string) string{"clawql.yaml": func(text string) string { return strings.Replace(text, "- name: clawql-mcp\n", "- name: other\n", 1) }})
	}, nil},
	"uid 0": {2, "runAsUser", func(s *stage) {
		s.amend(map[string]func(string) string{"docker/kustomize/overlays/prod/patch-mcp-deployment.yaml": func(text string) string {
			return text + "  template:\n    spec:\n      securityContext:\n        runAsUser: 0\n"
		}})
	}, nil},
	"wrong context": {2, "kube context", func(s *stage) {
		s.amend(map[string]func(string) string{"clawql.yaml": func(text string) string {
			return strings.ReplaceAll(text, "context: clawql-sandbox-", "context: other-")
		}})
	}, nil},
	"unknown field": {2, "unknown field canary.windw", func(s *stage) {
		s.amend(map[string]func(string) string{"clawql.yaml": func(text string) string { return strings.Replace(text, "  window:", "  windw:", 1) }})
	}, nil},
	"digest not in the registry": {1, "gate supply chain failed", func(s *stage) {
		s.amend(map[string]func(string) string{"clawql.yaml": func(text string) string {
			at := strings.Index(text, "sha256:")
			return text[:at] + "sha256:" + strings.Repeat("0", 64) + text[at+71:]
		}})
	}, nil},
	"unknown environment": {2, "no environment", func(*stage) {}, []string{"prodution"}},
}

func TestRefusals(t *testing.T) {
	for name, c := range refusals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.commit(s.image("v1"))
			c.prepare(s)
			args := c.args
			if args == nil {
				args = []string{"production"}
			}
			s.refused(s.deploy(args...), c.code, c.message)
			s.untouched()
		})
	}
}

// refused wants one error line and at least one hint.
func (s *stage) refused(e ended, code int, message string) {
	s.Helper()
	if e.code != code || !strings.Contains(e.err, message) || strings.Count(e.err, "error: ") != 1 {
		s.Errorf("want exit %d and one error with %q: %s", code, message, e)
	}
	if !strings.Contains(e.err, "hint: ") && code != 2 {
		s.Errorf("no hint: %s", e)
	}
}

// untouched wants that not even the namespace was made.
func (s *stage) untouched() {
	s.Helper()
	if left := s.run("kubectl", "--kubeconfig", shared.status.Kubeconfig, "get", "namespace", s.namespace, "--ignore-not-found"); left != "" {
		s.Errorf("the refusal left %s", left)
	}
}

func TestUnreachableServer(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.commit(s.image("v1"))
	config := filepath.Join(t.TempDir(), "kubeconfig")
	text, err := os.ReadFile(shared.status.Kubeconfig)
	s.must(err)
	at := strings.Index(string(text), "https://127.0.0.1:")
	rest := string(text)[at+len("https://127.0.0.1:"):]
	end := strings.IndexAny(rest, "\"\n ")
	s.must(os.WriteFile(config, []byte(string(text)[:at]+"https://127.0.0.1:1"+rest[end:]), 0o600))
	c, out, errOut := s.command("production")
	c.Env = append(c.Env, "KUBECONFIG="+config)
	s.refused(s.wait(c, out, errOut, c.Start()), 3, "does not answer")
}

// TestNoGatewayAPI takes the CRDs away, so it has a sandbox of its own: the
// second beside the first.
func TestNoGatewayAPI(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	const other = "deploynocrd"
	down := func() { _ = exec.Command(sandboxBinary(), "down", "--name", other).Run() }
	down()
	t.Cleanup(down)
	s.run("sandbox", "up", "--name", other)
	var status sandboxStatus
	out, err := exec.Command(sandboxBinary(), "status", "--name", other, "-o", "json").Output()
	s.must(err)
	s.must(json.Unmarshal(out, &status))
	s.run("kubectl", "--kubeconfig", status.Kubeconfig, "delete", "crd", "httproutes.gateway.networking.k8s.io")
	s.commit(s.image("v1"), "--name", other)
	c, stdout, errOut := s.command("production")
	c.Env = append(c.Env, "KUBECONFIG="+status.Kubeconfig)
	s.refused(s.wait(c, stdout, errOut, c.Start()), 3, "no kind HTTPRoute")
}

func TestDryRunWritesNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.quiet()
	s.commit(s.image("v2"))
	all := func() string {
		return s.kubectl("get", "all,configmap,lease,httproute,networkpolicy,serviceaccount", "-o", `jsonpath={range .items[*]}{.kind}/{.metadata.name}={.metadata.resourceVersion}{"\n"}{end}`)
	}
	s.await("a quiet namespace", 30e9, func() bool { first := all(); return first == all() })
	before := all()
	e := s.deploy("production", "--dry-run", "-o", "json")
	if after := all(); after != before {
		t.Errorf("a dry run changed resourceVersions:\n%s\n%s", before, after)
	}
	var report struct {
		APIVersion, Kind string
		DryRun           bool
		Plan             struct{ From, To string }
	}
	if err := json.Unmarshal([]byte(e.out), &report); err != nil || e.code != 0 {
		t.Fatalf("%v: %s", err, e)
	}
	if report.Kind != "DeployReport" || !report.DryRun || report.Plan.From == report.Plan.To {
		t.Errorf("report: %+v", report)
	}
}

// A field that another writer added survives server-side apply; a control
// must not be weakened that way.
func TestForeignFieldAgainstAControlIsRefused(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.quiet()
	s.kubectl("set", "env", "deployment/clawql-mcp-http", "CLAWQL_ALLOW_NO_ENFORCEMENT=1")
	s.commit(s.image("v2"))
	s.refused(s.deploy("production"), 3, "CLAWQL_ALLOW_NO_ENFORCEMENT")
}

// The rights that `deploy rbac` prints are enough, and a deploy with less
// says so.
func TestLeastRights(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.serving()
	v2 := s.image("v2")
	s.commit(v2)
	roles := filepath.Join(t.TempDir(), "rbac.yaml")
	s.must(os.WriteFile(roles, []byte(s.deploy("rbac").out), 0o600))
	s.run("kubectl", "--kubeconfig", shared.status.Kubeconfig, "apply", "-f", roles)
	s.kubectl("create", "serviceaccount", "deployer")
	e := s.deploy("production", "--as", "system:serviceaccount:"+s.namespace+":deployer")
	if e.code != 3 || !strings.Contains(e.err, "forbidden") || !strings.Contains(e.err, "deploy rbac") {
		t.Errorf("without rights: %s", e)
	}
	s.kubectl("create", "rolebinding", "deployer", "--clusterrole=clawql-deploy", "--serviceaccount="+s.namespace+":deployer")
	s.kubectl("create", "clusterrolebinding", s.namespace, "--clusterrole=clawql-deploy-cluster", "--serviceaccount="+s.namespace+":deployer")
	t.Cleanup(func() { s.kubectl("delete", "clusterrolebinding", s.namespace) })
	if e := s.deploy("production", "--as", "system:serviceaccount:"+s.namespace+":deployer"); e.code != 0 {
		t.Errorf("with the printed rights: %s", e)
	}
	s.settled(v2)
}
