package netpol

import (
	"net/netip"
	"testing"

	"github.com/clawql/clawql-workbench/shared/fault"
)

func prefixes(pairs ...string) map[netip.Prefix]netip.Prefix {
	all := map[netip.Prefix]netip.Prefix{}
	for i := 0; i < len(pairs); i += 2 {
		all[netip.MustParsePrefix(pairs[i])] = netip.MustParsePrefix(pairs[i+1])
	}
	return all
}

// The same environment under other names: equal once mapped, drift without.
func TestMappedSidesAreEqual(t *testing.T) {
	m := Mapping{
		Namespaces: map[string]string{"shop-staging": "shop", "monitoring": "observability"},
		Labels:     map[string]string{"env=staging": "env=production", "squad": "team"},
		CIDRs:      prefixes("10.3.0.0/16", "10.9.0.0/16", "2001:db8:3::/48", "2001:db8:9::/48"),
	}
	staging := sideOf(t, `{metadata: {name: web, namespace: shop-staging}, spec: {podSelector: {matchLabels: {env: staging}}, ingress: [
		{from: [{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [monitoring]}]}}]},
		{from: [{podSelector: {matchExpressions: [{key: squad, operator: Exists}, {key: env, operator: NotIn, values: [staging]}]}}]},
		{from: [{ipBlock: {cidr: 10.3.4.0/24, except: [10.3.4.128/25]}}, {ipBlock: {cidr: '2001:db8:3:1::/64'}}, {ipBlock: {cidr: 10.0.0.0/8}}]}]}}`)
	staging.Namespaces = []Namespace{{"shop-staging", map[string]string{"env": "staging"}}, {"monitoring", nil}}
	staging.Workloads = []Workload{{Namespace: "shop-staging", Name: "Deployment/web", Labels: map[string]string{"env": "staging", "squad": "a"}, Addrs: []netip.Addr{netip.MustParseAddr("10.3.4.9")}}}
	production := sideOf(t, `{metadata: {name: web}, spec: {podSelector: {matchLabels: {env: production}}, ingress: [
		{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: observability}}}]},
		{from: [{podSelector: {matchExpressions: [{key: team, operator: Exists}, {key: env, operator: NotIn, values: [production]}]}}]},
		{from: [{ipBlock: {cidr: 10.9.4.0/24, except: [10.9.4.128/25]}}, {ipBlock: {cidr: '2001:db8:9:1::/64'}}, {ipBlock: {cidr: 10.0.0.0/8}}]}]}}`)
	production.Namespaces = []Namespace{{"shop", map[string]string{"env": "production"}}, {"observability", nil}}
	production.Workloads = []Workload{{Namespace: "shop", Name: "Deployment/web", Labels: map[string]string{"env": "production", "team": "a"}, Addrs: []netip.Addr{netip.MustParseAddr("10.9.4.9")}}}

	mapped, err := m.Apply(staging)
	if err != nil {
		t.Fatal(err)
	}
	if r := check(t, mapped, production, nil); len(r.Silent) != 1 {
		t.Errorf("%+v", r)
	}
	if mapped.Workloads[0].Addrs[0] != production.Workloads[0].Addrs[0] {
		t.Errorf("address %s", mapped.Workloads[0].Addrs[0])
	}
	unmapped, err := Compare(staging, production, Options{})
	if err != nil || len(unmapped.Findings) == 0 {
		t.Errorf("without a mapping: %v %+v", err, unmapped)
	}
	if staging.Policies[0].Namespace != "shop-staging" || staging.Workloads[0].Addrs[0].String() != "10.3.4.9" {
		t.Error("the given side was changed")
	}
}

func TestMappingsThatCannotBe(t *testing.T) {
	block := func(cidr string) Side { return sideOf(t, webFrom(`{from: [{ipBlock: {cidr: `+cidr+`}}]}`)) }
	cases := []struct {
		name string
		m    Mapping
		side Side
		code int
	}{
		{"lengths differ", Mapping{CIDRs: prefixes("10.3.0.0/16", "10.9.0.0/24")}, sideOf(t), fault.CodeUsage},
		{"families differ", Mapping{CIDRs: prefixes("10.3.0.0/16", "2001:db8::/16")}, sideOf(t), fault.CodeUsage},
		{"a part moves out of a block", Mapping{CIDRs: prefixes("10.3.0.0/16", "172.16.0.0/16")}, block("10.0.0.0/8"), fault.CodeUnable},
		{"labels fall together", Mapping{Labels: map[string]string{"app=a": "tier=c"}}, sideOf(t, `{metadata: {name: x}, spec: {podSelector: {matchLabels: {app: a, tier: b}}}}`), fault.CodeUnable},
		{"values part", Mapping{Labels: map[string]string{"app=a": "kind=a"}}, sideOf(t, `{metadata: {name: x}, spec: {podSelector: {matchExpressions: [{key: app, operator: In, values: [a, b]}]}}}`), fault.CodeUnable},
	}
	for _, c := range cases {
		if _, err := c.m.Apply(c.side); err == nil || fault.Code(err) != c.code {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestMove(t *testing.T) {
	for _, c := range [][4]string{
		{"10.3.4.9", "10.3.0.0/16", "172.16.0.0/16", "172.16.4.9"},
		{"10.3.129.9", "10.3.128.0/17", "192.168.0.0/17", "192.168.1.9"},
		{"2001:db8:3::9", "2001:db8:3::/48", "fd00:1:2::/48", "fd00:1:2::9"},
		{"10.3.4.9", "10.3.4.9/32", "10.0.0.1/32", "10.0.0.1"},
		{"10.3.4.9", "0.0.0.0/0", "0.0.0.0/0", "10.3.4.9"},
	} {
		got := move(netip.MustParseAddr(c[0]), netip.MustParsePrefix(c[1]), netip.MustParsePrefix(c[2]))
		if got.String() != c[3] {
			t.Errorf("%s from %s to %s: %s, want %s", c[0], c[1], c[2], got, c[3])
		}
	}
}
