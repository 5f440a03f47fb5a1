package dataplane

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayclient "sigs.k8s.io/gateway-api/pkg/client/clientset/versioned"
)

// world is a data plane on a real API server, with two real gateways as pods.
type world struct {
	*testing.T
	api    *apiServer
	core   kubernetes.Interface
	client gatewayclient.Interface
	url    string // of the Gateway's listener
	admin  string
}

// The pods' addresses as the cluster knows them (it takes no loopback ones).
var podIPs = map[string]string{"stable": "10.99.0.1", "canary": "10.99.0.2"}

func newWorld(t *testing.T) *world {
	w := &world{T: t, api: startAPIServer(t)}
	config := w.api.config()
	w.core, w.client = kubernetes.NewForConfigOrDie(config), gatewayclient.NewForConfigOrDie(config)
	pods := map[string]string{}
	for name, ip := range podIPs {
		_, pods[ip+":8080"] = pod(t)
		w.createBackend(name, ip)
	}
	listener := freePort(t)
	w.url = fmt.Sprintf("http://127.0.0.1:%d", listener)
	w.createGateway(listener)
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		return dialPod(ctx, network, pods[address])
	}
	ready := filepath.Join(t.TempDir(), "ready")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		o := Options{Class: "clawql-sandbox", Admin: "127.0.0.1:0", ReadyFile: ready, dial: dial}
		done <- run(ctx, o, config, w.client, log.New(io.Discard, "", 0))
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("end of the data plane: %v", err)
		}
	})
	waitUntil(t, func() bool {
		text, err := os.ReadFile(ready)
		w.admin = strings.TrimSpace(string(text))
		return err == nil
	})
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) createBackend(name, ip string) {
	w.Helper()
	_, err := w.core.CoreV1().Namespaces().Create(w.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "clawql"}}, metav1.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) {
		w.must(err)
	}
	_, err = w.core.CoreV1().Services("clawql").Create(w.Context(), service(name), metav1.CreateOptions{})
	w.must(err)
	s := slice(endpoint(ip, name+"-1", new(true)))
	s.Name, s.Labels = name, map[string]string{"kubernetes.io/service-name": name}
	_, err = w.core.DiscoveryV1().EndpointSlices("clawql").Create(w.Context(), s, metav1.CreateOptions{})
	w.must(err)
}

func (w *world) createGateway(listener int) {
	w.Helper()
	class := &gatewayv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: "clawql-sandbox"}, Spec: gatewayv1.GatewayClassSpec{ControllerName: ControllerName}}
	_, err := w.client.GatewayV1().GatewayClasses().Create(w.Context(), class, metav1.CreateOptions{})
	w.must(err)
	_, err = w.core.CoreV1().Namespaces().Create(w.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "clawql-gateway"}}, metav1.CreateOptions{})
	w.must(err)
	gw := testGateway()
	gw.Spec.Listeners[0].Port = gatewayv1.PortNumber(listener)
	_, err = w.client.GatewayV1().Gateways("clawql-gateway").Create(w.Context(), gw, metav1.CreateOptions{})
	w.must(err)
}

// weigh writes the weights and returns the route's new generation.
func (w *world) weigh(stable, canary int) int64 {
	w.Helper()
	patch := fmt.Sprintf(`[{"op":"replace","path":"/spec/rules/0/backendRefs/0/weight","value":%d},{"op":"replace","path":"/spec/rules/0/backendRefs/1/weight","value":%d}]`, stable, canary)
	r, err := w.client.GatewayV1().HTTPRoutes("clawql").Patch(w.Context(), "clawql-mcp-http", types.JSONPatchType, []byte(patch), metav1.PatchOptions{})
	w.must(err)
	return r.Generation
}

// observed waits until the route's status says that a generation is in force.
func (w *world) observed(generation int64) *gatewayv1.HTTPRoute {
	w.Helper()
	var r *gatewayv1.HTTPRoute
	waitUntil(w.T, func() bool {
		var err error
		r, err = w.client.GatewayV1().HTTPRoutes("clawql").Get(w.Context(), "clawql-mcp-http", metav1.GetOptions{})
		w.must(err)
		i := slices.IndexFunc(r.Status.Parents, func(p gatewayv1.RouteParentStatus) bool { return p.ControllerName == ControllerName })
		if i < 0 {
			return false
		}
		accepted := meta.FindStatusCondition(r.Status.Parents[i].Conditions, "Accepted")
		resolved := meta.FindStatusCondition(r.Status.Parents[i].Conditions, "ResolvedRefs")
		return accepted.Status == "True" && resolved.Status == "True" && accepted.ObservedGeneration == generation && resolved.ObservedGeneration == generation
	})
	return r
}

// sessions opens n sessions and returns how many the backends got.
func (w *world) sessions(n int) map[string]int64 {
	w.Helper()
	before := w.opened()
	for range n {
		if rawSession(w.T, w.url) == "" {
			w.Fatal("no session")
		}
	}
	after := w.opened()
	for name := range after {
		after[name] -= before[name]
	}
	return after
}

