package netpol

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"
)

// The examples of the Kubernetes documentation and the well-known recipes, each
// against a neighbour of it.

const (
	denyAll     = `{metadata: {name: deny}, spec: {podSelector: {}, policyTypes: [Ingress, Egress]}}`
	denyIngress = `{metadata: {name: deny}, spec: {podSelector: {}, policyTypes: [Ingress]}}`
)

// webFrom is a policy for ingress to app=web with one rule.
func webFrom(rule string) string {
	return `{metadata: {name: web}, spec: {podSelector: {matchLabels: {app: web}}, ingress: [` + rule + `]}}`
}

func webTo(rule string) string {
	return `{metadata: {name: web}, spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [` + rule + `]}}`
}

func sideOf(t *testing.T, policies ...string) Side {
	t.Helper()
	side := Side{Namespaces: []Namespace{
		{"shop", nil}, {"monitoring", map[string]string{"team": "ops"}}, {"kube-system", nil},
	}}
	for _, text := range policies {
		p := &networkingv1.NetworkPolicy{}
		if err := yaml.UnmarshalStrict([]byte(text), p); err != nil {
			t.Fatal(err)
		}
		if p.Namespace == "" {
			p.Namespace = "shop"
		}
		side.Policies = append(side.Policies, p)
	}
	side.Workloads = []Workload{
		{Namespace: "shop", Name: "Deployment/web", Labels: map[string]string{"app": "web"}, Ports: []ContainerPort{{Name: "http", Number: 8080}, {Name: "metrics", Number: 9090}}},
		{Namespace: "shop", Name: "Deployment/db", Labels: map[string]string{"app": "db"}},
		{Namespace: "monitoring", Name: "StatefulSet/prometheus", Labels: map[string]string{"app": "prometheus"}},
	}
	return side
}

