package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// attacked is one real cluster with two namespaces, staging and production, in
// which a value stands in every place in which people and tools put one.
type attackedCluster struct {
	*testing.T
	bin, context, kubeconfig string
	values                   *canaries
}

const attackedName = "drift-attacks"

func newAttackedCluster(t *testing.T) *attackedCluster {
	t.Helper()
	sandbox := os.Getenv("CLAWQL_SANDBOX")
	if sandbox == "" {
		if strings.Contains(os.Getenv("CLAWQL_REQUIRE"), "cluster") {
			t.Fatal("CLAWQL_REQUIRE asks for a cluster, but CLAWQL_SANDBOX names no sandbox binary")
		}
		t.Skip("needs a sandbox: make test-drift-changes")
	}
	a := &attackedCluster{T: t, bin: filepath.Dir(sandbox), values: newCanaries()}
	_ = exec.Command(sandbox, "down", "--name", attackedName).Run() // of a run that was killed
	t.Cleanup(func() { _ = exec.Command(sandbox, "down", "--name", attackedName).Run() })
	a.must("sandbox", "up", "--name", attackedName)
	var status struct{ Kubeconfig, Context string }
	if err := json.Unmarshal([]byte(a.must("sandbox", "status", "--name", attackedName, "-o", "json")), &status); err != nil {
		t.Fatal(err)
	}
	a.kubeconfig, a.context = status.Kubeconfig, status.Context
	t.Setenv("KUBECONFIG", a.kubeconfig)
	t.Chdir(t.TempDir())
	a.apply(definitions + databases)
	a.must("kubectl", "wait", "--for=condition=established", "crd", "--all", "--timeout=60s")
	a.environment("production", "[Ingress, Egress]")
	a.environment("staging", "[Ingress]")
	return a
}

const databases = `---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: databases.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: databases, singular: database, kind: Database}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
`

// environment fills a namespace. The policies of the whole cluster are those of
// the side that was written last.
func (a *attackedCluster) environment(namespace, types string) {
	text := strings.NewReplacer("@MODE", "protection", "@LEVEL", "info", "@TYPES", types, "@VERBS", "[get]", "namespace: clawql", "namespace: "+namespace, "{name: clawql,", "{name: "+namespace+",").Replace(leaky)
	a.apply(a.values.plant(text, namespace))
}

func (a *attackedCluster) must(program string, args ...string) string {
	a.Helper()
	c := exec.Command(filepath.Join(a.bin, program), args...)
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		a.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, said.String())
	}
	return string(out)
}

func (a *attackedCluster) apply(manifests string) {
	a.Helper()
	c := exec.Command(filepath.Join(a.bin, "kubectl"), "apply", "--server-side", "--force-conflicts", "-f", "-")
	c.Stdin = strings.NewReader(manifests)
	if out, err := c.CombinedOutput(); err != nil {
		a.Fatalf("apply: %v\n%s", err, out)
	}
}

func (a *attackedCluster) side(namespace string) string { return a.context + "/" + namespace }

// loud runs the command as a process with every debug switch that there is, and
// gives all that it says.
func (a *attackedCluster) loud(args ...string) said {
	a.Helper()
	config := a.kubeconfig
	if at := slices.Index(args, "--kubeconfig"); at >= 0 {
		config = args[at+1]
	}
	c, all := process(a.T, "ulimit -c unlimited", args...)
	c.Env = append(c.Env, "KUBECONFIG="+config)
	_ = c.Run()
	return said{code: c.ProcessState.ExitCode(), out: all.String()}
}

// pair compares staging with production.
func (a *attackedCluster) pair(args ...string) said {
	return a.loud(append([]string{"--from", a.side("staging"), "--to", a.side("production")}, args...)...)
}

// One real API server: no value in anything that any command says, writes or
// keeps, and no way to an "equal" that was not looked at.
func TestAttacksOnClusters(t *testing.T) {
	a := newAttackedCluster(t)
	for _, one := range []struct {
		name string
		test func(*attackedCluster, *testing.T)
	}{
		{"no value in any format", (*attackedCluster).formats}, {"no value in a snapshot", (*attackedCluster).snapshots},
		{"no value in fix, rbac and schedule", (*attackedCluster).plans}, {"each single right", (*attackedCluster).rights},
		{"no value in a history of the cluster", (*attackedCluster).history}, {"no core of a real comparison", (*attackedCluster).cores},
		{"a server behind a hostile proxy", (*attackedCluster).proxied}, {"the connection cut at each moment", (*attackedCluster).moments},
		{"a clock and a name that are wrong", (*attackedCluster).certificates}, {"an expired token", (*attackedCluster).expired},
		{"a namespace that is being deleted", (*attackedCluster).deleted}, {"an owner hides no grant", (*attackedCluster).owned},
		{"objects that cannot be converted", (*attackedCluster).conversion}, // the last: its kind cannot be deleted any more
	} {
		begun := time.Now()
		t.Run(one.name, func(t *testing.T) {
			here := *a
			here.T = t
			one.test(&here, t)
		})
		t.Logf("%-45s %.1f s", one.name, time.Since(begun).Seconds())
	}
}

