package dataplane

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/clawql/clawql-workbench/testdata/sandbox/dataplane/count"
)

func testGateway() *gatewayv1.Gateway {
	return &gatewayv1.Gateway{
		ObjectMeta: metav1.ObjectMeta{Namespace: "clawql-gateway", Name: "clawql", Generation: 4},
		Spec: gatewayv1.GatewaySpec{GatewayClassName: "clawql-sandbox", Listeners: []gatewayv1.Listener{{
			Name: "http", Port: 8081, Protocol: gatewayv1.HTTPProtocolType,
			AllowedRoutes: &gatewayv1.AllowedRoutes{Namespaces: &gatewayv1.RouteNamespaces{From: new(gatewayv1.NamespacesFromAll)}},
		}}},
	}
}

func testRoute(refs ...gatewayv1.HTTPBackendRef) *gatewayv1.HTTPRoute {
	return &gatewayv1.HTTPRoute{
		ObjectMeta: metav1.ObjectMeta{Namespace: "clawql", Name: "clawql-mcp-http", Generation: 7},
		Spec: gatewayv1.HTTPRouteSpec{
			CommonRouteSpec: gatewayv1.CommonRouteSpec{ParentRefs: []gatewayv1.ParentReference{{
				Name: "clawql", Namespace: new(gatewayv1.Namespace("clawql-gateway"))}}},
			Rules: []gatewayv1.HTTPRouteRule{{BackendRefs: refs}},
		},
	}
}

func ref(name string, weight int32) gatewayv1.HTTPBackendRef {
	return gatewayv1.HTTPBackendRef{BackendRef: gatewayv1.BackendRef{Weight: &weight, BackendObjectReference: gatewayv1.BackendObjectReference{
		Name: gatewayv1.ObjectName(name), Port: new(gatewayv1.PortNumber(80))}}}
}

func service(name string) *corev1.Service {
	return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "clawql", Name: name},
		Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "grpc", Port: 50051}, {Name: "http", Port: 80}}}}
}

func endpoint(address, pod string, ready *bool) discoveryv1.Endpoint {
	return discoveryv1.Endpoint{Addresses: []string{address}, Conditions: discoveryv1.EndpointConditions{Ready: ready},
		TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: "clawql", Name: pod}}
}

func slice(endpoints ...discoveryv1.Endpoint) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{AddressType: discoveryv1.AddressTypeIPv4, Endpoints: endpoints, Ports: []discoveryv1.EndpointPort{
		{Name: new("grpc"), Port: new(int32(50051))}, {Name: new("http"), Port: new(int32(8080))}}}
}

func testObjects() Objects {
	return Objects{
		Gateways: []*gatewayv1.Gateway{testGateway()},
		Routes:   []*gatewayv1.HTTPRoute{testRoute(ref("stable", 95), ref("canary", 5))},
		Services: map[string]*corev1.Service{"clawql/stable": service("stable"), "clawql/canary": service("canary")},
		Slices: map[string][]*discoveryv1.EndpointSlice{
			"clawql/stable": {slice(endpoint("10.244.0.5", "s-1", new(true)), endpoint("10.244.0.6", "s-2", nil), endpoint("10.244.0.7", "s-3", new(false)))},
			"clawql/canary": {slice(endpoint("10.244.0.8", "c-1", new(true)))},
		},
		Namespaces: map[string]*corev1.Namespace{"clawql": {ObjectMeta: metav1.ObjectMeta{Name: "clawql", Labels: map[string]string{"team": "mcp"}}}},
	}
}

func compiled(o Objects) Result { return NewCompiler(&count.Book{}).Compile(o) }

