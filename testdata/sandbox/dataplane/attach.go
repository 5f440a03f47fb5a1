package dataplane

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/clawql/clawql-workbench/testdata/sandbox/dataplane/route"
)

// way is a port and hostname by which a route is reached.
type way struct {
	port     int32
	hostname string
}

// attach finds the listeners of a Gateway that take a route, and the Accepted
// condition that says so or why none does.
func (c *compilation) attach(r *gatewayv1.HTTPRoute, ref gatewayv1.ParentReference, gw *gatewayv1.Gateway) ([]way, metav1.Condition) {
	if text := unsupported(r); text != "" {
		return nil, refused(gatewayv1.RouteReasonUnsupportedValue, text)
	}
	refusal := refused(gatewayv1.RouteReasonNoMatchingParent, "no HTTP listener has this name and port")
	var ways []way
	for _, l := range gw.Spec.Listeners {
		switch {
		case l.Protocol != gatewayv1.HTTPProtocolType || !names(ref, l):
			continue
		case !c.allows(gw, l, r.Namespace):
			refusal = refused(gatewayv1.RouteReasonNotAllowedByListeners, "the listener does not allow routes of namespace "+r.Namespace)
			continue
		}
		hosts := intersect(l, r)
		if len(hosts) == 0 {
			refusal = refused(gatewayv1.RouteReasonNoMatchingListenerHostname, "no hostname in common with the listener")
			continue
		}
		c.attached[gw][l.Name]++
		for _, host := range hosts {
			ways = append(ways, way{int32(l.Port), host})
		}
	}
	if len(ways) == 0 {
		return nil, refusal
	}
	return ways, accepted()
}

// unsupported names what this fixture does not implement: it refuses a route
// rather than serve it wrongly.
func unsupported(r *gatewayv1.HTTPRoute) string {
	for _, rule := range r.Spec.Rules {
		if len(rule.Filters) > 0 {
			return "filters are not supported"
		}
		for _, b := range rule.BackendRefs {
			if len(b.Filters) > 0 {
				return "filters are not supported"
			}
		}
	}
	if _, err := matchesOf(r); err != nil {
		return err.Error()
	}
	return ""
}

func names(ref gatewayv1.ParentReference, l gatewayv1.Listener) bool {
	return deref(ref.SectionName, l.Name) == l.Name && deref(ref.Port, l.Port) == l.Port
}

// allows applies a listener's allowedRoutes.namespaces; the default is Same.
func (c *compilation) allows(gw *gatewayv1.Gateway, l gatewayv1.Listener, namespace string) bool {
	from, selector := gatewayv1.NamespacesFromSame, (*metav1.LabelSelector)(nil)
	if l.AllowedRoutes != nil && l.AllowedRoutes.Namespaces != nil {
		from = deref(l.AllowedRoutes.Namespaces.From, from)
		selector = l.AllowedRoutes.Namespaces.Selector
	}
	switch from {
	case gatewayv1.NamespacesFromAll:
		return true
	case gatewayv1.NamespacesFromSelector:
		return c.selects(selector, namespace)
	default:
		return gw.Namespace == namespace
	}
}

func (c *compilation) selects(selector *metav1.LabelSelector, namespace string) bool {
	s, err := metav1.LabelSelectorAsSelector(selector)
	ns := c.Namespaces[namespace]
	return err == nil && ns != nil && s.Matches(labels.Set(ns.Labels))
}

func intersect(l gatewayv1.Listener, r *gatewayv1.HTTPRoute) []string {
	listener := string(deref(l.Hostname, ""))
	if len(r.Spec.Hostnames) == 0 {
		return []string{listener}
	}
	var hosts []string
	for _, h := range r.Spec.Hostnames {
		if host, ok := route.Intersect(listener, string(h)); ok {
			hosts = append(hosts, host)
		}
	}
	return hosts
}
