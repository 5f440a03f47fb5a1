package deploy

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/cluster"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/mcpprobe"
	"github.com/clawql/clawql-workbench/shared/project"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	probeHeader   = "X-Clawql-Probe"
	probeSessions = 12
	probeCalls    = 4 // at an even split, a route that is not sticky passes all with 2^-48
)

// proveSticky opens MCP sessions through a route of its own, split evenly
// between stable and canary and matched by a random header, before any
// production weight moves. First it asks with both weights 0: a gateway that
// answers then ignores the header, and would let the probe see production's
// stable pods only.
func (e *engine) proveSticky(ctx context.Context) error {
	target, err := e.probeTarget(ctx)
	if err != nil {
		return err
	}
	defer e.removeProbe(ctx, e.probeRef())
	if err := e.applyProbe(ctx, target, 0); err != nil {
		return err
	}
	refused, err := mcpprobe.Refused(ctx, target)
	if err != nil {
		return e.unreached(err)
	}
	if !refused {
		return fault.No("the gateway answers the probe although its route gives every backend weight 0: it ignores header matches or weights").
			Hint("kubectl -n %s get httproute; a canary through such a gateway cannot be trusted to get its share", e.env.Namespace)
	}
	if err := e.applyProbe(ctx, target, 1); err != nil {
		return err
	}
	result, err := mcpprobe.Sticky(ctx, target, probeSessions, probeCalls)
	if err != nil {
		return e.unreached(err)
	}
	return e.judgeSticky(result)
}

// probeTarget is the route's address, with a header that nobody else sends.
func (e *engine) probeTarget(ctx context.Context) (mcpprobe.Target, error) {
	address, err := e.gatewayAddress(ctx)
	if err != nil {
		return mcpprobe.Target{}, err
	}
	target := mcpprobe.Target{URL: address + e.project.Gateway.Path, Header: http.Header{probeHeader: {rand.Text()}}}
	hostnames, _, _ := unstructured.NestedStringSlice(e.desired.route.Object, "spec", "hostnames")
	if len(hostnames) > 0 { // of the overlay's own route, where it has one
		target.Host = strings.Replace(hostnames[0], "*", "probe", 1)
	}
	return target, nil
}

func (e *engine) applyProbe(ctx context.Context, target mcpprobe.Target, weight int64) error {
	route := probeRoute(e.desired.route, e.gateway(), probeHeader, target.Header.Get(probeHeader), e.project.Gateway.Path, weight)
	written, err := e.cluster.Apply(ctx, route, false)
	if err != nil {
		return err
	}
	return e.awaitInForce(ctx, cluster.RefOf(written), written.GetGeneration())
}

func (e *engine) unreached(err error) error {
	return fault.Unable("probing the route for sticky MCP sessions: %w", err).
		Hint("this machine must reach the Gateway; clawql.yaml: environments.%s.traffic.address names its URL", e.Environment)
}

func (e *engine) judgeSticky(result mcpprobe.Result) error {
	if result.Sticky() {
		e.step(Applied, "sessions stay where they began: %d sessions, %d calls, none lost", result.Sessions, result.Calls)
		return nil
	}
	if e.project.Excepted(project.ControlSticky, e.Environment, e.Now()) {
		e.step(Applied, "sessions are lost by the route (%d of %d): allowed by an exception, clients re-initialize", result.Lost, result.Sessions)
		return nil
	}
	return fault.No("the route does not keep MCP sessions on one pod: %d of %d probe sessions were lost (%s)", result.Lost, result.Sessions, result.Example).
		Hint("a session lives in one pod's memory: use a gateway with session persistence (Gateway API sessionPersistence, Envoy's stateful session envelope)").
		Hint("or record an exception for %s, if every client re-initializes on HTTP 400 and 404", project.ControlSticky)
}

func (e *engine) removeProbe(ctx context.Context, ref cluster.Ref) {
	ctx, cancel := lasting(ctx, 10*time.Second)
	defer cancel()
	if err := e.cluster.Delete(ctx, ref); err != nil {
		e.step(e.Phase, "the probe's route %s is left behind: %v", ref, err)
	}
}

func (e *engine) awaitInForce(ctx context.Context, ref cluster.Ref, generation int64) error {
	ok, missing, err := until(ctx, 30*time.Second, 50*time.Millisecond, func(ctx context.Context) (bool, string, error) {
		return e.cluster.RouteInForce(ctx, ref, generation)
	})
	if err == nil && !ok {
		return notInForce(ref, missing)
	}
	return err
}

func notInForce(ref cluster.Ref, missing string) error {
	return fault.Unable("%s did not come into force within 30s: %s", ref, missing).
		Hint("kubectl -n %s get httproute %s -o yaml shows what its gateway says", ref.Namespace, ref.Name)
}

// probeRef names the probe's own route. A killed probe leaves it behind, so
// that whoever removes the canary removes it too.
func (e *engine) probeRef() cluster.Ref {
	return cluster.RouteRef(e.env.Namespace, e.gateway()+"-probe")
}

// gatewayAddress is where probes send requests: clawql.yaml's, else what the
// Gateway's status and first HTTP listener say.
func (e *engine) gatewayAddress(ctx context.Context) (string, error) {
	if configured := e.env.Traffic.Address; configured != "" {
		u, err := url.Parse(configured)
		if err != nil || u.Host == "" {
			return "", fault.Usage("clawql.yaml: environments.%s.traffic.address is %q, but must be a URL such as https://mcp.example.com", e.Environment, configured)
		}
		return strings.TrimSuffix(configured, "/"), nil
	}
	ref := e.env.Traffic.Gateway
	live, err := e.cluster.Get(ctx, cluster.Ref{APIVersion: cluster.GatewayGroup + "/v1", Kind: "Gateway", Namespace: ref.Namespace, Name: ref.Name})
	if err != nil {
		return "", err
	}
	if live == nil {
		return "", fault.Unable("Gateway %s/%s is not there", ref.Namespace, ref.Name).
			Hint("clawql.yaml: environments.%s.traffic.gateway names the Gateway that the route attaches to", e.Environment)
	}
	if address := addressOf(live, ref.SectionName); address != "" {
		return address, nil
	}
	return "", fault.Unable("Gateway %s/%s has no address and HTTP listener in its status", ref.Namespace, ref.Name).
		Hint("clawql.yaml: environments.%s.traffic.address can name its URL", e.Environment)
}

func addressOf(gateway *object, section string) string {
	addresses, _, _ := unstructured.NestedSlice(gateway.Object, "status", "addresses")
	listeners, _, _ := unstructured.NestedSlice(gateway.Object, "spec", "listeners")
	if len(addresses) == 0 {
		return ""
	}
	first, _ := addresses[0].(map[string]any)
	for _, entry := range listeners {
		listener, _ := entry.(map[string]any)
		scheme := map[any]string{"HTTP": "http", "HTTPS": "https"}[listener["protocol"]]
		if scheme != "" && (section == "" || section == listener["name"]) {
			return scheme + "://" + net.JoinHostPort(fmt.Sprint(first["value"]), fmt.Sprint(listener["port"]))
		}
	}
	return ""
}