func (a *attackedCluster) formats(t *testing.T) {
	for _, format := range formats {
		got := a.pair("-o", format)
		if got.code != 1 || !strings.Contains(got.out, "default-deny") || !strings.Contains(got.out, "pull") {
			t.Errorf("%s: exit %d\n%.2000s", format, got.code, got.out)
		}
		a.values.none(t, format, got.out)
	}
	for _, format := range []string{"table", "json"} {
		a.values.none(t, format+" of equal sides", a.loud("--from", a.side("production"), "--to", a.side("production"), "-o", format).out)
	}
}

func (a *attackedCluster) snapshots(t *testing.T) {
	put(t, "key", strings.Repeat("0123456789abcdef", 4))
	for _, key := range [][]string{nil, {"--key", "key"}} {
		got := a.loud(append([]string{"snapshot", a.side("staging"), "-o", "s.snap", "--unsigned"}, key...)...)
		if got.code != 0 {
			t.Fatalf("%+v", got)
		}
		a.values.none(t, "what snapshot says", got.out)
		packed, err := os.ReadFile("s.snap")
		if err != nil {
			t.Fatal(err)
		}
		text := unpacked(t, packed)
		a.values.none(t, "the snapshot", text, "open ")
		if !strings.Contains(text, "CLAWQL_API_KEY") || !strings.Contains(text, `"kind":"Database"`) {
			t.Error("the snapshot lacks something")
		}
	}
	if got := a.loud("--from", "file:s.snap", "--to", a.side("staging"), "--unsigned", "--key", "key"); got.code != 0 {
		t.Errorf("a snapshot beside what it was taken of: %+v", got)
	}
	if got := a.loud("--from", "file:s.snap", "--to", a.side("production"), "--unsigned", "--key", "key"); got.code != 1 {
		t.Errorf("a snapshot beside the other side: %+v", got)
	}
}

func (a *attackedCluster) history(t *testing.T) {
	a.must("kubectl", "create", "configmap", "-n", "clawql-drift", "clawql-drift-history")
	where := []string{"--from", a.side("staging"), "--to", a.side("production"), "--history", a.side("clawql-drift")}
	for _, format := range []string{"table", "json", "yaml"} {
		run := a.loud(append([]string{"run", "-o", format}, where...)...)
		shown := a.loud(append([]string{"history", "-o", format}, where...)...)
		if !strings.Contains(run.out, "default-deny") || !strings.Contains(shown.out, "default-deny") {
			t.Errorf("%s: %+v\n%+v", format, run, shown)
		}
		a.values.none(t, "run and history as "+format, run.out+shown.out)
	}
	kept := a.must("kubectl", "get", "configmap,secret,event", "-n", "clawql-drift", "-o", "yaml")
	if !strings.Contains(kept, "default-deny") {
		t.Errorf("nothing is kept:\n%s", kept)
	}
	a.values.none(t, "the history in the cluster", kept)
}

func (a *attackedCluster) plans(t *testing.T) {
	put(t, "clawql.yaml", fmt.Sprintf("apiVersion: clawql.io/v1alpha1\nkind: Project\nenvironments:\n  staging: {context: %s, namespace: staging, overlay: o}\n  production: {context: %s, namespace: production, overlay: o}\ndrift:\n  egress: [{cidr: 203.0.113.0/24, ports: [443]}]\n  alerts: [{name: pager, type: webhook, severities: [critical, high], urlFrom: {env: PAGER_URL}}]\n", a.context, a.context))
	defer os.Remove("clawql.yaml")
	for _, args := range [][]string{
		{"fix"}, {"fix", "--from", "production", "--to", "staging", "-o", "yaml"}, {"fix", "-o", "json"}, {"rbac", "staging"},
		{"schedule", "--dry-run", "--image", "registry.example.com/drift@sha256:" + strings.Repeat("ab", 32)},
		{"schedule", "--dry-run", "-o", "yaml", "--image", "registry.example.com/drift@sha256:" + strings.Repeat("ab", 32)},
	} {
		got := a.loud(args...)
		if got.code != 0 {
			t.Errorf("%v: exit %d\n%.1500s", args, got.code, got.out)
		}
		a.values.none(t, strings.Join(args[:1], " "), got.out)
	}
}

