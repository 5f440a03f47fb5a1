package driftcheck

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// meaningful is an environment of the controls that ClawQL, Kyverno and Istio
// add.
const meaningful = `
apiVersion: v1
kind: ConfigMap
metadata: {name: panguard-policy, namespace: clawql, labels: {clawql.io/security-config: panguard-policy}}
data: {mode: protection, failMode: closed, blocked-tools.json: '["shell_exec"]', allowed-tools.json: '["file_read"]'}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: panguard-rules, namespace: clawql, labels: {clawql.io/security-config: panguard-rules}}
data:
  remove-all.yaml: |
    id: EXAMPLE-1
    title: Remove everything
    status: stable
    severity: high
    tags: {confidence: high, scan_target: mcp}
    agent_source: {type: tool_call}
    detection:
      condition: any
      conditions:
      - {field: tool_args, operator: regex, value: 'rm\s+-rf'}
      - {field: tool_args, operator: contains, value: mkfs}
    response: {actions: [block_tool, alert]}
    test_cases:
      true_positives: [{tool_args: rm -rf /}, {tool_args: mkfs /dev/sda}]
---
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: clawql-ghcr-cosign-keyless}
spec:
  validationFailureAction: Enforce
  failurePolicy: Fail
  rules:
  - name: verify-clawql-images
    match: {any: [{resources: {kinds: [Pod, Deployment]}}]}
    verifyImages:
    - imageReferences: ["ghcr.io/danielsmithdevelopment/*"]
      attestors: [{entries: [{keyless: {issuer: 'https://token.actions.githubusercontent.com', subject: 'https://github.com/danielsmithdevelopment/ClawQL/*'}}]}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: clawql-digests}
spec:
  failurePolicy: Fail
  matchConstraints: {resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}
  validations: [{expression: "object.spec.replicas <= 50"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: clawql-digests}
spec: {policyName: clawql-digests, validationActions: [Deny], matchResources: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: clawql}}}}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: clawql}
spec: {mtls: {mode: STRICT}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: gateway, namespace: clawql}
spec:
  action: ALLOW
  selector: {matchLabels: {app: gateway}}
  rules:
  - from: [{source: {principals: [cluster.local/ns/ingress/sa/proxy]}}]
    to: [{operation: {methods: [POST], paths: [/mcp]}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: clawql-abac-policy, namespace: clawql}
data:
  policy.json: '{"rules":[{"actorType":"agent","roles":["underwriter"],"verticals":["lending"],"operations":["lending__*__read"]}]}'
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: gateway, namespace: clawql}
spec:
  selector: {matchLabels: {app: gateway}}
  template:
    metadata: {labels: {app: gateway}}
    spec:
      containers:
      - name: gateway
        image: a
        env: [{name: CLAWQL_MCP_JWT_ENABLED, value: "1"}]
      - {name: proxy, image: "registry.example.com/proxy:1@sha256:1111111111111111111111111111111111111111111111111111111111111111"}
      volumes: [{name: model, image: {reference: "registry.example.com/model@sha256:3333333333333333333333333333333333333333333333333333333333333333"}}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: guard}
webhooks:
- name: guard.clawql.io
  clientConfig: {service: {name: guard, namespace: clawql}}
  rules: [{apiGroups: [""], apiVersions: [v1], resources: [pods], operations: [CREATE, UPDATE]}]
  objectSelector: {}
- name: other.clawql.io
  clientConfig: {service: {name: other, namespace: clawql}}
  rules: [{apiGroups: [""], apiVersions: [v1], resources: [pods], operations: [CREATE]}]
`

func folderOf(t *testing.T, name, text string) Side {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "all.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	read, err := reader.Folder(context.Background(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	read.Name = name
	return read
}

