package posture

import (
	"net/netip"
	"testing"
)

func allowPolicyOf(t *testing.T, s Settings) *place {
	t.Helper()
	result := Harden(overlay{}.build(t), s).clean(t)
	return (&place{fields: result.get(t, "NetworkPolicy", allowPolicy).Object}).in("spec")
}

func TestAllowances(t *testing.T) {
	s := settings()
	s.Egress = []EgressRule{
		{CIDR: "10.9.0.0/16", Ports: []Port{{"", 5432}}},
		{To: Peer{Namespace: "nats", PodLabels: map[string]string{"app": "nats"}}, Ports: []Port{{"TCP", 4222}}},
		{CIDR: "10.9.0.0/16"},        // no port: nothing
		{Ports: []Port{{"TCP", 22}}}, // no destination: nothing, never everything
	}
	spec := allowPolicyOf(t, s)
	if got := text(spec.value("podSelector")); got != `{"matchLabels":{"clawql.io/gateway":"clawql-mcp-http"}}` {
		t.Errorf("selects %s", got)
	}
	want := `[{"from":[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"clawql-gateway"}}}],"ports":[{"port":8080,"protocol":"TCP"},{"port":50051,"protocol":"TCP"}]},` +
		`{"from":[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"monitoring"}}}],"ports":[{"port":8080,"protocol":"TCP"}]}]`
	if got := text(spec.value("ingress")); got != want {
		t.Errorf("ingress\n got %s\nwant %s", got, want)
	}
	egress := spec.list("egress")
	if len(egress) != 4 {
		t.Fatalf("%d egress rules: %s", len(egress), text(spec.value("egress")))
	}
	if got := text(egress[0]); got != `{"ports":[{"port":53,"protocol":"UDP"},{"port":53,"protocol":"TCP"}],"to":[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"kube-system"}}}]}` {
		t.Errorf("DNS: %s", got)
	}
	if got := text(egress[3]); got != `{"ports":[{"port":4222,"protocol":"TCP"}],"to":[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"nats"}},"podSelector":{"matchLabels":{"app":"nats"}}}]}` {
		t.Errorf("extra: %s", got)
	}
}

// Public HTTPS must not reach the cluster, the metadata service or a network
// of the company, by whatever form of address.
func TestPublicIsPublic(t *testing.T) {
	rule := allowPolicyOf(t, settings()).members("egress")[1]
	reaches := func(address string) bool {
		for _, peer := range rule.members("to") {
			if !netip.MustParsePrefix(peer.in("ipBlock").str("cidr")).Contains(netip.MustParseAddr(address)) {
				continue
			}
			for _, cidr := range peer.in("ipBlock").list("except") {
				if netip.MustParsePrefix(cidr.(string)).Contains(netip.MustParseAddr(address)) {
					return false
				}
			}
			return true
		}
		return false
	}
	for _, address := range []string{
		"10.96.0.1", "10.244.0.7", "172.16.5.4", "172.31.255.255", "192.168.1.1", "169.254.169.254", "127.0.0.1",
		"100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "fd00::1", "fe80::1", "ff02::1", "64:ff9b::a00:1", "::10.0.0.1",
	} {
		if reaches(address) {
			t.Errorf("%s can be reached", address)
		}
	}
	for _, address := range []string{"140.82.112.5", "1.1.1.1", "172.32.0.1", "2606:4700::1111"} {
		if !reaches(address) {
			t.Errorf("%s cannot be reached", address)
		}
	}
	if onlyPorts(rule, func(port any) bool { return port == int64(443) }) == false {
		t.Error("other ports than 443 are open")
	}
}

func TestClosedEgress(t *testing.T) {
	s := settings()
	s.ClosedEgress = true
	if egress := allowPolicyOf(t, s).list("egress"); len(egress) != 1 {
		t.Errorf("egress %s", text(egress))
	}
}

// Nobody named means nobody, never everybody.
func TestNoDataPlane(t *testing.T) {
	for _, from := range [][]Peer{nil, {{}}} {
		s := settings()
		s.IngressFrom = from
		if ingress := allowPolicyOf(t, s).members("ingress"); len(ingress) != 1 || anybody(ingress[0], "from") {
			t.Errorf("from %v: %v", from, ingress)
		}
	}
}

// Without declared ports the gateway's known one is allowed, no other.
func TestUndeclaredPorts(t *testing.T) {
	result := Harden(overlay{container: "ports: null"}.build(t), settings()).clean(t)
	spec := (&place{fields: result.get(t, "NetworkPolicy", allowPolicy).Object}).in("spec")
	for _, rule := range spec.members("ingress") {
		if got := text(rule.value("ports")); got != `[{"port":8080,"protocol":"TCP"}]` {
			t.Errorf("ports %s", got)
		}
	}
}
