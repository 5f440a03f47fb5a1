package clusterread

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What passes for a cluster of this machine, and what claims to.
func TestClustersThatClaimToBeLocal(t *testing.T) {
	for cluster, local := range map[string]bool{
		"server: https://127.0.0.1:6443":                                      true,
		"server: https://localhost:6443":                                      true,
		"server: 'https://[::1]:6443'":                                        true,
		"server: https://10.0.0.1:6443":                                       false,
		"server: https://kubernetes.default.svc":                              false,
		"server: https://127.0.0.1.example.com:6443":                          false,
		"server: https://localhost.example.com":                               false,
		"server: https://127.0.0.1@staging.example.com":                       false,
		"server: https://127.0.0.1:6443, proxy-url: socks5://bastion.example": false,
		"server: https://127.0.0.1:6443, proxy-url: http://10.0.0.1":          false,
		"server: https://staging.example.com, tls-server-name: 127.0.0.1":     false,
	} {
		file := filepath.Join(t.TempDir(), "kubeconfig")
		text := strings.Replace(kubeconfig, "CLUSTER", cluster, 1)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := PlaceOf(Source{Kubeconfig: file, Context: "here"}).Local; got != local {
			t.Errorf("%s: local %v", cluster, got)
		}
		if PlaceOf(Source{Kubeconfig: file, Context: "elsewhere"}).Local || PlaceOf(Source{Kubeconfig: file + "-", Context: "here"}).Local {
			t.Error("a context that is not there is local")
		}
	}
}

const kubeconfig = `
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {CLUSTER}}]
users: [{name: u, user: {}}]
contexts: [{name: here, context: {cluster: c, user: u}}]
`