func (w *world) opened() map[string]int64 {
	w.Helper()
	var answer struct {
		Counters []struct {
			Backend        string
			SessionsOpened int64
		}
	}
	ask(w.T, w.admin, http.MethodGet, "/counters", "", &answer)
	opened := map[string]int64{}
	for _, c := range answer.Counters {
		opened[strings.TrimPrefix(c.Backend, "clawql/")] += c.SessionsOpened
	}
	return opened
}

// TestOnARealAPIServer walks a canary on a real API server: each status must
// be true the moment it is read, which is why no request here is tried twice.
func TestOnARealAPIServer(t *testing.T) {
	w := newWorld(t)
	routes := w.client.GatewayV1().HTTPRoutes("clawql")
	_, err := routes.Create(t.Context(), testRoute(ref("stable", 100), ref("canary", 0)), metav1.CreateOptions{})
	w.must(err)
	w.observed(1)
	if got := w.sessions(20); got["stable"] != 20 {
		t.Errorf("at 100/0 sessions went %v", got)
	}
	held := rawSession(t, w.url)

	w.observed(w.weigh(95, 5))
	if got := w.sessions(40); got["canary"] != 2 {
		t.Errorf("at 95/5 40 sessions went %v, want 2 to the canary", got)
	}
	w.observed(w.weigh(0, 100))
	if got := w.sessions(20); got["canary"] != 20 {
		t.Errorf("at 0/100 sessions went %v", got)
	}
	if status := rawCall(t, w.url, held); status != 200 {
		t.Errorf("held session at weight 0: %d", status)
	}
	t.Run("another controller's status stays", w.foreignStatus)
	t.Run("gateway and class", w.gatewayStatus)
	t.Run("pods come and go", w.podsComeAndGo)
	t.Run("the API server goes and comes back", w.reconnects)

	w.must(routes.Delete(t.Context(), "clawql-mcp-http", metav1.DeleteOptions{}))
	waitUntil(t, func() bool { return rawCall(t, w.url, "") == 404 })
}

func (w *world) foreignStatus(t *testing.T) {
	routes := w.client.GatewayV1().HTTPRoutes("clawql")
	r, err := routes.Get(t.Context(), "clawql-mcp-http", metav1.GetOptions{})
	w.must(err)
	foreign := gatewayv1.RouteParentStatus{ControllerName: "example.com/other", ParentRef: r.Spec.ParentRefs[0],
		Conditions: []metav1.Condition{{Type: "Accepted", Status: "True", Reason: "Accepted", LastTransitionTime: metav1.Now()}}}
	r.Status.Parents = append([]gatewayv1.RouteParentStatus{foreign}, r.Status.Parents...)
	_, err = routes.UpdateStatus(t.Context(), r, metav1.UpdateOptions{})
	w.must(err)
	r = w.observed(w.weigh(50, 50))
	if len(r.Status.Parents) != 2 || r.Status.Parents[0].ControllerName != "example.com/other" {
		t.Errorf("parents %+v", r.Status.Parents)
	}
}

func (w *world) gatewayStatus(t *testing.T) {
	gw, err := w.client.GatewayV1().Gateways("clawql-gateway").Get(t.Context(), "clawql", metav1.GetOptions{})
	w.must(err)
	if !meta.IsStatusConditionTrue(gw.Status.Conditions, "Programmed") || gw.Status.Addresses[0].Value != "127.0.0.1" || gw.Status.Listeners[0].AttachedRoutes != 1 {
		t.Errorf("gateway %+v", gw.Status)
	}
	class, err := w.client.GatewayV1().GatewayClasses().Get(t.Context(), "clawql-sandbox", metav1.GetOptions{})
	w.must(err)
	if !meta.IsStatusConditionTrue(class.Status.Conditions, "Accepted") {
		t.Errorf("class %+v", class.Status)
	}
}

func (w *world) podsComeAndGo(t *testing.T) {
	w.observed(w.weigh(0, 100))
	session := rawSession(t, w.url)
	ready := func(canary bool) {
		s, err := w.core.DiscoveryV1().EndpointSlices("clawql").Get(t.Context(), "canary", metav1.GetOptions{})
		w.must(err)
		s.Endpoints[0].Conditions.Ready = &canary
		_, err = w.core.DiscoveryV1().EndpointSlices("clawql").Update(t.Context(), s, metav1.UpdateOptions{})
		w.must(err)
	}
	ready(false)
	waitUntil(t, func() bool { return rawCall(t, w.url, session) == 503 })
	w.observed(w.weigh(100, 0))
	if status := rawCall(t, w.url, session); status != 400 {
		t.Errorf("session of a pod that is gone: %d, want stable's 400", status)
	}
	ready(true)
	waitUntil(t, func() bool { return rawCall(t, w.url, session) == 200 })
}

func (w *world) reconnects(t *testing.T) {
	w.api.stopServer()
	if got := w.sessions(5); got["stable"] != 5 {
		t.Errorf("without an API server sessions went %v", got)
	}
	w.api.startServer()
	w.observed(w.weigh(0, 100))
	if got := w.sessions(5); got["canary"] != 5 {
		t.Errorf("after its return sessions went %v", got)
	}
}