func TestRecipes(t *testing.T) {
	cases := []struct {
		name     string
		from, to []string
		want     []string // direction object: part of the witness
	}{
		{"no default-deny", nil, []string{denyAll}, []string{"more-permissive shop/deny: "}},
		{"default-deny of ingress only", []string{denyIngress}, []string{denyAll}, []string{"more-permissive shop/deny: shop/Deployment/"}},
		{"an allow-all beside the deny", []string{denyIngress, webFrom(`{}`)}, []string{denyIngress}, []string{"more-permissive shop/web: -> shop/Deployment/web"}},
		{"the same deny under two names", []string{strings.Replace(denyAll, "deny", "none", 1)}, []string{denyAll}, nil},
		{"from: [] is everybody", []string{webFrom(`{from: []}`)}, []string{webFrom(`{}`)}, nil},
		{"podSelector {} is the own namespace", []string{webFrom(`{}`)}, []string{webFrom(`{from: [{podSelector: {}}]}`)}, []string{"more-permissive shop/web: monitoring/StatefulSet/prometheus -> shop/Deployment/web"}},
		{"namespaceSelector {} is all pods, not all addresses", []string{webFrom(`{}`)}, []string{webFrom(`{from: [{namespaceSelector: {}}]}`)}, []string{"more-permissive shop/web: 203.0.113.7 -> shop/Deployment/web"}},
		{"two peers are or, one peer is and",
			[]string{webFrom(`{from: [{namespaceSelector: {matchLabels: {team: ops}}}, {podSelector: {matchLabels: {app: db}}}]}`)},
			[]string{webFrom(`{from: [{namespaceSelector: {matchLabels: {team: ops}}, podSelector: {matchLabels: {app: db}}}]}`)},
			[]string{"more-permissive shop/web: -> shop/Deployment/web"}},
		{"by the name label", []string{webFrom(`{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]}`)},
			[]string{webFrom(`{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}]}`)},
			[]string{"more-permissive shop/web: monitoring/StatefulSet/prometheus -> shop/Deployment/web", "stricter shop/web: in kube-system -> shop/Deployment/web"}},
		{"endPort wider", []string{webTo(`{ports: [{port: 32000, endPort: 32768}]}`)}, []string{webTo(`{ports: [{port: 32000, endPort: 32767}]}`)}, []string{"more-permissive shop/web: port 32768/TCP"}},
		{"a range is its parts", []string{webTo(`{ports: [{port: 80, endPort: 82}]}`)}, []string{webTo(`{ports: [{port: 80}, {port: 81, endPort: 82}]}`)}, nil},
		{"DNS by TCP too", []string{webTo(`{ports: [{port: 53, protocol: UDP}, {port: 53}]}`)}, []string{webTo(`{ports: [{port: 53, protocol: UDP}]}`)}, []string{"more-permissive shop/web: port 53/TCP"}},
		{"SCTP is one of all ports", []string{webTo(`{}`)}, []string{webTo(`{ports: [{protocol: TCP}, {protocol: UDP}]}`)}, []string{"more-permissive shop/web: /SCTP"}},
		{"a name is not a number, for pods to come", []string{webFrom(`{ports: [{port: http}]}`)}, []string{webFrom(`{ports: [{port: 8080}]}`)},
			[]string{"more-permissive shop/web: a new pod app=web in shop port 443/TCP", "stricter shop/web: a new pod app=web in shop port 8080/TCP"}},
		{"two names of one port, one at each end",
			[]string{denyIngress, webTo(`{to: [{podSelector: {}}], ports: [{port: http}]}`), `{metadata: {name: db}, spec: {podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: alt}]}]}}`},
			[]string{denyIngress, webTo(``), `{metadata: {name: db}, spec: {podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: alt}]}]}}`},
			[]string{"more-permissive shop/web: shop/Deployment/web -> a new pod app=db in shop"}},
		{"an exception gone", []string{webTo(`{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}`)}, []string{webTo(`{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [169.254.169.254/32]}}]}`)}, []string{"more-permissive shop/web: shop/Deployment/web -> 169.254.169.254 port"}},
		{"IPv6 is not in 0.0.0.0/0", []string{webTo(`{}`)}, []string{webTo(`{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}`)}, []string{"more-permissive shop/web: shop/Deployment/web -> 2001:db8::7 port"}},
		{"both families are everybody with an address", []string{webTo(`{}`)}, []string{webTo(`{to: [{ipBlock: {cidr: 0.0.0.0/0}}, {ipBlock: {cidr: '::/0'}}]}`)}, nil},
		{"halves of a network", []string{webTo(`{to: [{ipBlock: {cidr: 2001:db8::/32}}]}`)}, []string{webTo(`{to: [{ipBlock: {cidr: 2001:db8::/33}}, {ipBlock: {cidr: 2001:db8:8000::/33}}]}`)}, nil},
		{"host bits say nothing", []string{webTo(`{to: [{ipBlock: {cidr: 10.1.2.3/8}}]}`)}, []string{webTo(`{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}`)}, nil},
		{"egress rules isolate by default", []string{`{metadata: {name: web}, spec: {podSelector: {}, egress: [{}]}}`}, []string{`{metadata: {name: web}, spec: {podSelector: {}, policyTypes: [Ingress, Egress], egress: [{}]}}`}, nil},
		{"rules of a type that is not listed do nothing", []string{`{metadata: {name: web}, spec: {podSelector: {}, policyTypes: [Ingress], egress: [{ports: [{port: 80}]}]}}`}, []string{denyIngress}, nil},
		{"NotIn takes pods without the label", []string{webFrom(`{from: [{podSelector: {matchExpressions: [{key: zone, operator: NotIn, values: [dmz]}]}}]}`)},
			[]string{webFrom(`{from: [{podSelector: {matchExpressions: [{key: zone, operator: NotIn, values: [dmz]}, {key: zone, operator: Exists}]}}]}`)},
			[]string{"more-permissive shop/web: shop/Deployment/db -> shop/Deployment/web"}},
		{"In of every value is not Exists", []string{webFrom(`{from: [{podSelector: {matchExpressions: [{key: zone, operator: Exists}]}}]}`)},
			[]string{webFrom(`{from: [{podSelector: {matchExpressions: [{key: zone, operator: In, values: [a, b]}]}}]}`)},
			[]string{"more-permissive shop/web: a new pod zone=other in shop -> shop/Deployment/web"}},
		{"what the other end denies anyway", []string{denyIngress, webTo(`{to: [{podSelector: {}}]}`)}, []string{denyIngress, webTo(`{to: [{podSelector: {matchLabels: {app: db}}}]}`)}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			check(t, sideOf(t, c.from...), sideOf(t, c.to...), c.want)
		})
	}
}

