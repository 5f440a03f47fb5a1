package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// scheduled environments: staging and production in one real cluster.
type scheduleSandbox struct {
	*testing.T
	bin, kubeconfig, context string
}

const scheduleSandboxName = "drift-schedule"

func newScheduleSandbox(t *testing.T) *scheduleSandbox {
	t.Helper()
	sandbox := os.Getenv("CLAWQL_SANDBOX")
	if sandbox == "" {
		if strings.Contains(os.Getenv("CLAWQL_REQUIRE"), "cluster") {
			t.Fatal("CLAWQL_REQUIRE asks for a cluster, but CLAWQL_SANDBOX names no sandbox binary")
		}
		t.Skip("needs a sandbox: make test-drift-changes")
	}
	s := &scheduleSandbox{T: t, bin: filepath.Dir(sandbox)}
	_ = exec.Command(sandbox, "down", "--name", scheduleSandboxName).Run() // of a run that was killed
	t.Cleanup(func() { _ = exec.Command(sandbox, "down", "--name", scheduleSandboxName).Run() })
	s.must("sandbox", "up", "--name", scheduleSandboxName)
	var status struct{ Kubeconfig, Context string }
	if err := json.Unmarshal([]byte(s.must("sandbox", "status", "--name", scheduleSandboxName, "-o", "json")), &status); err != nil {
		t.Fatal(err)
	}
	s.kubeconfig, s.context = status.Kubeconfig, status.Context
	t.Setenv("KUBECONFIG", s.kubeconfig)
	return s
}

// run gives what a program of bin/ says, and its exit code.
func (s *scheduleSandbox) run(program string, args ...string) (string, int) {
	s.Helper()
	c := exec.Command(filepath.Join(s.bin, program), args...)
	out, _ := c.CombinedOutput()
	return string(out), c.ProcessState.ExitCode()
}

func (s *scheduleSandbox) must(program string, args ...string) string {
	s.Helper()
	out, err := exec.Command(filepath.Join(s.bin, program), args...).Output()
	if err != nil {
		s.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// as gives a kubeconfig with nothing but the schedule's own token.
func (s *scheduleSandbox) as(dir string) string {
	s.Helper()
	text := s.must("kubectl", "config", "view", "--raw", "--minify", "-o", "json")
	var config map[string]any
	if err := json.Unmarshal([]byte(text), &config); err != nil {
		s.Fatal(err)
	}
	token := strings.TrimSpace(s.must("kubectl", "-n", "clawql-drift", "create", "token", "clawql-drift"))
	for _, user := range config["users"].([]any) {
		user.(map[string]any)["user"] = map[string]any{"token": token}
	}
	written, err := json.Marshal(config)
	if err != nil {
		s.Fatal(err)
	}
	path := filepath.Join(dir, "token-kubeconfig")
	if err := os.WriteFile(path, written, 0o600); err != nil {
		s.Fatal(err)
	}
	return path
}

// The schedule on a real API server: applied, applied again, run with exactly
// the rights that it gave, and taken away.
func TestScheduleOnClusters(t *testing.T) {
	s := newScheduleSandbox(t)
	dir := t.TempDir()
	t.Chdir(dir)
	project := "apiVersion: clawql.io/v1alpha1\nkind: Project\nenvironments:\n" +
		"  staging: {context: CONTEXT, namespace: clawql-staging, overlay: o}\n  production: {context: CONTEXT, namespace: clawql, overlay: o}\n" +
		"drift:\n  egress: [{cidr: 203.0.113.0/24, ports: [443]}]\n  alerts: [{name: pager, type: webhook, severities: [critical, high], urlFrom: {env: CLAWQL_ALERT_PAGER}}]\n"
	if err := os.WriteFile("clawql.yaml", []byte(strings.ReplaceAll(project, "CONTEXT", s.context)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, namespace := range []string{"clawql-staging", "clawql"} {
		s.must("kubectl", "create", "namespace", namespace)
		s.must("kubectl", "-n", namespace, "create", "secret", "generic", "providers", "--from-literal=token=planted-4711")
	}
	image := "registry.example.com/drift@sha256:" + strings.Repeat("ab", 32)
	expect := func(name string, exit int, want string, args ...string) string {
		t.Helper()
		out, code := s.run("kubectl-clawql-drift", args...)
		if code != exit || !strings.Contains(out, want) {
			t.Errorf("%s: exit %d, want %d and %q:\n%s", name, code, exit, want, out)
		}
		return out
	}
	expect("dry run", 0, "nothing was changed", "schedule", "--image", image, "--dry-run")
	if out, code := s.run("kubectl", "get", "namespace", "clawql-drift"); code == 0 {
		t.Fatalf("the dry run made %s", out)
	}
	t.Log("\n" + expect("schedule", 0, "new     CronJob            clawql-drift/clawql-drift-check", "schedule", "--image", image))
	expect("schedule again", 0, "apply   CronJob            clawql-drift/clawql-drift", "schedule", "--image", image)
	expect("the schedule is no drift", 0, "equal", "-o", "json")

	mine := s.as(dir)
	t.Log("\n" + expect("run by its own rights", 0, "last run", "run", "--kubeconfig", mine))
	expect("check by its own rights", 0, "0 open", "run", "--check-only", "--kubeconfig", mine)
	expect("schedule keeps the history", 0, "apply   ConfigMap", "schedule", "--image", image)
	expect("history", 0, `"status": "equal"`, "history", "-o", "json")
	for _, args := range [][]string{
		{"create", "pods", "-n", "clawql"}, {"update", "configmaps/other", "-n", "clawql-drift"}, {"create", "configmaps", "-n", "clawql-drift"},
		{"delete", "configmaps/clawql-drift-history", "-n", "clawql-drift"}, {"create", "pods/exec", "-n", "clawql"}, {"list", "secrets", "-n", "kube-system"}, {"list", "secrets", "-n", "clawql-drift"}, {"get", "nodes/proxy"},
	} {
		if out, code := s.run("kubectl", append([]string{"--kubeconfig", mine, "auth", "can-i"}, args...)...); code == 0 {
			t.Errorf("the run may %v: %s", args, out)
		}
	}
	s.must("kubectl", "-n", "clawql-staging", "create", "role", "loose", "--verb=create", "--resource=pods/exec")
	s.must("kubectl", "-n", "clawql-staging", "create", "rolebinding", "loose", "--role=loose", "--user=eve")
	out := expect("a finding", 3, "NOT TOLD pager", "run", "--kubeconfig", mine)
	if !strings.Contains(out, "critical more permissive") || strings.Contains(out, "planted") {
		t.Error(out)
	}
	t.Log("\n" + expect("history of it", 0, "RBAC", "history"))
	t.Log("\n" + expect("fix", 0, "proven", "fix"))
	expect("remove", 0, "keep    ConfigMap          clawql-drift/clawql-drift-history", "schedule", "--remove")
	if out := s.must("kubectl", "get", "cronjobs,clusterroles,clusterrolebindings,roles,rolebindings,networkpolicies,serviceaccounts", "-A", "-l", "app.kubernetes.io/managed-by=clawql-drift", "-o", "name"); out != "" {
		t.Errorf("left behind: %s", out)
	}
	s.must("kubectl", "-n", "clawql-drift", "get", "configmap", "clawql-drift-history")
}
