package deploy

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/project"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const overlay = `
{apiVersion: v1, kind: Namespace, metadata: {name: clawql}}
---
{apiVersion: v1, kind: Service, metadata: {name: gw, namespace: clawql}, spec: {ports: [{name: grpc, port: 50051}, {name: http, port: 80, targetPort: 8080}]}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: gw, namespace: clawql}, spec: {replicas: 2, selector: {matchLabels: {app: gw}}, template: {spec: {containers: [{name: side, image: x}, {name: gw, image: "r/gw@sha256:aa"}]}}}}
`

var (
	testGateway = project.Gateway{Name: "gw", Port: 8080, Path: "/mcp"}
	testEnv     = project.Environment{Namespace: "clawql", Overlay: "prod", Traffic: project.Traffic{Gateway: project.GatewayRef{Name: "front", Namespace: "edge", SectionName: "web"}, Hostnames: []string{"*.example.com"}}}
)

func objects(t *testing.T, text string) (all []*object) {
	t.Helper()
	for _, part := range strings.Split(text, "---\n") {
		asJSON, err := yaml.YAMLToJSON([]byte(part))
		if err != nil {
			t.Fatal(err)
		}
		o := &object{}
		if err := o.UnmarshalJSON(asJSON); err != nil {
			t.Fatal(err)
		}
		all = append(all, o)
	}
	return all
}

func build(t *testing.T, more string) (*desired, error) {
	t.Helper()
	return newDesired(objects(t, overlay+more), testEnv, testGateway)
}

const ownRoute = `---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: gw, namespace: clawql}, spec: {parentRefs: [{name: own}], rules: [
  {backendRefs: [{name: other, port: 1}]},
  {matches: [{path: {value: /a}}], timeouts: {request: 9s}, backendRefs: [{name: gw, port: 8081, filters: [{type: X}]}]},
  {matches: [{path: {value: /b}}], backendRefs: [{name: gw, port: 8081}]}]}}