func check(t *testing.T, a, b Side, want []string) *Result {
	t.Helper()
	result, err := Compare(a, b, Options{Names: [2]string{"staging", "production"}})
	if err != nil || len(result.Incomplete) > 0 {
		t.Fatalf("%v %+v", err, result)
	}
	var got []string
	for _, f := range result.Findings {
		got = append(got, fmt.Sprintf("%s %s: %s", f.Direction, f.Object, f.Witness.Text))
	}
	if len(got) != len(want) {
		t.Fatalf("found %q, want %q", got, want)
	}
	for _, w := range want {
		head, part, _ := strings.Cut(w, ": ")
		if !slices.ContainsFunc(got, func(g string) bool { return strings.HasPrefix(g, head+":") && strings.Contains(g, part) }) {
			t.Errorf("found %q, want %q", got, w)
		}
	}
	return result
}

// Policies alike, labels not.
func TestLabelsDrift(t *testing.T) {
	policies := []string{
		webFrom(`{from: [{namespaceSelector: {matchLabels: {team: ops}}}], ports: [{port: metrics}]}`),
		`{metadata: {name: deny-db}, spec: {podSelector: {matchLabels: {app: db}}}}`,
	}
	t.Run("a workload lost the label that held it", func(t *testing.T) {
		a, b := sideOf(t, policies...), sideOf(t, policies...)
		a.Workloads[1].Labels = map[string]string{"app": "database"}
		check(t, a, b, []string{"more-permissive shop/db: -> shop/Deployment/db"})
	})
	t.Run("a namespace gained the label that lets it in", func(t *testing.T) {
		a, b := sideOf(t, policies...), sideOf(t, policies...)
		a.Namespaces[2].Labels = map[string]string{"team": "ops"}
		check(t, a, b, []string{"more-permissive kube-system: in kube-system -> shop/Deployment/web port 9090"})
	})
	t.Run("a port's name moved", func(t *testing.T) {
		a, b := sideOf(t, policies...), sideOf(t, policies...)
		a.Workloads[0].Ports = []ContainerPort{{Name: "metrics", Number: 22}}
		check(t, a, b, []string{"more-permissive shop/web: monitoring/StatefulSet/prometheus -> shop/Deployment/web port 22", "stricter shop/web: port 9090"})
	})
	t.Run("order of ports and a label nobody asks about", func(t *testing.T) {
		a, b := sideOf(t, policies...), sideOf(t, policies...)
		slices.Reverse(a.Workloads[0].Ports)
		a.Workloads[0].Labels = map[string]string{"app": "web", "version": "2"}
		check(t, a, b, nil)
	})
}

func TestTextsOfAFinding(t *testing.T) {
	r := check(t, sideOf(t), sideOf(t, denyAll), []string{"more-permissive shop/deny: "})
	f := r.Findings[0]
	if f.Severity != "critical" || !strings.HasPrefix(f.From, "allowed: no policy for ") || !strings.HasPrefix(f.To, "denied: ") || !strings.Contains(f.To, "isolated by deny, no rule allows it") {
		t.Errorf("%+v", f)
	}
	if !strings.HasPrefix(f.Explanation, "staging lets ") || !strings.HasSuffix(f.Explanation, "ports in all: TCP 1-65535, UDP 1-65535, SCTP 1-65535") {
		t.Errorf("%s", f.Explanation)
	}
	if f.Witness.Details["port"] == "" || f.Witness.Details["destinationNamespace"]+f.Witness.Details["destinationAddress"] == "" {
		t.Errorf("%v", f.Witness.Details)
	}
}

func TestSilentPoliciesAreNamed(t *testing.T) {
	same := check(t, sideOf(t, denyAll, webFrom(`{ports: [{port: 80}, {port: 81}]}`)), sideOf(t, denyAll, webFrom(`{ports: [{port: 80, endPort: 81}]}`)), nil)
	if len(same.Silent) != 1 || same.Silent[0].Name != "web" {
		t.Errorf("%+v", same.Silent)
	}
}