// cores ends real comparisons in the middle of their work.
func (a *attackedCluster) cores(t *testing.T) {
	for i, signal := range []string{"ABRT", "QUIT", "ABRT", "QUIT", "SEGV", "ABRT"} {
		c, all := process(t, "ulimit -c unlimited", "--from", a.side("staging"), "--to", a.side("production"), "-o", "json")
		c.Env = append(c.Env, "KUBECONFIG="+a.kubeconfig)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		for range 1000 { // before that it has not begun
			if limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", c.Process.Pid)); err == nil && strings.Contains(strings.Join(strings.Fields(string(limits)), " "), "Max core file size 0 0 ") {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		time.Sleep(time.Duration(i*50) * time.Millisecond)
		_ = exec.Command("kill", "-"+signal, fmt.Sprint(c.Process.Pid)).Run()
		_ = c.Wait()
		a.values.none(t, "ended by "+signal, all.String())
		if found, _ := filepath.Glob("core*"); len(found) > 0 {
			t.Errorf("%s leaves %v", signal, found)
		}
	}
}

// rights takes one right after the other from those that `drift rbac` prints:
// each makes the comparison incomplete, and is named.
func (a *attackedCluster) rights(t *testing.T) {
	rights := a.loud("rbac", a.side("production"))
	if rights.code != 0 {
		t.Fatalf("%+v", rights)
	}
	a.apply(rights.out)
	token := strings.TrimSpace(a.must("kubectl", "-n", "clawql-drift", "create", "token", "clawql-drift"))
	limited := filepath.Join(t.TempDir(), "kubeconfig")
	put(t, limited, a.must("kubectl", "config", "view", "--raw", "--minify", "--flatten"))
	a.must("kubectl", "--kubeconfig", limited, "config", "set-credentials", "limited", "--token", token)
	a.must("kubectl", "--kubeconfig", limited, "config", "set-context", a.context, "--user", "limited")
	compared := func() (report driftReport, code int) {
		got := command("--from", a.side("production"), "--to", a.side("production"), "--kubeconfig", limited, "-o", "json")
		if err := json.Unmarshal([]byte(got.out), &report); err != nil {
			t.Fatalf("%v\n%s", err, got.all())
		}
		return report, got.code
	}
	if report, code := compared(); code != 0 {
		t.Fatalf("with all rights: exit %d, %v", code, report.Incomplete)
	}
	taken := 0
	for _, name := range []string{"clawql-drift-namespace", "clawql-drift-cluster"} {
		rules := a.rules(name)
		for i := range rules {
			for j, resource := range rules[i].Resources {
				a.setRules(name, without(rules, i, j))
				report, code := compared()
				for range 40 { // the authorizer hears of it soon
					if code != 0 && strings.Contains(strings.Join(report.Incomplete, "\n"), strings.TrimSuffix(resource, "s")) {
						break
					}
					time.Sleep(20 * time.Millisecond)
					report, code = compared()
				}
				if code != 3 || report.Status != finding.Incomplete || !strings.Contains(strings.Join(report.Incomplete, "\n"), strings.TrimSuffix(resource, "s")) {
					t.Errorf("without %s: exit %d, %s %v", resource, code, report.Status, report.Incomplete)
				}
				taken++
			}
		}
		a.setRules(name, rules)
	}
	if taken < 30 {
		t.Errorf("only %d rights were taken away", taken)
	}
	t.Logf("%d rights, each alone", taken)
}

func (a *attackedCluster) rules(role string) (rules []rbacv1.PolicyRule) {
	a.Helper()
	if err := json.Unmarshal([]byte(a.must("kubectl", "get", "clusterrole", role, "-o", "jsonpath={.rules}")), &rules); err != nil {
		a.Fatal(err)
	}
	return rules
}

func (a *attackedCluster) setRules(role string, rules []rbacv1.PolicyRule) {
	a.Helper()
	text, err := json.Marshal(rules)
	if err != nil {
		a.Fatal(err)
	}
	a.must("kubectl", "patch", "clusterrole", role, "--type=json", "-p", fmt.Sprintf(`[{"op":"replace","path":"/rules","value":%s}]`, text))
}

// without are the rules without one resource.
func without(rules []rbacv1.PolicyRule, i, j int) []rbacv1.PolicyRule {
	less := slices.Clone(rules)
	less[i].Resources = slices.Delete(slices.Clone(rules[i].Resources), j, j+1)
	if len(less[i].Resources) == 0 {
		less = slices.Delete(less, i, i+1)
	}
	return less
}
