package cluster

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/testdata/sandbox/ledger"
)

func TestCheckName(t *testing.T) {
	for name, ok := range map[string]bool{
		"demo": true, "a": true, "a-1": true, "": false, "-a": false, "a-": false, "Demo": false,
		"a/b": false, "..": false, strings.Repeat("a", 33): false, "a b": false,
	} {
		err := CheckName(name)
		if (err == nil) != ok {
			t.Errorf("CheckName(%q) = %v", name, err)
		}
		var usage *UsageError
		if err != nil && !errors.As(err, &usage) {
			t.Errorf("CheckName(%q): not a usage error", name)
		}
	}
}

// The kernel takes 15 letters; two long names must not share a bridge.
func TestBridgeName(t *testing.T) {
	a, b := BridgeName("a-very-long-sandbox-name-1"), BridgeName("a-very-long-sandbox-name-2")
	if a == b || len(a) > 15 || len(b) > 15 {
		t.Errorf("bridges %q and %q", a, b)
	}
	if got := BridgeName("demo"); got != "cq-demo" {
		t.Errorf("BridgeName(demo) = %q", got)
	}
}

func TestChoosePortsAvoidsNeighbours(t *testing.T) {
	all := map[string]int{}
	for port := firstPort; port <= lastPort-200; port++ {
		all[string(rune(port))] = port
	}
	ports, err := choosePorts([]*ledger.Ledger{{Ports: all}})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for name, port := range ports {
		if port <= lastPort-200 || port > lastPort || seen[port] {
			t.Errorf("port %s = %d", name, port)
		}
		seen[port] = true
	}
	if len(ports) != len(portNames) {
		t.Errorf("%d ports, want %d", len(ports), len(portNames))
	}
}

func TestChooseNetworkAvoidsWhatIsTaken(t *testing.T) {
	host := []*net.IPNet{network(t, "10.144.7.0/24"), network(t, "10.146.0.0/15")}
	other := &ledger.Ledger{Network: ledger.Network{PodCIDR: "10.145.0.0/24"}}
	got, err := chooseNetwork([]*ledger.Ledger{other}, host)
	if err != nil {
		t.Fatal(err)
	}
	want := ledger.Network{PodCIDR: "10.148.0.0/24", Gateway: "10.148.0.1", ServiceCIDR: "10.148.1.0/24", ServiceIP: "10.148.1.1"}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestChooseNetworkFull(t *testing.T) {
	if n, err := chooseNetwork(nil, []*net.IPNet{network(t, "10.0.0.0/8")}); err == nil {
		t.Errorf("chose %+v inside a taken network", n)
	}
}

func TestCheckFolder(t *testing.T) {
	for dir, ok := range map[string]bool{
		"/tmp/clawql-sandbox-demo":        true,
		"/run/user/0/box":                 false,
		"/var/lib/box":                    false,
		"/variable/box":                   true,
		"/tmp/" + strings.Repeat("x", 90): false,
	} {
		if err := checkFolder(dir); (err == nil) != ok {
			t.Errorf("checkFolder(%s) = %v", dir, err)
		}
	}
}

func network(t *testing.T, cidr string) *net.IPNet {
	t.Helper()
	_, n, err := net.ParseCIDR(cidr)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
