package istio

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/oracletest"
)

var cases = oracletest.Cases

// dice draw policies such as people write, of few words, so that they meet.
type dice struct{ *rand.Rand }

func newDice(seed int) dice { return dice{rand.New(rand.NewSource(int64(seed)))} }

func (d dice) of(list ...string) string { return list[d.Intn(len(list))] }
func (d dice) in(n int) bool            { return d.Intn(n) == 0 }

type object = map[string]any

// side is what is drawn: one to five policies of three namespaces.
func (d dice) side() []Resource {
	var list []Resource
	if d.in(4) {
		list = append(list, d.request("RequestAuthentication", d.of("a", "a", "istio-system")+"/t", d.tokens()))
	}
	for _, name := range []string{"istio-system/m", "a/n", "b/n"} {
		if d.in(3) {
			list = append(list, d.request("PeerAuthentication", name, object{"mtls": object{"mode": d.mode()}}))
		}
	}
	if d.in(3) {
		list = append(list, d.request("PeerAuthentication", d.of("a", "a", "a", "istio-system")+"/w", d.workload()))
	}
	for i := range d.Intn(4) {
		list = append(list, d.request("AuthorizationPolicy", d.of("istio-system", "a", "a", "a", "b")+fmt.Sprintf("/p%d", i), d.authorization()))
	}
	return list
}

func (d dice) request(kind, name string, spec object) Resource {
	ns, name, _ := strings.Cut(name, "/")
	r := Resource{Object: finding.Object{APIVersion: "security.istio.io/v1", Kind: kind, Namespace: ns, Name: name}}
	r.Raw = object{"apiVersion": r.Object.APIVersion, "kind": kind, "metadata": object{"name": name, "namespace": ns}, "spec": spec}
	if kind == "AuthorizationPolicy" && d.in(15) {
		r.Raw["metadata"].(object)["annotations"] = object{"istio.io/dry-run": d.of("true", "false")}
	}
	return r
}

func (d dice) mode() string { return d.of("STRICT", "PERMISSIVE", "DISABLE", "UNSET") }

func (d dice) workload() object {
	return object{"selector": object{"matchLabels": d.labels()}, "mtls": object{"mode": d.mode()}, "portLevelMtls": object{d.of("8080", "9090"): object{"mode": d.mode()}}}
}

func (d dice) labels() object {
	if d.in(4) {
		return object{"tier": "x"}
	}
	return object{"app": d.of("g", "g", "h")}
}

func (d dice) tokens() object {
	spec := object{"jwtRules": []any{object{"issuer": d.of("https://i.example", "j"), "jwks": `{"keys":[]}`}}}
	if d.in(3) {
		spec["jwtRules"].([]any)[0].(object)["audiences"] = []any{"gateway"}
	}
	if d.in(3) {
		spec["selector"] = object{"matchLabels": d.labels()}
	}
	return spec
}

func (d dice) authorization() object {
	spec := object{"action": d.of("ALLOW", "ALLOW", "ALLOW", "DENY", "DENY", "AUDIT")}
	if d.in(100) {
		spec["action"], spec["provider"] = "CUSTOM", object{"name": "x"}
	}
	if d.in(10) && spec["action"] == "ALLOW" {
		delete(spec, "action")
	}
	if d.in(3) {
		spec["selector"] = object{"matchLabels": d.labels()}
	}
	if d.in(12) && spec["action"] != "DENY" && spec["action"] != "CUSTOM" {
		return spec // nobody
	}
	rules := []any{}
	for range 1 + d.Intn(3) {
		rules = append(rules, d.rule())
	}
	spec["rules"] = rules
	return spec
}

func (d dice) rule() object {
	rule := object{}
	if !d.in(3) {
		rule["from"] = d.list(func() any { return object{"source": d.fields(d.source)} })
	}
	if !d.in(3) {
		rule["to"] = d.list(func() any { return object{"operation": d.fields(d.operation)} })
	}
	if d.in(4) {
		rule["when"] = d.list(func() any { return d.condition() })
	}
	return rule
}

func (d dice) list(one func() any) []any {
	list := []any{one()}
	if d.in(4) {
		list = append(list, one())
	}
	return list
}

