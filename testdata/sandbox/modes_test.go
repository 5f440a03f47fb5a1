//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/testdata/sandbox/cluster"
	"github.com/clawql/clawql-workbench/testdata/sandbox/ledger"
)

// Without root and without another cluster: a real control plane, and a screen that says that
// the pods are pretended. Its keeper has no namespace that ends everything, so down has to find
// the daemons by themselves.
func TestSimulated(t *testing.T) {
	b := newBox(t, "sim")
	if _, err := os.Stat(filepath.Join(b.bin, "kwok")); err != nil {
		if strings.Contains(os.Getenv("CLAWQL_REQUIRE"), "kwok") {
			t.Fatal(err)
		}
		t.Skip("bin/kwok is not built (make -C testdata/sandbox kwok)")
	}
	b.asNobody("kube", "kwok")
	if out := b.must("up"); !strings.Contains(out, "simulated (a real node needs root") || !strings.Contains(out, "pods do not run") {
		t.Errorf("up does not say that it simulates:\n%s", out)
	}
	status := b.status()
	if !status.Ready || status.Mode != cluster.Simulated || status.KubernetesVersion != "v1.35.4" {
		t.Fatalf("status: %+v", status)
	}
	image := strings.TrimSpace(b.must("image", "--version", "1"))
	b.kubectl("", "create", "deployment", "gateway", "--image", image)
	b.kubectl("", "rollout", "status", "deployment/gateway", "--timeout=60s")
	l, err := readLedger(b)
	if err != nil {
		t.Fatal(err)
	}
	kill(t, l.Keeper.PID)
	b.must("down")
	b.wantNothingLeft()
}

// Without root, with KUBECONFIG: that cluster, which afterwards has no more in it than before.
func TestExternal(t *testing.T) {
	host := newBox(t, "host")
	host.must("up")
	host.kubectl("", "delete", "namespace", "clawql-gateway")
	host.kubectl("", "delete", "gatewayclass", "clawql-sandbox")
	host.kubectl("", "create", "namespace", "clawql-gateway") // not the guest's to remove

	guest := newBox(t, "guest")
	guest.asNobody()
	config := filepath.Join(guest.tmp, "config")
	if err := os.WriteFile(config, []byte(host.kubectl("", "config", "view", "--raw")), 0o644); err != nil {
		t.Fatal(err)
	}
	guest.env = []string{"KUBECONFIG=" + config}
	if out := guest.must("up"); !strings.Contains(out, "external (a real node needs root; this is the cluster of KUBECONFIG="+config) {
		t.Errorf("up does not say whose cluster it uses:\n%s", out)
	}
	status := guest.status()
	if !status.Ready || status.Mode != cluster.External || status.APIServer != host.status().APIServer {
		t.Errorf("status: %+v", status)
	}
	if gateways := host.kubectl("", "get", "gateways", "-A", "-o", "name"); !strings.Contains(gateways, "gateway.gateway.networking.k8s.io/clawql") {
		t.Errorf("gateways of the cluster: %q", gateways)
	}
	guest.must("down")
	guest.wantNothingLeft()
	if left := host.kubectl("", "get", "gateways,gatewayclasses", "-A", "-o", "name"); left != "No resources found\n" && left != "" {
		t.Errorf("left in the cluster: %s", left)
	}
	host.kubectl("", "get", "namespace", "clawql-gateway")
}

// readLedger reads it as root, to whom it does not belong.
func readLedger(b *box) (*ledger.Ledger, error) {
	mine := b.t.TempDir()
	data, err := os.ReadFile(filepath.Join(b.dir(), ledger.File))
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(mine, ledger.File), data, 0o600); err != nil {
		return nil, err
	}
	return ledger.Load(mine)
}