// One change of staging is one finding, under its control and with its
// direction; with the sides swapped it is the opposite one.
func TestOneChangeIsOneFinding(t *testing.T) {
	for _, one := range []struct{ name, old, new, want string }{
		{"Panguard's mode", "mode: protection", "mode: learning", "more-permissive Panguard"},
		{"Panguard's fail mode", "failMode: closed", "failMode: open", "more-permissive Panguard"},
		{"Panguard's block list", `["shell_exec"]`, `[]`, "more-permissive Panguard"},
		{"Panguard's allow list", `["file_read"]`, `[]`, "different Object"},
		{"Panguard's policy is none", "labels: {clawql.io/security-config: panguard-policy}", "labels: {}", "more-permissive Panguard"},
		{"no policy", "kind: ConfigMap\nmetadata: {name: panguard-policy, namespace: clawql", "kind: Event\nmetadata: {name: panguard-policy, namespace: clawql", "more-permissive Panguard"},
		{"a rule deprecated", "status: stable", "status: deprecated", "more-permissive ATR"},
		{"a rule that only alerts", "[block_tool, alert]", "[alert]", "more-permissive ATR"},
		{"a narrower regex", `rm\s+-rf`, `rm\s+-rf\s+/home`, "more-permissive ATR"},
		{"a rule gone", "  remove-all.yaml: |", "  remove-all.txt: |", ""},
		{"a rule's title", "title: Remove everything", "title: Remove it all", "different Object"},
		{"Kyverno only audits", "validationFailureAction: Enforce", "validationFailureAction: Audit", "more-permissive Admission"},
		{"Kyverno fails open", "  failurePolicy: Fail\n  rules", "  failurePolicy: Ignore\n  rules", "more-permissive Admission"},
		{"Kyverno no longer asks about a kind", "kinds: [Pod, Deployment]", "kinds: [Deployment]", "more-permissive Admission"},
		{"another signer of images", "ClawQL/*'", "*'", "different Admission"},
		{"a policy only warns", "validationActions: [Deny]", "validationActions: [Warn]", "more-permissive Admission"},
		{"a policy fails open", "  failurePolicy: Fail\n  matchC", "  failurePolicy: Ignore\n  matchC", "more-permissive Admission"},
		{"another expression", "replicas <= 50", "replicas <= 51", "different Admission"},
		{"a binding of another policy", "ValidatingAdmissionPolicyBinding\nmetadata: {name: clawql-digests}\nspec: {policyName: clawql-digests,", "ValidatingAdmissionPolicyBinding\nmetadata: {name: clawql-digests}\nspec: {policyName: other,", "more-permissive Admission"},
		{"plain text is let in", "mode: STRICT", "mode: PERMISSIVE", "more-permissive Istio"},
		{"mutual TLS is switched off", "mode: STRICT", "mode: DISABLE", "more-permissive Istio"},
		{"another caller", "principals: [cluster.local/ns/ingress/sa/proxy]", "principals: [cluster.local/ns/ingress/sa/proxy, cluster.local/ns/x/sa/y]", "more-permissive Istio"},
		{"every path", "methods: [POST], paths: [/mcp]", "methods: [POST]", "more-permissive Istio"},
		{"one caller fewer: nobody", "  rules:\n  - from: [{source: {principals: [cluster.local/ns/ingress/sa/proxy]}}]\n    to: [{operation: {methods: [POST], paths: [/mcp]}}]\n", "", "stricter Istio"},
		{"a condition that is not understood", "paths: [/mcp]}}]", "paths: [/mcp]}}]\n    when: [{key: connection.sni, values: [gold]}]", "different Istio"},
		{"only with a header", "paths: [/mcp]}}]", "paths: [/mcp]}}]\n    when: [{key: 'request.headers[x]', values: [gold]}]", "stricter Istio"},
		{"a role more", `["underwriter"]`, `["underwriter","clerk"]`, "more-permissive ATRRoles"},
		{"a narrower operation", "lending__*__read", "lending__loans__read", "stricter ATRRoles"},
		{"a role's condition", `"agent",`, `"agent","conditions":{"a":1},`, "different Object"},
		{"no JWT", `env: [{name: CLAWQL_MCP_JWT_ENABLED, value: "1"}]`, "", "more-permissive Environment"},
		{"another image under one tag", "@sha256:1111", "@sha256:2222", "different Image"},
		{"the same image elsewhere", "registry.example.com/proxy:1@", "mirror.example.com/proxy@", "equal"},
		{"a volume of a tag", "model@sha256:3333333333333333333333333333333333333333333333333333333333333333", "model:1", "more-permissive Image"},
		{"a tag", ":1@sha256:1111111111111111111111111111111111111111111111111111111111111111", ":1", "more-permissive Image"},
		{"a webhook that may be down", "  objectSelector: {}", "  objectSelector: {}\n  failurePolicy: Ignore", "more-permissive Webhook"},
		{"a webhook for some objects", "  objectSelector: {}", "  objectSelector: {matchLabels: {a: b}}", "more-permissive Webhook"},
		{"a webhook less", "- name: other.clawql.io\n  clientConfig: {service: {name: other, namespace: clawql}}\n  rules: [{apiGroups: [\"\"], apiVersions: [v1], resources: [pods], operations: [CREATE]}]\n", "", "more-permissive Webhook"},
		{"another one answers", "service: {name: guard", "service: {name: answers", "different Object"},
		{"rules in another way", "resources: [pods], operations: [CREATE, UPDATE]", "resources: [pods, pods], operations: [UPDATE, CREATE]", "equal"},
		{"a mode that nobody knows", "mode: protection", "mode: audit", "different Object"},
	} {
		t.Run(one.name, func(t *testing.T) {
			changed := strings.Replace(meaningful, one.old, one.new, 1)
			if changed == meaningful {
				t.Fatal("changes nothing")
			}
			from, to := folderOf(t, "staging", changed), folderOf(t, "production", meaningful)
			for _, swapped := range []bool{false, true} {
				if swapped {
					from, to = to, from
				}
				report := compare(t, from, to, Options{})
				if one.want == "equal" {
					if len(report.Findings) != 0 {
						t.Errorf("%+v", report.Findings)
					}
					continue
				}
				if one.want == "" { // two places
					if report.Summary.MorePermissive+report.Summary.Stricter != 1 || len(report.Findings) != 2 {
						t.Errorf("%+v", report.Findings)
					}
					continue
				}
				if len(report.Findings) != 1 || report.Status != finding.Drift {
					t.Fatalf("%s, %v, %+v", report.Status, report.Incomplete, report.Findings)
				}
				f := report.Findings[0]
				direction := f.Direction
				if swapped {
					direction = direction.Flip()
				}
				if got := string(direction) + " " + f.Control; got != one.want {
					t.Errorf("%s, not %s: %+v", got, one.want, f)
				}
				if f.Witness == nil != (f.Direction == finding.Different) {
					t.Errorf("witness %v of what is %s", f.Witness, f.Direction)
				}
			}
		})
	}
}

func TestTheMeaningfulEnvironmentEqualsItself(t *testing.T) {
	report := compare(t, folderOf(t, "staging", meaningful), folderOf(t, "production", meaningful), Options{})
	if report.Status != finding.Equal {
		t.Errorf("%+v", report)
	}
}
