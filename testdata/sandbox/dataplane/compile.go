package dataplane

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/clawql/clawql-workbench/testdata/sandbox/dataplane/count"
	"github.com/clawql/clawql-workbench/testdata/sandbox/dataplane/route"
)

// Objects is what the API server holds, as the informers saw it last. Maps are
// keyed by namespace/name; slices of endpoints by their Service's.
type Objects struct {
	Gateways   []*gatewayv1.Gateway // of our class only
	Routes     []*gatewayv1.HTTPRoute
	Services   map[string]*corev1.Service
	Slices     map[string][]*discoveryv1.EndpointSlice
	Namespaces map[string]*corev1.Namespace
}

// Result is a configuration compiled from Objects: the table to put in force,
// the ports to listen on, and the statuses to write once it is in force.
type Result struct {
	Table    *route.Table
	Ports    []int32
	Routes   []RouteResult
	Gateways []GatewayResult
}

// RouteResult is an HTTPRoute with the parents that are ours, possibly none.
type RouteResult struct {
	Route   *gatewayv1.HTTPRoute
	Parents []gatewayv1.RouteParentStatus
}

// GatewayResult is a Gateway with the number of routes at each listener.
type GatewayResult struct {
	Gateway  *gatewayv1.Gateway
	Attached map[gatewayv1.SectionName]int32
}

// Compiler keeps what outlives a configuration: counters, and the decks of
// rules whose weights did not change.
type Compiler struct {
	book  *count.Book
	decks map[string]*route.Deck
}

// NewCompiler counts in the given book.
func NewCompiler(book *count.Book) *Compiler { return &Compiler{book: book} }

// Compile is deterministic in its objects; it does no I/O.
func (c *Compiler) Compile(o Objects) Result {
	run := &compilation{Objects: o, compiler: c, decks: map[string]*route.Deck{},
		table: &route.Table{Ports: map[int32][]route.Entry{}}, attached: map[*gatewayv1.Gateway]map[gatewayv1.SectionName]int32{}}
	result := Result{Table: run.table}
	for _, gw := range o.Gateways {
		run.attached[gw] = map[gatewayv1.SectionName]int32{}
	}
	for _, r := range o.Routes {
		result.Routes = append(result.Routes, RouteResult{r, run.route(r)})
	}
	for _, gw := range o.Gateways {
		result.Gateways = append(result.Gateways, GatewayResult{gw, run.attached[gw]})
	}
	for _, entries := range run.table.Ports {
		route.Sort(entries)
	}
	result.Ports = portsOf(o.Gateways)
	c.decks = run.decks
	return result
}

type compilation struct {
	Objects
	compiler *Compiler
	decks    map[string]*route.Deck
	table    *route.Table
	attached map[*gatewayv1.Gateway]map[gatewayv1.SectionName]int32
}

// route attaches a route to our Gateways and returns its status for each.
func (c *compilation) route(r *gatewayv1.HTTPRoute) []gatewayv1.RouteParentStatus {
	var parents []gatewayv1.RouteParentStatus
	var ways []way
	for _, ref := range r.Spec.ParentRefs {
		gw := c.gatewayOf(r, ref)
		if gw == nil {
			continue
		}
		found, verdict := c.attach(r, ref, gw)
		ways = append(ways, found...)
		parents = append(parents, parentStatus(r, ref, verdict))
	}
	if len(parents) == 0 {
		return nil
	}
	rules, resolved := c.rules(r)
	for i := range parents {
		setCondition(&parents[i].Conditions, r.Generation, resolved)
	}
	for _, w := range unique(ways) {
		c.table.Ports[w.port] = append(c.table.Ports[w.port], entries(r, rules, w.hostname)...)
	}
	return parents
}

func (c *compilation) gatewayOf(r *gatewayv1.HTTPRoute, ref gatewayv1.ParentReference) *gatewayv1.Gateway {
	if deref(ref.Group, gatewayv1.GroupName) != gatewayv1.GroupName || deref(ref.Kind, "Gateway") != "Gateway" {
		return nil
	}
	namespace := string(deref(ref.Namespace, gatewayv1.Namespace(r.Namespace)))
	for _, gw := range c.Gateways {
		if gw.Namespace == namespace && gw.Name == string(ref.Name) {
			return gw
		}
	}
	return nil
}

// entries crosses a route's matches with one hostname.
func entries(r *gatewayv1.HTTPRoute, rules []compiledRule, hostname string) []route.Entry {
	var list []route.Entry
	for _, rule := range rules {
		for _, m := range rule.matches {
			list = append(list, route.Entry{Hostname: hostname, Match: m, Created: r.CreationTimestamp.Time, Rule: rule.rule})
		}
	}
	return list
}

// deck reuses the deck of the same rule with the same weights, so that a
// change of endpoints does not disturb the split.
func (c *compilation) deck(r *gatewayv1.HTTPRoute, index int, backends []*route.Backend) *route.Deck {
	key, weights := fmt.Sprintf("%s/%s/%d", r.Namespace, r.Name, index), make([]int, 0, len(backends))
	for _, b := range backends {
		key += fmt.Sprintf(" %s:%d=%d", b.Name, b.Port, b.Weight)
		weights = append(weights, b.Weight)
	}
	deck, ok := c.compiler.decks[key]
	if !ok {
		deck = route.NewDeck(weights)
	}
	c.decks[key] = deck
	return deck
}

// portsOf are the ports of all HTTP listeners, sorted.
func portsOf(gateways []*gatewayv1.Gateway) []int32 {
	var ports []int32
	for _, gw := range gateways {
		for _, l := range gw.Spec.Listeners {
			if l.Protocol == gatewayv1.HTTPProtocolType {
				ports = append(ports, int32(l.Port))
			}
		}
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}

func unique(ways []way) []way {
	var list []way
	for _, w := range ways {
		if !slices.Contains(list, w) {
			list = append(list, w)
		}
	}
	return list
}

func deref[T any](p *T, fallback T) T {
	if p == nil {
		return fallback
	}
	return *p
}
