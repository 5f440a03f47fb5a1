package posture

import (
	"reflect"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
)

// twinsOf hardens an overlay and gives the canary's objects.
func twinsOf(t *testing.T, o overlay, s Settings) (hardened Result, twins Result) {
	t.Helper()
	hardened = Harden(o.build(t), s).clean(t)
	return hardened, Result{Objects: CanaryTwin(hardened.Objects, s)}
}

func TestCanaryTwin(t *testing.T) {
	s := settings()
	s.CanaryReplicas = 2
	hardened, twins := twinsOf(t, overlay{}, s)
	if got := kinds(twins.Objects); got != "Deployment Service" {
		t.Fatalf("twins: %s", got)
	}
	canary := twins.get(t, "Deployment", "clawql-mcp-http-canary")
	for path, want := range map[string]any{
		"spec replicas":                                   int64(2),
		"spec selector":                                   map[string]any{"matchLabels": map[string]any{"app": "clawql-mcp-http-canary"}},
		"spec template metadata labels app":               "clawql-mcp-http-canary",
		"spec template metadata labels clawql.io/gateway": gateway,
		"spec template metadata labels clawql.io/track":   "canary",
		"spec template metadata labels clawql.io/deploy":  "3",
		"metadata namespace":                              "clawql",
	} {
		if got := at(t, canary, path); !reflect.DeepEqual(got, want) {
			t.Errorf("%s = %v, want %v", path, got, want)
		}
	}
	stable := hardened.get(t, "Deployment", gateway)
	if !reflect.DeepEqual(at(t, canary, "spec template spec"), at(t, stable, "spec template spec")) {
		t.Error("the canary runs another pod spec than stable")
	}
	service := twins.get(t, "Service", "clawql-mcp-http-canary")
	for path, want := range map[string]any{
		"spec type": "ClusterIP", "spec selector": map[string]any{"app": "clawql-mcp-http-canary"},
		"spec ports [http] port": int64(80), "spec ports [http] nodePort": nil,
	} {
		if got := at(t, service, path); !reflect.DeepEqual(got, want) {
			t.Errorf("Service %s = %v, want %v", path, got, want)
		}
	}
	admitted(t, twins)
}

func TestCanaryDefaultsToOnePod(t *testing.T) {
	_, twins := twinsOf(t, overlay{deployment: "spec: {replicas: 9}"}, settings())
	if got := at(t, twins.get(t, "Deployment", gateway+"-canary"), "spec replicas"); got != int64(1) {
		t.Errorf("%v pods", got)
	}
}

func TestNoGatewayNoTwin(t *testing.T) {
	if twins := CanaryTwin(nil, settings()); twins != nil {
		t.Errorf("%v", twins)
	}
}

// Whatever stable's Service selects by, it must not select the canary's pods:
// they would get stable's share of the traffic.
func TestStableServiceLeavesTheCanaryOut(t *testing.T) {
	for name, o := range map[string]overlay{
		"app": {},
		"recommended labels": {deployment: `spec:
  selector: {matchLabels: {app: null, app.kubernetes.io/name: clawql-mcp}}
  template: {metadata: {labels: {app: null, app.kubernetes.io/name: clawql-mcp, app.kubernetes.io/instance: a}}}`},
		"app and another": {deployment: `spec: {template: {metadata: {labels: {tier: front}}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			objects := o.build(t)
			selector := map[string]any{"app": gateway}
			switch name {
			case "recommended labels":
				selector = map[string]any{"app.kubernetes.io/name": "clawql-mcp", "app.kubernetes.io/instance": "a"}
				pods := objects[0].Object["spec"].(map[string]any)["template"].(map[string]any)["metadata"].(map[string]any)["labels"].(map[string]any)
				delete(pods, "app")
			case "app and another":
				selector["tier"] = "front"
			}
			objects[1].Object["spec"].(map[string]any)["selector"] = selector
			hardened := Harden(objects, settings()).clean(t)
			twins := Result{Objects: CanaryTwin(hardened.Objects, settings())}
			wanted, _, _ := unstructured.NestedStringMap(hardened.get(t, "Service", gateway).Object, "spec", "selector")
			stable := podLabelsOf(hardened.get(t, "Deployment", gateway))
			canary := podLabelsOf(twins.get(t, "Deployment", gateway+"-canary"))
			if !labels.SelectorFromSet(wanted).Matches(labels.Set(stable)) || labels.SelectorFromSet(wanted).Matches(labels.Set(canary)) {
				t.Errorf("selector %v, stable %v, canary %v", wanted, stable, canary)
			}
			if canary["app"] != gateway+"-canary" || canary[GatewayLabel] != gateway {
				t.Errorf("canary's labels %v", canary)
			}
		})
	}
}

// Policies that hold for stable's pods hold for the canary's too.
func TestPolicyTwins(t *testing.T) {
	objects := policyWith("by-app", "podSelector: {matchLabels: {app: clawql-mcp-http}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]") +
		"\n---\n" + policyWith("by-expression", "podSelector: {matchExpressions: [{key: app, operator: In, values: [clawql-mcp-http, web]}]}, policyTypes: [Ingress]") +
		"\n---\n" + policyWith("db", "podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: clawql-mcp-http}}}], ports: [{port: 5432}]}]") +
		"\n---\n" + policyWith("by-ours", "podSelector: {matchLabels: {clawql.io/gateway: clawql-mcp-http}}, policyTypes: [Egress]") +
		"\n---\n" + policyWith("others", "podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]") + `
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: budget, namespace: clawql}
spec: {minAvailable: 2, selector: {matchLabels: {app: clawql-mcp-http}}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: authz, namespace: clawql}
spec: {selector: {matchLabels: {app: clawql-mcp-http}}, action: DENY, rules: [{}]}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: mtls, namespace: clawql}
spec: {mtls: {mode: STRICT}}
`
	_, twins := twinsOf(t, overlay{objects: objects}, settings())
	want := map[string]string{
		"by-app-canary":        `{"ingress":[{"from":[{"podSelector":{"matchLabels":{"app":"web"}}}]}],"podSelector":{"matchLabels":{"app":"clawql-mcp-http-canary"}}}`,
		"by-expression-canary": `{"podSelector":{"matchLabels":{"app":"clawql-mcp-http-canary"}},"policyTypes":["Ingress"]}`,
		"db-canary":            `{"ingress":[{"from":[{"podSelector":{"matchLabels":{"app":"clawql-mcp-http-canary"}}}],"ports":[{"port":5432}]}],"podSelector":{"matchLabels":{"app":"db"}}}`,
		"budget-canary":        `{"maxUnavailable":1,"selector":{"matchLabels":{"app":"clawql-mcp-http-canary"}}}`,
		"authz-canary":         `{"action":"DENY","rules":[{}],"selector":{"matchLabels":{"app":"clawql-mcp-http-canary"}}}`,
	}
	for _, twin := range twins.Objects {
		if twin.GetName() == gateway+"-canary" {
			continue
		}
		if got := text(twin.Object["spec"]); got != want[twin.GetName()] {
			t.Errorf("%s\n got %s\nwant %s", twin.GetName(), got, want[twin.GetName()])
		}
		delete(want, twin.GetName())
	}
	if len(want) != 0 {
		t.Errorf("no twins: %v", want)
	}
}
