package driftcheck

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/project"
)

const environment = `
apiVersion: v1
kind: Namespace
metadata: {name: NS, labels: {pod-security.kubernetes.io/enforce: restricted}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: NS}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: gateway, namespace: NS, labels: {team: a}}
spec:
  replicas: 2
  selector: {matchLabels: {app: gateway}}
  template:
    metadata: {labels: {app: gateway}}
    spec:
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: gateway
        image: ghcr.io/acme/mcp@sha256:1
        ports: [{name: http, containerPort: 8080}]
        env: [{name: CLAWQL_LOG_LEVEL, value: info}]
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
---
apiVersion: v1
kind: Secret
metadata: {name: providers, namespace: NS}
stringData: {token: canary-value-4711}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: NS}
data: {mode: canary-config-4712}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: NS}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: NS}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: gateway, namespace: NS}]
`

// reader seals alike on both sides of a test.
var reader = NewReader()

// side writes an environment into a folder and reads it.
func side(t *testing.T, namespace string, replace ...string) Side {
	t.Helper()
	text := strings.NewReplacer(replace...).Replace(environment)
	if len(replace) > 0 && text == environment {
		t.Fatalf("%q changes nothing", replace)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "all.yaml"), []byte(strings.ReplaceAll(text, "NS", namespace)), 0o600); err != nil {
		t.Fatal(err)
	}
	read, err := reader.Folder(context.Background(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	read.Name = namespace
	return read
}

func compare(t *testing.T, from, to Side, o Options) *Report {
	t.Helper()
	report, err := Compare(context.Background(), from, to, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

var mapped = Options{Namespaces: map[string]string{"staging": "production"}}

func TestEqualUnderAnotherName(t *testing.T) {
	report := compare(t, side(t, "staging"), side(t, "production"), mapped)
	if report.Status != finding.Equal {
		t.Errorf("%+v", report)
	}
	if report := compare(t, side(t, "staging"), side(t, "production"), Options{}); report.Status == finding.Equal {
		t.Error("equal without a mapping of names")
	}
}

// One change on the side of staging is one finding, with its direction.
func TestSingleChanges(t *testing.T) {
	for _, one := range []struct{ name, old, new, want string }{
		{"default-deny gone", "kind: NetworkPolicy\nmetadata: {name: default-deny", "kind: NetworkPolicy\nmetadata: {name: other, namespace: elsewhere}\nspec: {podSelector: {}}\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: x", ""},
		{"egress open", "policyTypes: [Ingress, Egress]", "policyTypes: [Ingress]", "more-permissive NetworkPolicy production/default-deny"},
		{"pods may be listed", "verbs: [get]", "verbs: [get, list]", "more-permissive RBAC"},
		{"fewer rights", "verbs: [get]", "verbs: []", "stricter RBAC"},
		{"privileged", "allowPrivilegeEscalation: false", "privileged: true", "more-permissive PodSecurityPods production/gateway"},
		{"label", "enforce: restricted", "enforce: privileged", "more-permissive PodSecurity production"},
		{"image", "sha256:1", "sha256:2", "different Image production/gateway"},
		{"variable", "value: info", "value: debug", "more-permissive Environment production/gateway"},
		{"secret", "canary-value-4711", "canary-value-4799", "different Secret production/providers"},
		{"replicas", "replicas: 2", "replicas: 3", "different Object production/gateway"},
		{"config", "canary-config-4712", "canary-config-4713", "different Object production/settings"},
	} {
		t.Run(one.name, func(t *testing.T) {
			report := compare(t, side(t, "staging", one.old, one.new), side(t, "production"), mapped)
			if one.want == "" {
				if report.Summary.MorePermissive == 0 {
					t.Errorf("%+v", report)
				}
				return
			}
			var hits int
			for _, f := range report.Findings {
				said := string(f.Direction) + " " + f.Control + " " + f.Object.String()
				if strings.HasPrefix(said, one.want) {
					hits++
				}
				if f.Direction != finding.Different && f.Witness == nil {
					t.Errorf("no witness: %+v", f)
				}
			}
			if hits == 0 || report.Status != finding.Drift {
				t.Errorf("%s: %+v", report.Status, report.Findings)
			}
			if hits != len(report.Findings) && one.name != "privileged" {
				t.Errorf("more than one control: %+v", report.Findings)
			}
		})
	}
}

func TestOnlyThere(t *testing.T) {
	const extra = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra, namespace: NS}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings"
	report := compare(t, side(t, "staging", "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings", extra), side(t, "production"), mapped)
	if len(report.Findings) != 1 || report.Findings[0].From != "is there" || report.Findings[0].Object.Name != "extra" {
		t.Errorf("%+v", report.Findings)
	}
}

// No value of a Secret, a ConfigMap or a variable is in what is found.
func TestNoValueLeavesTheComparison(t *testing.T) {
	from := side(t, "staging", "canary-value-4711", "canary-value-4799", "canary-config-4712", "canary-config-4713", "value: info", "value: canary-env-4714")
	text, err := json.Marshal(compare(t, from, side(t, "production"), mapped))
	if err != nil {
		t.Fatal(err)
	}
	for _, canary := range []string{"canary", "Y2FuYXJ5"} {
		if strings.Contains(string(text), canary) {
			t.Errorf("%s is in %s", canary, text)
		}
	}
}

// data and stringData of one value are one Secret.
func TestSecretByWhatItHolds(t *testing.T) {
	from := side(t, "staging", "stringData: {token: canary-value-4711}", "data: {token: Y2FuYXJ5LXZhbHVlLTQ3MTE=}")
	if report := compare(t, from, side(t, "production"), mapped); report.Status != finding.Equal {
		t.Errorf("%+v", report.Findings)
	}
}

func TestNeverEqualWhenNotWhole(t *testing.T) {
	from, to := side(t, "staging"), side(t, "production")
	from.Incomplete = []string{"no right to list roles"}
	if report := compare(t, from, to, mapped); report.Status != finding.Incomplete {
		t.Errorf("%s", report.Status)
	}
	from = side(t, "staging", "apiVersion: apps/v1", "apiVersion: apps/v1beta2")
	if report := compare(t, from, to, mapped); report.Status != finding.Incomplete {
		t.Errorf("two versions: %s", report.Status)
	}
	for _, bad := range [][]string{
		{"podSelector: {}", "podSelektor: {}"},
		{"verbs: [get]", "verbs: get"},
	} {
		_, err := Compare(context.Background(), side(t, "staging", bad...), to, mapped)
		if fault.Code(err) != fault.CodeUnable {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if report := compare(t, side(t, "staging", "replicas: 2", "replicas: two"), to, mapped); report.Status != finding.Incomplete {
		t.Errorf("an object that does not fit its type: %s", report.Status)
	}
}

func TestASecretThatIsNoBase64IsAnError(t *testing.T) {
	dir := t.TempDir()
	text := "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {token: '*canary*'}\n"
	if err := os.WriteFile(filepath.Join(dir, "s.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewReader().Folder(context.Background(), dir, nil); fault.Code(err) != fault.CodeUnable || strings.Contains(err.Error(), "canary") {
		t.Errorf("%v", err)
	}
}

// A binding for the other environment's account is not one for the own: staging
// that lets production in is no mirror of production that lets itself in.
func TestTheOtherEnvironmentIsAnotherSubject(t *testing.T) {
	from := side(t, "staging", "subjects: [{kind: ServiceAccount, name: gateway, namespace: NS}]", "subjects: [{kind: ServiceAccount, name: gateway, namespace: production}]")
	report := compare(t, from, side(t, "production"), mapped)
	if report.Summary.MorePermissive != 1 || report.Summary.Stricter != 1 {
		t.Errorf("%+v", report.Findings)
	}
	to := side(t, "production", "subjects: [{kind: ServiceAccount, name: gateway, namespace: NS}]", "subjects: [{kind: ServiceAccount, name: gateway, namespace: staging}]")
	if report := compare(t, from, to, mapped); report.Status != finding.Equal {
		t.Errorf("mirrored: %+v", report.Findings)
	}
}

func TestVaultPolicies(t *testing.T) {
	from, to := side(t, "staging"), side(t, "production")
	from.Policies = map[string]string{"eso": `path "secret/data/*" { capabilities = ["read"] }`}
	if report := compare(t, from, to, mapped); report.Status != finding.Incomplete {
		t.Errorf("only one side has policies: %s", report.Status)
	}
	to.Policies = map[string]string{"eso": `path "secret/data/clawql/*" { capabilities = ["read"] }`}
	report := compare(t, from, to, mapped)
	if len(report.Findings) != 1 || report.Findings[0].Direction != finding.MorePermissive || report.Findings[0].Witness == nil {
		t.Errorf("%+v", report)
	}
}

func TestExceptions(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	open := project.DriftException{Control: "NetworkPolicy", Object: "NetworkPolicy production/default-*", Direction: "more-permissive", Reason: "load tests", Owner: "me", Expires: project.Date(now.AddDate(0, 1, 0))}
	expired, unused := open, open
	expired.Expires = project.Date(now.AddDate(0, 0, -1).Truncate(24 * time.Hour))
	unused.Object = "NetworkPolicy production/other"
	for _, one := range []struct {
		name       string
		exceptions []project.DriftException
		status     finding.Status
		excepted   int
		warnings   int
	}{
		{"none", nil, finding.Drift, 0, 0},
		{"covered", []project.DriftException{open}, finding.Equal, 1, 0},
		{"expired", []project.DriftException{expired}, finding.Drift, 0, 1},
		{"unused", []project.DriftException{open, unused}, finding.Equal, 1, 1},
	} {
		report := compare(t, side(t, "staging", "policyTypes: [Ingress, Egress]", "policyTypes: [Ingress]"), side(t, "production"), mapped)
		report.Except(one.exceptions, now)
		if report.Status != one.status || len(report.Excepted) != one.excepted || len(report.Warnings) != one.warnings {
			t.Errorf("%s: %s, %d excepted, %v", one.name, report.Status, len(report.Excepted), report.Warnings)
		}
	}
	from := side(t, "staging")
	from.Incomplete = []string{"no right to list roles"}
	report := compare(t, from, side(t, "production"), mapped)
	if report.Except([]project.DriftException{open}, now); report.Status != finding.Incomplete {
		t.Errorf("what was not compared was excepted: %s", report.Status)
	}
}

// A folder may bind a role that every cluster has, without holding it.
func TestAFolderMayBindADefaultRole(t *testing.T) {
	bound := []string{"kind: Role, name: reader}", "kind: ClusterRole, name: view}"}
	if report := compare(t, side(t, "staging", bound...), side(t, "production", bound...), mapped); report.Status != finding.Equal {
		t.Errorf("%s %v %v", report.Status, report.Incomplete, report.Findings)
	}
	report := compare(t, side(t, "staging", bound[0], "kind: ClusterRole, name: edit}"), side(t, "production", bound...), mapped)
	if report.Summary.MorePermissive != 1 || report.Status != finding.Drift {
		t.Errorf("edit against view: %+v", report)
	}
}