func TestCompileWeightsPodsAndStatus(t *testing.T) {
	result := compiled(testObjects())
	rule := result.Table.Find(8081, httptest.NewRequest(http.MethodPost, "/mcp", nil))
	if rule == nil || rule.Route != "clawql/clawql-mcp-http" || rule.Generation != 7 || len(rule.Backends) != 2 {
		t.Fatalf("rule %+v", rule)
	}
	stable, canary := rule.Backends[0], rule.Backends[1]
	if stable.Weight != 95 || canary.Weight != 5 || stable.Invalid || canary.Invalid {
		t.Errorf("backends %+v, %+v", stable, canary)
	}
	if len(stable.Endpoints) != 2 || stable.Endpoints[0].Address != "10.244.0.5:8080" || stable.Endpoints[0].Pod != "clawql/s-1" {
		t.Errorf("ready pods of stable: %+v", stable.Endpoints)
	}
	parents := result.Routes[0].Parents
	if len(parents) != 1 || parents[0].ControllerName != ControllerName {
		t.Fatalf("parents %+v", parents)
	}
	for _, kind := range []string{"Accepted", "ResolvedRefs"} {
		c := meta.FindStatusCondition(parents[0].Conditions, kind)
		if c == nil || c.Status != metav1.ConditionTrue || c.ObservedGeneration != 7 {
			t.Errorf("%s: %+v", kind, c)
		}
	}
	if !slices.Equal(result.Ports, []int32{8081}) || result.Gateways[0].Attached["http"] != 1 {
		t.Errorf("ports %v, attached %v", result.Ports, result.Gateways[0].Attached)
	}
}

func TestCompileKeepsTheDeckWhenOnlyPodsChange(t *testing.T) {
	c, o := NewCompiler(&count.Book{}), testObjects()
	deck := func() any {
		return c.Compile(o).Table.Find(8081, httptest.NewRequest(http.MethodPost, "/mcp", nil)).Deck
	}
	first := deck()
	o.Slices["clawql/canary"] = nil
	if deck() != first {
		t.Error("another deck after a change of pods")
	}
	o.Routes = []*gatewayv1.HTTPRoute{testRoute(ref("stable", 100), ref("canary", 0))}
	if deck() == first {
		t.Error("the same deck after a change of weights")
	}
}

// TestConditions breaks one thing at a time.
func TestConditions(t *testing.T) {
	cases := []struct {
		name         string
		breakIt      func(*Objects)
		kind, reason string
		status       int // of a request; 404 when the route must not serve
	}{
		{"Service missing", func(o *Objects) { delete(o.Services, "clawql/stable"); delete(o.Services, "clawql/canary") }, "ResolvedRefs", "BackendNotFound", 500},
		{"port missing", func(o *Objects) {
			for _, s := range o.Services {
				s.Spec.Ports = s.Spec.Ports[:1]
			}
		}, "ResolvedRefs", "BackendNotFound", 500},
		{"another kind", func(o *Objects) {
			for i := range o.Routes[0].Spec.Rules[0].BackendRefs {
				o.Routes[0].Spec.Rules[0].BackendRefs[i].Kind = new(gatewayv1.Kind("Pod"))
			}
		}, "ResolvedRefs", "InvalidKind", 500},
		{"another namespace", func(o *Objects) {
			for i := range o.Routes[0].Spec.Rules[0].BackendRefs {
				o.Routes[0].Spec.Rules[0].BackendRefs[i].Namespace = new(gatewayv1.Namespace("clawql-staging"))
			}
		}, "ResolvedRefs", "RefNotPermitted", 500},
		{"no such listener", func(o *Objects) { o.Routes[0].Spec.ParentRefs[0].SectionName = new(gatewayv1.SectionName("https")) }, "Accepted", "NoMatchingParent", 404},
		{"not allowed", func(o *Objects) {
			o.Gateways[0].Spec.Listeners[0].AllowedRoutes.Namespaces.From = new(gatewayv1.NamespacesFromSame)
		}, "Accepted", "NotAllowedByListeners", 404},
		{"selector of others", func(o *Objects) {
			o.Gateways[0].Spec.Listeners[0].AllowedRoutes.Namespaces = &gatewayv1.RouteNamespaces{From: new(gatewayv1.NamespacesFromSelector),
				Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"team": "other"}}}
		}, "Accepted", "NotAllowedByListeners", 404},
		{"hostname", func(o *Objects) {
			o.Gateways[0].Spec.Listeners[0].Hostname = new(gatewayv1.Hostname("a.io"))
			o.Routes[0].Spec.Hostnames = []gatewayv1.Hostname{"b.io"}
		}, "Accepted", "NoMatchingListenerHostname", 404},
		{"filter", func(o *Objects) {
			o.Routes[0].Spec.Rules[0].Filters = []gatewayv1.HTTPRouteFilter{{Type: gatewayv1.HTTPRouteFilterURLRewrite}}
		}, "Accepted", "UnsupportedValue", 404},
	}
	for _, c := range cases {
		o := testObjects()
		c.breakIt(&o)
		result := compiled(o)
		condition := meta.FindStatusCondition(result.Routes[0].Parents[0].Conditions, c.kind)
		if condition.Status != metav1.ConditionFalse || condition.Reason != c.reason {
			t.Errorf("%s: %+v, want %s False, %s", c.name, condition, c.kind, c.reason)
		}
		status := http.StatusNotFound
		if rule := result.Table.Find(8081, httptest.NewRequest(http.MethodPost, "http://b.io/mcp", nil)); rule != nil {
			status = rule.Pick("").Status
		}
		if status != c.status {
			t.Errorf("%s: a request gets %d, want %d", c.name, status, c.status)
		}
	}
}

