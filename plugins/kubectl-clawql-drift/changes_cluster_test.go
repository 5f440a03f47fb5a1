package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// The tests in this file need two real clusters: sandboxes that CLAWQL_SANDBOX
// starts, the one staging, the other production. Without it they are skipped,
// and fail where CLAWQL_REQUIRE asks for a cluster.

// pair is the two clusters, with one environment applied to both.
type pair struct {
	*testing.T
	bin      string
	contexts [2]string // of staging and production
}

var sandboxes = [2]string{"drift-staging", "drift-production"}

func newPair(t *testing.T) *pair {
	t.Helper()
	sandbox := os.Getenv("CLAWQL_SANDBOX")
	if sandbox == "" {
		if strings.Contains(os.Getenv("CLAWQL_REQUIRE"), "cluster") {
			t.Fatal("CLAWQL_REQUIRE asks for a cluster, but CLAWQL_SANDBOX names no sandbox binary")
		}
		t.Skip("needs two sandboxes: make test-drift-changes")
	}
	p := &pair{T: t, bin: filepath.Dir(sandbox)}
	var files []string
	for i, name := range sandboxes {
		_ = exec.Command(sandbox, "down", "--name", name).Run() // of a run that was killed
		t.Cleanup(func() { p.must("sandbox", "down", "--name", name) })
		p.must("sandbox", "up", "--name", name)
		var status struct{ Kubeconfig, Context string }
		if err := json.Unmarshal([]byte(p.must("sandbox", "status", "--name", name, "-o", "json")), &status); err != nil {
			t.Fatal(err)
		}
		files, p.contexts[i] = append(files, status.Kubeconfig), status.Context
	}
	t.Setenv("KUBECONFIG", strings.Join(files, string(os.PathListSeparator)))
	for _, context := range p.contexts {
		p.apply(context, definitions)
		p.must("kubectl", "--context", context, "wait", "--for=condition=established", "crd", "--all", "--timeout=60s")
		p.apply(context, environment)
	}
	return p
}