// fields are one to three, negated now and then.
func (d dice) fields(one func() (string, func() string)) object {
	fields := object{}
	for range 1 + d.Intn(2) {
		name, value := one()
		if d.in(4) {
			name = "not" + strings.ToUpper(name[:1]) + name[1:]
		}
		if _, account := fields["serviceAccounts"]; account || fields["notServiceAccounts"] != nil || strings.HasSuffix(name, "erviceAccounts") && len(fields) > 0 {
			break // Istio takes them beside no other name
		}
		fields[name] = d.list(func() any { return value() })
	}
	return fields
}

func (d dice) source() (string, func() string) {
	switch d.Intn(8) {
	case 0, 1:
		return "principals", d.principal
	case 2:
		return "namespaces", d.namespace
	case 3:
		return "serviceAccounts", func() string { return d.of("p", "i/p", "j/q", "p-2") }
	case 4:
		return "trustDomains", func() string { return d.of("cluster.local", "old.local", "*.local", "*", "cluster*") }
	case 5:
		return "remoteIpBlocks", d.block
	case 6:
		return "requestPrincipals", d.requestPrincipal
	}
	return "ipBlocks", d.block
}

func (d dice) requestPrincipal() string {
	return d.of("*", "https://i.example/s", "j/s", "j/*", "*/s", "https://i.example/*", "https://i*", "*s", "j", "*.example/s")
}

func (d dice) principal() string {
	return d.of("*", "cluster.local/ns/i/sa/p", "cluster.local/ns/j/sa/q", "cluster.local/ns/i/*", "cluster.local/ns/i*", "*/sa/p", "*/ns/i/sa/p", "*p", "old.local/ns/i/sa/p", "*/ns/*")
}

func (d dice) namespace() string { return d.of("i", "j", "i*", "*j", "*", "i*2", "a", "*sa") }
func (d dice) block() string {
	return d.of("10.1.0.0/16", "10.1.0.0/24", "10.1.2.0/24", "10.1.2.3", "192.0.2.0/24", "2001:db8::/32", "0.0.0.0/0", "10.1.2.3/8")
}

func (d dice) operation() (string, func() string) {
	switch d.Intn(5) {
	case 0:
		return "methods", func() string { return d.of("GET", "POST", "P*", "*", "*T", "get") }
	case 1:
		return "hosts", func() string { return d.of("a.example", "A.Example", "*.example", "b.*", "*", "service.example") }
	case 2:
		return "ports", func() string { return d.of("8080", "9090", "443") }
	}
	return "paths", func() string {
		return d.of("/a", "/a*", "/a/b", "*/b", "*b", "/", "/*", "*", "/a/*", "/other-path", "*a*", "mcp")
	}
}

// condition draws one whose attribute is known; one in forty is not.
func (d dice) condition() object {
	values := map[string]func() string{
		"request.headers[X-Tenant]": func() string { return d.of("t", "t*", "*t", "*", "u") },
		"request.headers[x-tenant]": func() string { return d.of("t", "tu", "*") },
		"source.ip":                 d.block, "remote.ip": d.block, "source.namespace": d.namespace, "source.principal": d.principal,
		"source.serviceAccount": func() string { return d.of("p", "i/p") }, "destination.port": func() string { return d.of("8080", "9090") },
		"request.auth.principal": d.requestPrincipal, "request.auth.audiences": func() string { return d.of("gateway", "g*", "other") },
		"request.auth.claims[role]": func() string { return d.of("admin", "dev", "*", "a*") }, "request.auth.presenter": func() string { return d.of("app", "*") },
		"request.auth.claims[iss]": func() string { return d.of("j", "https://*") }, "request.auth.claims[sub]": func() string { return d.of("s", "*") },
	}
	key := d.of(sortedKeys(values)...)
	condition := object{"key": key}
	if !d.in(3) {
		condition["values"] = d.list(func() any { return values[key]() })
	}
	if condition["values"] == nil || d.in(5) {
		condition["notValues"] = d.list(func() any { return values[key]() })
	}
	if d.in(40) {
		condition["key"] = d.of("connection.sni", "destination.ip", "experimental.envoy.filters.x[y]")
	}
	return condition
}