`

func TestRouteIsMadeWhereTheOverlayHasNone(t *testing.T) {
	d, err := build(t, "")
	if err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal(d.route.Object["spec"])
	want := `{"hostnames":["*.example.com"],"parentRefs":[{"group":"gateway.networking.k8s.io","kind":"Gateway","name":"front","namespace":"edge","sectionName":"web"}],` +
		`"rules":[{"backendRefs":[{"group":"","kind":"Service","name":"gw","port":80,"weight":100}],"matches":[{"path":{"type":"PathPrefix","value":"/mcp"}}]}]}`
	if string(got) != want || d.version != "sha256:aa" {
		t.Errorf("%s\nversion %s", got, d.version)
	}
}

func TestCanaryJoinsEachRuleOfAnOwnRoute(t *testing.T) {
	d, err := build(t, ownRoute)
	if err != nil {
		t.Fatal(err)
	}
	with, err := withCanary(d.route, "gw", "7")
	if err != nil {
		t.Fatal(err)
	}
	rules, _, _ := unstructured.NestedSlice(with.Object, "spec", "rules")
	got, _ := json.Marshal(rules)
	want := `[{"backendRefs":[{"name":"other","port":1}]},` +
		`{"backendRefs":[{"filters":[{"type":"X"}],"name":"gw","port":8081,"weight":100},{"filters":[{"type":"X"}],"name":"gw-canary","port":8081,"weight":0}],"matches":[{"path":{"value":"/a"}}],"timeouts":{"request":"9s"}},` +
		`{"backendRefs":[{"name":"gw","port":8081,"weight":100},{"name":"gw-canary","port":8081,"weight":0}],"matches":[{"path":{"value":"/b"}}]}]`
	if string(got) != want || with.GetAnnotations()["clawql.io/fence"] != "7" {
		t.Errorf("%s\n%v", got, with.GetAnnotations())
	}
	if leadsTo(d.route, "gw-canary") {
		t.Error("the wanted route itself changed")
	}
	if back := withoutBackend(with.DeepCopy(), "gw-canary"); leadsTo(back, "gw-canary") || !leadsTo(back, "gw") {
		t.Errorf("taken out: %v", back.Object)
	}
}

func TestOverlaysThatNoCanaryFits(t *testing.T) {
	for message, text := range map[string]string{
		"renders no Deployment and Service gw":   strings.Split(overlay, "---\n")[0],
		"does not render Namespace clawql":       strings.Replace(overlay, "kind: Namespace, metadata: {name: clawql", "kind: Namespace, metadata: {name: other", 1),
		"sets Deployment gw to 0 replicas":       strings.Replace(overlay, "replicas: 2", "replicas: 0", 1),
		"has HTTPRoute mine with backend gw":     overlay + strings.Replace(ownRoute, "metadata: {name: gw", "metadata: {name: mine", 1),
		"rule 2 splits requests between gw and ": overlay + strings.Replace(ownRoute, "[{name: gw, port: 8081}]", "[{name: gw, port: 8081}, {name: b, port: 1}]", 1),
	} {
		if _, err := newDesired(objects(t, text), testEnv, testGateway); fault.Code(err) != fault.CodeUsage || !strings.Contains(err.Error(), message) {
			t.Errorf("%v; want %q", err, message)
		}
	}
	route := objects(t, ownRoute[4:])[0]
	if _, err := withCanary(route, "absent", "1"); fault.Code(err) != fault.CodeUsage {
		t.Errorf("a route without the gateway: %v", err)
	}
}

func TestProbeRouteMatchesOnlyMarkedRequests(t *testing.T) {
	d, _ := build(t, ownRoute)
	got, _ := json.Marshal(probeRoute(d.route, "gw", "X-Clawql-Probe", "secret", "/mcp", 1).Object)
	want := `{"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":"gw-probe","namespace":"clawql"},"spec":{"parentRefs":[{"name":"own"}],"rules":[{"backendRefs":[` +
		`{"group":"","kind":"Service","name":"gw","port":8081,"weight":1},{"group":"","kind":"Service","name":"gw-canary","port":8081,"weight":1}],` +
		`"matches":[{"headers":[{"name":"X-Clawql-Probe","type":"Exact","value":"secret"}],"path":{"type":"PathPrefix","value":"/mcp"}}]}]}}`
	if string(got) != want {
		t.Errorf("%s", got)
	}
}

func TestDifferingNamesPathsAndNoValues(t *testing.T) {
	a := map[string]any{"same": 1, "gone": 1, "deep": map[string]any{"x": "secret-1", "list": []any{1}}, "kind": map[string]any{}}
	b := map[string]any{"same": 1, "new": 1, "deep": map[string]any{"x": "secret-2", "list": []any{1, 2}}, "kind": "text"}
	got := differing(a, b, "")
	slices.Sort(got)
	if want := []string{"deep.list", "deep.x", "gone", "kind", "new"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := differing(a, a, ""); got != nil {
		t.Errorf("%q differ from themselves", got)
	}
}

func TestHashKnowsTheSameContentAgain(t *testing.T) {
	first, _ := hashOf(objects(t, overlay))
	second, _ := hashOf(objects(t, overlay))
	other, _ := hashOf(objects(t, strings.Replace(overlay, "replicas: 2", "replicas: 3", 1)))
	if first != second || first == other || len(first) != 64 {
		t.Errorf("%s, %s, %s", first, second, other)
	}
}

func TestRestorableDropsWhatOnlyTheServerWrites(t *testing.T) {
	live := objects(t, `{apiVersion: v1, kind: Service, metadata: {name: gw, namespace: clawql, uid: u, resourceVersion: "1", generation: 2, managedFields: [{manager: x}], annotations: {mine: "1", deployment.kubernetes.io/revision: "3", kubectl.kubernetes.io/last-applied-configuration: x}}, spec: {a: 1}, status: {b: 2}}`)[0]
	got, _ := json.Marshal(restorable(live).Object)
	if want := `{"apiVersion":"v1","kind":"Service","metadata":{"annotations":{"mine":"1"},"name":"gw","namespace":"clawql"},"spec":{"a":1}}`; string(got) != want {
		t.Errorf("%s", got)
	}
	if live.GetUID() == "" {
		t.Error("the live object itself changed")
	}
}

func TestAutoscalersNumberStays(t *testing.T) {
	wanted, live := objects(t, overlay)[2], objects(t, strings.Replace(overlay, "replicas: 2", "replicas: 9", 1))[2]
	if autoscaled(live) {
		t.Error("nobody scaled it")
	}
	live.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: "kubectl", Subresource: "scale"}})
	if autoscaled(live) {
		t.Error("a scale by hand is no autoscaler")
	}
	live.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: "kube-controller-manager", Subresource: "scale"}})
	if !autoscaled(live) {
		t.Error("an autoscaler was not seen")
	}
	replicas, _, _ := unstructured.NestedInt64(scaledAs(wanted, live).Object, "spec", "replicas")
	before, _, _ := unstructured.NestedInt64(wanted.Object, "spec", "replicas")
	if replicas != 9 || before != 2 {
		t.Errorf("%d, and the wanted object has %d", replicas, before)
	}
}

func TestAddressOfAGateway(t *testing.T) {
	const gateway = `{spec: {listeners: [{name: tcp, protocol: TCP, port: 1}, {name: web, protocol: HTTP, port: 80}, {name: tls, protocol: HTTPS, port: 443}]}, status: {addresses: [{value: %}, {value: second}]}}`
	for _, c := range [][3]string{
		{"10.0.0.1", "", "http://10.0.0.1:80"}, {"10.0.0.1", "tls", "https://10.0.0.1:443"}, {"mcp.example.com", "web", "http://mcp.example.com:80"},
		{`"2001:db8::1"`, "", "http://[2001:db8::1]:80"}, {"10.0.0.1", "tcp", ""}, {"10.0.0.1", "absent", ""},
	} {
		o := &object{}
		if err := yaml.Unmarshal([]byte(strings.Replace(gateway, "%", c[0], 1)), &o.Object); err != nil {
			t.Fatal(err)
		}
		if got := addressOf(o, c[1]); got != c[2] {
			t.Errorf("%s, section %q: %q, want %q", c[0], c[1], got, c[2])
		}
	}
	if got := addressOf(&object{Object: map[string]any{}}, ""); got != "" {
		t.Errorf("no status gave %q", got)
	}
}