// must runs a program of bin/.
func (p *pair) must(program string, args ...string) string {
	p.Helper()
	out, err := exec.Command(filepath.Join(p.bin, program), args...).Output()
	if err != nil {
		var ended *exec.ExitError
		if errors.As(err, &ended) {
			out = append(out, ended.Stderr...)
		}
		p.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (p *pair) apply(context, manifests string) {
	p.Helper()
	c := exec.Command(filepath.Join(p.bin, "kubectl"), "--context", context, "apply", "--server-side", "--force-conflicts", "-f", "-")
	c.Stdin = strings.NewReader(manifests)
	if out, err := c.CombinedOutput(); err != nil {
		p.Fatalf("apply: %v\n%s", err, out)
	}
}

// drift runs the command as a person would, and reads its JSON.
func (p *pair) drift(args ...string) (driftReport, int) {
	p.Helper()
	args = append([]string{"--from", p.contexts[0] + "/clawql", "--to", p.contexts[1] + "/clawql", "-o", "json"}, args...)
	c := exec.Command(filepath.Join(p.bin, "kubectl-clawql-drift"), args...)
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.Output()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		p.Fatal(err)
	}
	var report driftReport
	if err := json.Unmarshal(out, &report); err != nil {
		p.Fatalf("%v\n%s%s", err, out, stderr.String())
	}
	return report, c.ProcessState.ExitCode()
}

// single changes of staging, one at a time.
var changes = []struct {
	control, what string
	old, new      string
	direction     finding.Direction
}{
	{"NetworkPolicy", "egress open for all pods", "policyTypes: [Ingress, Egress]}", "policyTypes: [Ingress]}", finding.MorePermissive},
	{"NetworkPolicy", "another namespace may scrape", "kubernetes.io/metadata.name: monitoring}}}]", "kubernetes.io/metadata.name: default}}}]", finding.MorePermissive},
	{"NetworkPolicy", "every port may be scraped", "    ports: [{port: http}]\n", "", finding.MorePermissive},
	{"NetworkPolicy", "a range longer by one port", "endPort: 5440", "endPort: 5441", finding.MorePermissive},
	{"NetworkPolicy", "a range shorter by one port", "endPort: 5440", "endPort: 5439", finding.Stricter},
	{"NetworkPolicy", "an exception of a block gone", ", except: [10.20.9.0/24]", "", finding.MorePermissive},
	{"NetworkPolicy", "a wider IPv6 block", "fd00:20::/64", "fd00:20::/63", finding.MorePermissive},
	{"NetworkPolicy", "another protocol too", "ports: [{port: 5432, endPort: 5440}]", "ports: [{port: 5432, endPort: 5440}, {port: 53, protocol: UDP}]", finding.MorePermissive},
	{"RBAC", "pods may be listed", "verbs: [get]}]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding", "verbs: [get, list]}]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding", finding.MorePermissive},
	{"RBAC", "secrets too", "resources: [pods, configmaps]", "resources: [pods, configmaps, secrets]", finding.MorePermissive},
	{"RBAC", "only one pod", "resources: [pods, configmaps], verbs: [get]", "resources: [pods], resourceNames: [one], verbs: [get]", finding.Stricter},
	{"RBAC", "a wildcard of verbs", "resources: [pods, configmaps], verbs: [get]", "resources: [pods, configmaps], verbs: ['*']", finding.MorePermissive},
	{"RBAC", "everybody who is logged in", "kind: Group, name: clawql-operators", "kind: Group, name: 'system:authenticated'", finding.MorePermissive},
	{"RBAC", "one subject more", "subjects: [{kind: ServiceAccount, name: gateway, namespace: clawql}]", "subjects: [{kind: ServiceAccount, name: gateway, namespace: clawql}, {kind: User, name: eve, apiGroup: rbac.authorization.k8s.io}]", finding.MorePermissive},
	{"RBAC", "a path of the server", "nonResourceURLs: [/healthz]", "nonResourceURLs: ['/*']", finding.MorePermissive},
	{"RBAC", "nodes/proxy", "resources: [nodes]", "resources: [nodes, nodes/proxy]", finding.MorePermissive},
	{"PodSecurity", "a namespace that admits baseline", "enforce: restricted", "enforce: baseline", finding.MorePermissive},
	{"PodSecurity", "a namespace without a label", "{name: clawql, labels: {pod-security.kubernetes.io/enforce: restricted}}", "{name: clawql, labels: {}}", finding.MorePermissive},
	{"PodSecurity", "an old version of the standard", "enforce: restricted}", "enforce: restricted, pod-security.kubernetes.io/enforce-version: v1.22}", finding.MorePermissive},
	{"PodSecurityPods", "capabilities kept", "capabilities: {drop: [ALL]}", "capabilities: {drop: [NET_RAW]}", finding.MorePermissive},
	{"PodSecurityPods", "a pod in the host's network", "automountServiceAccountToken: false", "automountServiceAccountToken: false\n      hostNetwork: true", finding.MorePermissive},
	{"PodSecurityPods", "root may run", "runAsNonRoot: true", "runAsNonRoot: false", finding.MorePermissive},
	{"Webhook", "a webhook that is passed over while it is down", "failurePolicy: Fail\n  sideEffects", "failurePolicy: Ignore\n  sideEffects", finding.MorePermissive},
	{"Webhook", "a webhook that is not asked about updates", "operations: [CREATE, UPDATE]}]\n  namespaceSelector", "operations: [CREATE]}]\n  namespaceSelector", finding.MorePermissive},
	{"Webhook", "a webhook for another namespace", "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: clawql}}\n  failure", "namespaceSelector: {}\n  failure", finding.Stricter},
	{"Image", "a tag instead of the digest", "@sha256:4b1c0f5e2d8a7c6b9e3f1a0d5c4b3a29181706f5e4d3c2b1a09f8e7d6c5b4a39", ":latest", finding.MorePermissive},
	{"Image", "another digest", "sha256:4b1c0f", "sha256:5b1c0f", finding.Different},
	{"Environment", "a variable without a meaning of ours", "name: REGION, value: eu", "name: REGION, value: us", finding.Different},
	{"Environment", "debug in the log", "name: CLAWQL_LOG_LEVEL, value: info", "name: CLAWQL_LOG_LEVEL, value: debug", finding.MorePermissive},
	{"Environment", "Panguard's proxy fails open", "FAIL_MODE, value: closed", "FAIL_MODE, value: open", finding.MorePermissive},
	{"Environment", "no JWT is asked for", "JWT_ENABLED, value: '1'", "JWT_ENABLED, value: '0'", finding.MorePermissive},
	{"Environment", "another issuer of JWTs", "https://issuer.example.com", "https://other.example.com", finding.Different},
	{"Environment", "fewer tools blocked in process", "value: 'shell_exec,file_delete'", "value: shell_exec", finding.MorePermissive},
	{"Panguard", "a weaker mode", "mode: protection", "mode: report-only", finding.MorePermissive},
	{"Panguard", "a policy that fails open", "failMode: closed", "failMode: open", finding.MorePermissive},
	{"Panguard", "a tool no longer blocked", `["shell_exec"]`, "[]", finding.MorePermissive},
	{"Panguard", "one more tool blocked", `["shell_exec"]`, `["shell_exec","file_write"]`, finding.Stricter},
	{"ATR", "a rule deprecated", "status: stable", "status: deprecated", finding.MorePermissive},
	{"ATR", "a rule that only alerts", "[block_tool, alert]", "[alert]", finding.MorePermissive},
	{"ATR", "a rule that is less severe", "severity: high", "severity: low", finding.MorePermissive},
	{"ATR", "a narrower regex", `rm\s+-rf`, `rm\s+-rf\s+/home`, finding.MorePermissive},
	{"ATR", "a condition gone", "      - {field: tool_args, operator: contains, value: mkfs}\n", "", finding.MorePermissive},
	{"ATR", "a regex that no test tells apart", `rm\s+-rf`, `rm\s+-rf|unlink`, finding.Different},
	{"Admission", "Kyverno only audits", "validationFailureAction: Enforce", "validationFailureAction: Audit", finding.MorePermissive},
	{"Admission", "Kyverno fails open", "  failurePolicy: Fail\n  rules", "  failurePolicy: Ignore\n  rules", finding.MorePermissive},
	{"Admission", "Kyverno no longer asks about a kind", "kinds: [Pod, Deployment]", "kinds: [Deployment]", finding.MorePermissive},
	{"Admission", "another signer of images", "ClawQL/*'", "*'", finding.Different},
	{"Admission", "a policy only warns", "validationActions: [Deny]", "validationActions: [Warn]", finding.MorePermissive},
	{"Admission", "a policy fails open", "  failurePolicy: Fail\n  matchC", "  failurePolicy: Ignore\n  matchC", finding.MorePermissive},
	{"Admission", "another expression", "replicas <= 50", "replicas <= 51", finding.Different},
	{"Istio", "plain text is let in", "mode: STRICT", "mode: PERMISSIVE", finding.MorePermissive},
	{"Istio", "mutual TLS is switched off", "mode: STRICT", "mode: DISABLE", finding.MorePermissive},
	{"Istio", "another caller", "principals: [cluster.local/ns/ingress/sa/proxy]", "principals: [cluster.local/ns/ingress/sa/proxy, cluster.local/ns/x/sa/y]", finding.MorePermissive},
	{"Istio", "every path", "methods: [POST], paths: [/mcp]", "methods: [POST]", finding.MorePermissive},
	{"Istio", "one caller fewer: nobody", "  rules:\n  - from: [{source: {principals: [cluster.local/ns/ingress/sa/proxy]}}]\n    to: [{operation: {methods: [POST], paths: [/mcp]}}]\n", "", finding.Stricter},
	{"Istio", "only with a header", "paths: [/mcp]}}]", "paths: [/mcp]}}]\n    when: [{key: 'request.headers[x]', values: [gold]}]", finding.Stricter},
	{"Istio", "a condition that is not understood", "paths: [/mcp]}}]", "paths: [/mcp]}}]\n    when: [{key: connection.sni, values: [gold]}]", finding.Different},
	{"ATRRoles", "a role more", `["underwriter"]`, `["underwriter","clerk"]`, finding.MorePermissive},
	{"ATRRoles", "a narrower operation", "lending__*__read", "lending__loans__read", finding.Stricter},
	{"Object", "another allow list", `["file_read"]`, `["file_list"]`, finding.Different},
	{"Secret", "another value", "LTQ3MTE=", "LTQ3MTI=", finding.Different},
	{"Secret", "one more key", "data: {token: Y2FuYXJ5LXZhbHVlLTQ3MTE=}", "data: {token: Y2FuYXJ5LXZhbHVlLTQ3MTE=, more: Y2FuYXJ5}", finding.Different},
	{"Object", "a setting", `limit: "10"`, `limit: "11"`, finding.Different},
	{"Object", "a port of a Service", "port: 80,", "port: 81,", finding.Different},
	{"Object", "a label", "labels: {team: a}", "labels: {team: b}", finding.Different},
	{"Object", "a root file system that can be written", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", finding.Different},
}

// Two equal environments, then one change after the other, on two real
// clusters: each is found under its control, with its direction and a witness,
// and nothing beside it.
func TestSingleChangesOnTwoClusters(t *testing.T) {
	p := newPair(t)
	if report, code := p.drift(); code != 0 || report.Status != finding.Equal {
		t.Fatalf("equal environments: exit %d, %+v", code, report)
	}
	t.Logf("%-16s %-42s %-16s %s", "control", "change of staging", "direction", "witness")
	for _, change := range changes {
		changed := strings.Replace(environment, change.old, change.new, 1)
		if changed == environment {
			t.Fatalf("%s: the change changes nothing", change.what)
		}
		p.apply(p.contexts[0], changed)
		report, code := p.drift()
		p.apply(p.contexts[0], environment)
		hit, others := pick(report.Findings, change.control, change.direction)
		if code != 1 || hit == nil || len(others) > 0 {
			t.Errorf("%s, %s: exit %d, %+v", change.control, change.what, code, report.Findings)
			continue
		}
		witness := "-"
		if hit.Witness != nil {
			witness = hit.Witness.Text
		}
		if (hit.Witness == nil) != (change.direction == finding.Different) {
			t.Errorf("%s: witness %v", change.what, hit.Witness)
		}
		t.Logf("%-16s %-42s %-16s %s", change.control, change.what, hit.Direction, witness)
	}
	if report, code := p.drift(); code != 0 {
		t.Errorf("after all: exit %d, %+v", code, report.Findings)
	}
	t.Run("Vault", func(t *testing.T) { (&pair{T: t, bin: p.bin, contexts: p.contexts}).changesOfVault() })
}

// pick gives the finding that is looked for, and those of other controls or of
// the opposite direction.
func pick(list []finding.Finding, control string, direction finding.Direction) (hit *finding.Finding, others []string) {
	for _, f := range list {
		if f.Control == control && f.Direction == direction {
			hit = &f
			continue
		}
		if f.Direction != direction.Flip() || f.Control != control {
			others = append(others, fmt.Sprint(f.Control, " ", f.Direction, " ", f.Object, ": ", f.Explanation))
		}
	}
	return hit, others
}