// pair is two sides; mostly the second is an edit of the first, so that small
// differences are common.
func (d dice) pair() (a, b []Resource) {
	a = d.side()
	if d.in(4) {
		tokens := func(r Resource) bool { return r.Object.Kind == "RequestAuthentication" }
		b = slices.DeleteFunc(d.side(), tokens)
		return a, append(b, slices.DeleteFunc(copied(a), func(r Resource) bool { return !tokens(r) })...)
	}
	b = copied(a)
	for range 1 + d.Intn(2) {
		b = d.edit(b)
	}
	return a, b
}

// edit changes one thing: a policy goes, comes or is drawn anew, a rule goes or
// comes, or one of the fields of a rule does.
func (d dice) edit(side []Resource) []Resource {
	if len(side) == 0 || d.in(6) {
		return append(side, d.request("AuthorizationPolicy", d.of("istio-system", "a", "b")+fmt.Sprintf("/q%d", d.Intn(1000)), d.authorization()))
	}
	i := d.Intn(len(side))
	spec := side[i].Raw["spec"].(object)
	rules, _ := spec["rules"].([]any)
	switch {
	case d.in(6):
		return slices.Delete(side, i, i+1)
	case side[i].Object.Kind == "PeerAuthentication":
		spec["mtls"] = object{"mode": d.mode()}
	case side[i].Object.Kind == "RequestAuthentication":
		side[i].Raw["spec"] = d.tokens()
	case len(rules) == 0 || d.in(5):
		spec["rules"] = append(rules, d.rule())
	case d.in(5):
		spec["rules"] = append([]any{d.rule()}, rules[1:]...)
	default:
		rule := rules[d.Intn(len(rules))].(object)
		anew := d.rule()
		part := d.of("from", "to", "when")
		if delete(rule, part); anew[part] != nil {
			rule[part] = anew[part]
		}
	}
	return side
}

// copied is a side that shares nothing with the other.
func copied(side []Resource) []Resource {
	list := slices.Clone(side)
	for i := range list {
		text, err := json.Marshal(list[i].Raw)
		if err != nil {
			panic(err)
		}
		list[i].Raw = nil
		if err := json.Unmarshal(text, &list[i].Raw); err != nil {
			panic(err)
		}
	}
	return list
}

// ask draws a request of the words that policies are drawn of.
func (d dice) ask() Request {
	r := Request{Namespace: d.of("a", "a", "b", "istio-system", "c"), Port: d.of("8080", "9090", "443"), TCP: d.in(5), IP: d.address(), InMesh: d.in(2)}
	r.Labels = map[string]string{}
	if d.in(2) {
		r.Labels["app"] = d.of("g", "h")
	}
	if d.in(3) {
		r.Labels["tier"] = "x"
	}
	r.Remote = r.IP
	if d.in(3) {
		r.Remote = d.address()
	}
	if !d.in(4) {
		r.Principal = d.of("cluster.local", "old.local", "other") + "/ns/" + d.of("i", "j", "i2", "a", "xj") + "/sa/" + d.of("p", "q", "p-2", "xp")
	}
	if r.TCP {
		return r
	}
	r.Method, r.Host = d.of("GET", "POST", "POST", "POST", "PUT", "get", "DELETE"), d.of("a.example", "A.EXAMPLE", "service.example", "b.test")
	r.Path = d.of("/a", "/a/b", "/ab", "/", "/b", "/other-path", "/mcp", "/a/", "/a*")
	if d.in(2) {
		r.Headers = map[string]string{"x-tenant": d.of("t", "u", "tu", "ut")}
	}
	if !d.in(3) {
		r.Token = &Token{Issuer: d.of("https://i.example", "j", "j", "k"), Subject: d.of("s", "s", "t", "xs"), Claims: map[string][]string{}}
		if d.in(2) {
			r.Token.Audience = []string{d.of("gateway", "other", "go")}
		}
		if d.in(2) {
			r.Token.Claims["role"] = [][]string{{"admin"}, {"dev"}, {"admin", "dev"}, {"other"}}[d.Intn(4)]
		}
		if d.in(3) {
			r.Token.Presenter = []string{d.of("app", "x")}
		}
	}
	return r
}

func (d dice) address() string {
	return d.of("10.1.2.3", "10.1.2.4", "10.1.0.9", "10.1.9.9", "10.2.0.1", "192.0.2.77", "198.51.100.1", "2001:db8::1", "2001:db9::1")
}
