package netpol

import (
	"fmt"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"
)

// city is n namespaces of ten apps each, every one with a default-deny, an
// ingress policy an app, and metrics for the monitoring namespace.
func city(tb testing.TB, n int) Side {
	tb.Helper()
	var side Side
	add := func(namespace, text string) {
		p := &networkingv1.NetworkPolicy{}
		if err := yaml.UnmarshalStrict([]byte(text), p); err != nil {
			tb.Fatal(err)
		}
		p.Namespace = namespace
		side.Policies = append(side.Policies, p)
	}
	for i := range n {
		namespace := fmt.Sprintf("ns%03d", i)
		side.Namespaces = append(side.Namespaces, Namespace{namespace, map[string]string{"team": fmt.Sprint("t", i%7)}})
		add(namespace, denyAll)
		for app := range 10 {
			side.Workloads = append(side.Workloads, Workload{Namespace: namespace, Name: fmt.Sprint("Deployment/app", app), Labels: map[string]string{"app": fmt.Sprint("app", app)}})
			add(namespace, fmt.Sprintf(`{metadata: {name: app%d}, spec: {podSelector: {matchLabels: {app: app%d}}, policyTypes: [Ingress, Egress],
				ingress: [{from: [{podSelector: {matchLabels: {app: app%d}}}, {namespaceSelector: {matchLabels: {team: t1}}}], ports: [{port: 80%02d}]}],
				egress: [{to: [{podSelector: {}}]}, {to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}], ports: [{port: 443}]}]}}`, app, app, (app+1)%10, app))
		}
	}
	return side
}

func BenchmarkCompare(b *testing.B) {
	for _, n := range []int{10, 100, 600} {
		for _, changed := range []int{0, 1, n / 5} {
			b.Run(fmt.Sprintf("namespaces=%d/changed=%d", n, changed), func(b *testing.B) {
				one, two := city(b, n), city(b, n)
				for i := range changed {
					two.Policies[11*i+5].Spec.Egress = nil
				}
				b.ReportAllocs()
				for b.Loop() {
					if r, err := Compare(one, two, Options{}); err != nil || len(r.Findings) != changed || len(r.Incomplete) > 0 {
						b.Fatal(err, r)
					}
				}
			})
		}
	}
}
