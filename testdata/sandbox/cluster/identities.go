package cluster

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"time"

	"github.com/clawql/clawql-workbench/testdata/sandbox/ledger"
	"k8s.io/client-go/tools/clientcmd"
	api "k8s.io/client-go/tools/clientcmd/api"
)

// writeIdentities writes everybody's certificates, keys and kubeconfigs: the same set, with the
// same users and groups, as kubeadm makes.
func writeIdentities(l *ledger.Ledger, now time.Time) error {
	ca, err := newAuthority(l.Path("pki"), now)
	if err != nil {
		return err
	}
	steps := []func() error{
		func() error {
			return ca.server("apiserver", "127.0.0.1", "localhost", "kubernetes", "kubernetes.default",
				"kubernetes.default.svc", "kubernetes.default.svc.cluster.local", l.Network.Gateway, l.Network.ServiceIP)
		},
		func() error { return ca.server("etcd", "127.0.0.1") },
		func() error { return ca.server("kubelet", l.Network.Gateway, nodeName(l)) },
		func() error { return ca.client("apiserver-kubelet", "kube-apiserver-kubelet-client", "system:masters") },
		func() error { return ca.client("node", "system:node:"+nodeName(l), "system:nodes") },
		func() error { return ca.client("controllers", "system:kube-controller-manager") },
		func() error { return ca.client("scheduler", "system:kube-scheduler") },
		func() error { return ca.client("service-accounts", "service-accounts") },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	for _, name := range []string{"node", "controllers", "scheduler"} {
		user := &api.AuthInfo{ClientCertificate: l.Path("pki", name+".crt"), ClientKey: l.Path("pki", name+".key")}
		if err := writeKubeconfig(l, l.Path("pki", name+".kubeconfig"), user); err != nil {
			return err
		}
	}
	return writeAdmin(l)
}

// writeAdmin makes the administrator's token, known to the API server by its token file.
func writeAdmin(l *ledger.Ledger) error {
	secret := make([]byte, 24)
	_, _ = rand.Read(secret)
	token := hex.EncodeToString(secret)
	line := fmt.Sprintf("%s,admin,admin,system:masters\n", token)
	if err := os.WriteFile(l.Path("pki", "tokens.csv"), []byte(line), 0o600); err != nil {
		return fmt.Errorf("writing the administrator's token: %w", err)
	}
	return writeKubeconfig(l, l.Path("kubeconfig"), &api.AuthInfo{Token: token})
}

// writeKubeconfig writes a file (mode 0600) that needs no other but those it names.
func writeKubeconfig(l *ledger.Ledger, file string, user *api.AuthInfo) error {
	ca, err := os.ReadFile(l.Path("pki", "ca.crt"))
	if err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	name := contextName(l)
	config := api.NewConfig()
	config.Clusters[name] = &api.Cluster{Server: apiServer(l), CertificateAuthorityData: ca}
	config.AuthInfos[name] = user
	config.Contexts[name] = &api.Context{Cluster: name, AuthInfo: name, Namespace: "default"}
	config.CurrentContext = name
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	return os.Chmod(file, 0o600)
}

func contextName(l *ledger.Ledger) string { return "clawql-sandbox-" + l.Name }

func apiServer(l *ledger.Ledger) string {
	return fmt.Sprintf("https://127.0.0.1:%d", l.Ports["apiServer"])
}
