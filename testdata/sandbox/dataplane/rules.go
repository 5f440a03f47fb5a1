package dataplane

import (
	"fmt"
	"net"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/clawql/clawql-workbench/testdata/sandbox/dataplane/count"
	"github.com/clawql/clawql-workbench/testdata/sandbox/dataplane/route"
)

type compiledRule struct {
	rule    *route.Rule
	matches []route.Match
}

// rules compiles a route's rules and the ResolvedRefs condition of the route.
func (c *compilation) rules(r *gatewayv1.HTTPRoute) ([]compiledRule, metav1.Condition) {
	resolved := condition(string(gatewayv1.RouteConditionResolvedRefs), true, string(gatewayv1.RouteReasonResolvedRefs), "")
	matches, err := matchesOf(r)
	if err != nil {
		return nil, resolved // attach has refused the route already
	}
	name := r.Namespace + "/" + r.Name
	var list []compiledRule
	for i, spec := range r.Spec.Rules {
		rule := &route.Rule{Route: name, Index: i, Generation: r.Generation, Local: c.series(name, "", "", "")}
		for _, ref := range spec.BackendRefs {
			b, problem := c.backend(r, ref)
			if problem != nil {
				resolved = *problem
			}
			rule.Backends = append(rule.Backends, b)
		}
		rule.Deck = c.deck(r, i, rule.Backends)
		list = append(list, compiledRule{rule, matches[i]})
	}
	return list, resolved
}

// backend resolves one reference; the condition is nil when it resolves.
func (c *compilation) backend(r *gatewayv1.HTTPRoute, ref gatewayv1.HTTPBackendRef) (*route.Backend, *metav1.Condition) {
	namespace := string(deref(ref.Namespace, gatewayv1.Namespace(r.Namespace)))
	name := namespace + "/" + string(ref.Name)
	b := &route.Backend{Name: name, Port: int32(deref(ref.Port, 0)), Weight: int(deref(ref.Weight, 1)),
		Local: c.series(r.Namespace+"/"+r.Name, name, "", "")}
	service := c.Services[name]
	port, known := portOf(service, b.Port)
	switch {
	case deref(ref.Group, "") != "" || deref(ref.Kind, "Service") != "Service":
		return invalid(b, gatewayv1.RouteReasonInvalidKind, "backend "+name+" is not a Service")
	case namespace != r.Namespace:
		return invalid(b, gatewayv1.RouteReasonRefNotPermitted, "backend "+name+" is in another namespace; ReferenceGrants are not supported here")
	case service == nil:
		return invalid(b, gatewayv1.RouteReasonBackendNotFound, "Service "+name+" does not exist")
	case !known:
		return invalid(b, gatewayv1.RouteReasonBackendNotFound, fmt.Sprintf("Service %s has no port %d", name, b.Port))
	}
	b.Endpoints = c.endpoints(r, name, port.Name)
	return b, nil
}

func invalid(b *route.Backend, reason gatewayv1.RouteConditionReason, text string) (*route.Backend, *metav1.Condition) {
	b.Invalid = true
	problem := condition(string(gatewayv1.RouteConditionResolvedRefs), false, string(reason), text)
	return b, &problem
}

func portOf(service *corev1.Service, number int32) (corev1.ServicePort, bool) {
	if service == nil {
		return corev1.ServicePort{}, false
	}
	for _, p := range service.Spec.Ports {
		if p.Port == number {
			return p, true
		}
	}
	return corev1.ServicePort{}, false
}

// endpoints are the ready pods of a Service's port. A pod that is going away
// is not ready, whether or not it still serves.
func (c *compilation) endpoints(r *gatewayv1.HTTPRoute, service, portName string) []*route.Endpoint {
	var list []*route.Endpoint
	seen := map[string]bool{}
	for _, slice := range c.Slices[service] {
		number := slicePort(slice, portName)
		if number == 0 || slice.AddressType == discoveryv1.AddressTypeFQDN {
			continue
		}
		for _, e := range slice.Endpoints {
			if !deref(e.Conditions.Ready, true) || len(e.Addresses) == 0 {
				continue
			}
			address := net.JoinHostPort(e.Addresses[0], strconv.Itoa(int(number)))
			if seen[address] {
				continue
			}
			seen[address] = true
			pod := podOf(e)
			list = append(list, &route.Endpoint{Address: address, Pod: pod, Series: c.series(r.Namespace+"/"+r.Name, service, pod, address)})
		}
	}
	return list
}

func slicePort(slice *discoveryv1.EndpointSlice, name string) int32 {
	for _, p := range slice.Ports {
		if deref(p.Name, "") == name {
			return deref(p.Port, 0)
		}
	}
	return 0
}

func podOf(e discoveryv1.Endpoint) string {
	if e.TargetRef == nil || e.TargetRef.Kind != "Pod" {
		return ""
	}
	return e.TargetRef.Namespace + "/" + e.TargetRef.Name
}

func (c *compilation) series(name, backend, pod, address string) *count.Series {
	return c.compiler.book.Series(count.Key{Route: name, Backend: backend, Pod: pod, Address: address})
}
