package istio

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// Request is one request to one pod.
type Request struct {
	Namespace string // of the pod
	Labels    map[string]string
	Port      string

	InMesh bool // the sender is in the mesh: would it be sent in plain text?

	Principal, From, IP string // of the sender: From is its namespace
	Host, Method, Path  string
}

func (r Request) text(kind string) string {
	pod := "a pod of " + r.Namespace
	for _, key := range slices.Sorted(maps.Keys(r.Labels)) {
		pod += fmt.Sprintf(" with %s=%s", key, r.Labels[key])
	}
	if kind == "PeerAuthentication" {
		sender := "plain text from outside the mesh"
		if r.InMesh {
			sender = "plain text between pods of the mesh"
		}
		return fmt.Sprintf("%s to port %s of %s", sender, r.Port, pod)
	}
	sender := r.Principal
	if sender == "" {
		sender = "nobody known"
	}
	return fmt.Sprintf("%s %s (host %s, port %s) to %s, by %s from %s", r.Method, r.Path, r.Host, r.Port, pod, sender, r.IP)
}

// most is how many requests are drawn for one object.
const most = 20_000

// requests are drawn from the policies of both sides that hold where object
// does: every value that they name, beside one that none names.
func (c *comparer) requests(object finding.Object) []Request {
	d := draw{namespaces: []string{object.Namespace}, labels: []map[string]string{nil}, ports: []string{"8080", "1"}}
	d.senders = []Request{{IP: "192.0.2.77"}, sender("cluster.local/ns/other-namespace/sa/someone")}
	d.operations = []Request{{Host: "service.example", Method: "GET", Path: "/other-path"}}
	if object.Namespace == root {
		d.namespaces = append(d.namespaces, "other-namespace")
	}
	for _, side := range c.sides {
		for _, p := range side {
			if p.Object.Kind == object.Kind && (object.Namespace == root || p.Object.Namespace == root || p.Object.Namespace == object.Namespace) {
				d.policy(p)
			}
		}
	}
	return d.all(object.Kind)
}

// draw collects the parts of requests.
type draw struct {
	namespaces, ports   []string
	labels              []map[string]string
	senders, operations []Request
}

func (d *draw) policy(p policy) {
	if !slices.Contains(d.namespaces, p.Object.Namespace) {
		d.namespaces = append(d.namespaces, p.Object.Namespace)
	}
	if labels := p.spec.Selector.MatchLabels; len(labels) > 0 && !slices.ContainsFunc(d.labels, func(l map[string]string) bool { return maps.Equal(l, labels) }) {
		d.labels = append(d.labels, labels)
	}
	for _, port := range slices.Sorted(maps.Keys(p.spec.PortLevelMtls)) {
		d.port(port)
	}
	for _, one := range p.spec.Rules {
		for _, f := range one.From {
			for _, principal := range slices.Concat(f.Source.Principals, f.Source.NotPrincipals) {
				d.sender(sender(filled(principal)))
			}
			for _, ns := range slices.Concat(f.Source.Namespaces, f.Source.NotNamespaces) {
				d.sender(sender("cluster.local/ns/" + filled(ns) + "/sa/someone"))
			}
			for _, block := range slices.Concat(f.Source.IPBlocks, f.Source.NotIPBlocks) {
				if p, ok := prefix(block); ok {
					d.sender(Request{IP: p.Addr().String()})
				}
			}
		}
		for _, t := range one.To {
			d.operation(t.Operation)
		}
	}
}

// operation draws a first value of each field, and each value by itself.
func (d *draw) operation(o operation) {
	first := func(lists ...[]string) []string { return append(slices.Concat(lists...), "") }
	for _, host := range first(o.Hosts, o.NotHosts) {
		for _, method := range first(o.Methods, o.NotMethods) {
			for _, path := range first(o.Paths, o.NotPaths) {
				r := Request{Host: or(filled(host), "service.example"), Method: or(filled(method), "GET"), Path: or(filled(path), "/other-path")}
				if !slices.ContainsFunc(d.operations, func(x Request) bool { return x.Host == r.Host && x.Method == r.Method && x.Path == r.Path }) {
					d.operations = append(d.operations, r)
				}
			}
		}
	}
	for _, port := range slices.Concat(o.Ports, o.NotPorts) {
		d.port(port)
	}
}

func (d *draw) port(port string) {
	if !slices.Contains(d.ports, port) {
		d.ports = append(d.ports, port)
	}
}

func (d *draw) sender(r Request) {
	if !slices.ContainsFunc(d.senders, func(x Request) bool { return x.Principal == r.Principal && x.IP == r.IP }) {
		d.senders = append(d.senders, r)
	}
}

// sender is who has a principal: its namespace stands in it.
func sender(principal string) Request {
	r := Request{Principal: principal, IP: "192.0.2.77"}
	if _, rest, ok := strings.Cut(principal, "/ns/"); ok {
		r.From, _, _ = strings.Cut(rest, "/")
	}
	return r
}

// filled makes a value of a pattern.
func filled(pattern string) string { return strings.ReplaceAll(pattern, "*", "x") }

func or(value, instead string) string {
	if value == "" {
		return instead
	}
	return value
}

// all joins the parts.
func (d *draw) all(kind string) []Request {
	if kind == "PeerAuthentication" {
		d.senders, d.operations = []Request{{}, {InMesh: true}}, []Request{{}}
	}
	var list []Request
	for _, ns := range d.namespaces {
		for _, labels := range d.labels {
			for _, port := range d.ports {
				for _, s := range d.senders {
					for _, o := range d.operations {
						if len(list) == most {
							return list
						}
						r := s
						r.Namespace, r.Labels, r.Port, r.Host, r.Method, r.Path = ns, labels, port, o.Host, o.Method, o.Path
						list = append(list, r)
					}
				}
			}
		}
	}
	return list
}