func TestRoutesOfOthersAreLeftAlone(t *testing.T) {
	o := testObjects()
	o.Routes[0].Spec.ParentRefs[0].Name = "another"
	if parents := compiled(o).Routes[0].Parents; len(parents) != 0 {
		t.Errorf("parents %+v", parents)
	}
	foreign := gatewayv1.RouteParentStatus{ControllerName: "example.com/other"}
	stale := gatewayv1.RouteParentStatus{ControllerName: ControllerName}
	if got := withParents([]gatewayv1.RouteParentStatus{foreign, stale}, nil); len(got) != 1 || got[0].ControllerName != foreign.ControllerName {
		t.Errorf("merged parents %+v: the other controller's must stay, ours go", got)
	}
}

func TestTransitionTimeStaysWithTheStatus(t *testing.T) {
	o := testObjects()
	long := metav1.NewTime(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	parent := gatewayv1.RouteParentStatus{ControllerName: ControllerName, ParentRef: o.Routes[0].Spec.ParentRefs[0],
		Conditions: []metav1.Condition{{Type: "Accepted", Status: metav1.ConditionTrue, Reason: "Accepted", LastTransitionTime: long, ObservedGeneration: 6}}}
	o.Routes[0].Status.Parents = []gatewayv1.RouteParentStatus{parent}
	c := meta.FindStatusCondition(compiled(o).Routes[0].Parents[0].Conditions, "Accepted")
	if !c.LastTransitionTime.Equal(&long) || c.ObservedGeneration != 7 {
		t.Errorf("condition %+v, want the old time and generation 7", c)
	}
}

func TestGatewayStatusTellsAPortThatIsTaken(t *testing.T) {
	result := GatewayResult{Gateway: testGateway(), Attached: map[gatewayv1.SectionName]int32{"http": 2}}
	for _, failure := range []error{nil, http.ErrServerClosed} {
		failures := map[int32]error{}
		if failure != nil {
			failures[8081] = failure
		}
		status := gatewayStatus(result, failures)
		if got := meta.IsStatusConditionTrue(status.Conditions, "Programmed"); got != (failure == nil) {
			t.Errorf("failure %v: Programmed %v", failure, got)
		}
		if status.Addresses[0].Value != "127.0.0.1" || status.Listeners[0].AttachedRoutes != 2 || status.Conditions[0].ObservedGeneration != 4 {
			t.Errorf("status %+v", status)
		}
	}
}
