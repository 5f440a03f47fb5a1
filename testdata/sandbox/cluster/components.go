package cluster

import (
	"fmt"

	"github.com/clawql/clawql-workbench/testdata/sandbox/ledger"
)

// etcdArgs: data is not synced to the disk, since a sandbox does not outlive its machine. Client
// and peer ports ask for a certificate, so that other users of the machine are kept out.
func etcdArgs(l *ledger.Ledger, kube string) []string {
	client := fmt.Sprintf("https://127.0.0.1:%d", l.Ports["etcd"])
	peer := fmt.Sprintf("https://127.0.0.1:%d", l.Ports["etcdPeer"])
	cert, key, ca := l.Path("pki", "etcd.crt"), l.Path("pki", "etcd.key"), l.Path("pki", "ca.crt")
	return []string{kube, "etcd",
		"--name=sandbox", "--data-dir=" + l.Path("etcd"), "--unsafe-no-fsync", "--log-level=warn",
		"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=sandbox=" + peer,
		"--cert-file=" + cert, "--key-file=" + key, "--trusted-ca-file=" + ca, "--client-cert-auth",
		"--peer-cert-file=" + cert, "--peer-key-file=" + key, "--peer-trusted-ca-file=" + ca, "--peer-client-cert-auth",
	}
}

// apiServerArgs: it listens on loopback and gives pods the bridge's address, where `sandbox
// front` passes their connections on.
func apiServerArgs(l *ledger.Ledger, kube string) []string {
	pki := func(name string) string { return l.Path("pki", name) }
	return []string{kube, "kube-apiserver",
		fmt.Sprintf("--etcd-servers=https://127.0.0.1:%d", l.Ports["etcd"]),
		"--etcd-cafile=" + pki("ca.crt"), "--etcd-certfile=" + pki("etcd.crt"), "--etcd-keyfile=" + pki("etcd.key"),
		"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", l.Ports["apiServer"]),
		"--advertise-address=" + advertised(l), "--service-cluster-ip-range=" + l.Network.ServiceCIDR,
		"--cert-dir=" + l.Path("pki"),
		"--tls-cert-file=" + pki("apiserver.crt"), "--tls-private-key-file=" + pki("apiserver.key"),
		"--client-ca-file=" + pki("ca.crt"), "--token-auth-file=" + pki("tokens.csv"), "--anonymous-auth=false",
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
		"--kubelet-certificate-authority=" + pki("ca.crt"),
		"--kubelet-client-certificate=" + pki("apiserver-kubelet.crt"), "--kubelet-client-key=" + pki("apiserver-kubelet.key"),
		"--kubelet-preferred-address-types=InternalIP",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + pki("service-accounts.crt"), "--service-account-signing-key-file=" + pki("service-accounts.key"),
		"--allow-privileged=true", "--profiling=false", "--event-ttl=2h",
	}
}

func advertised(l *ledger.Ledger) string { return l.Network.Gateway }

func controllersArgs(l *ledger.Ledger, kube string) []string {
	return []string{kube, "kube-controller-manager",
		"--kubeconfig=" + l.Path("pki", "controllers.kubeconfig"), "--use-service-account-credentials",
		"--secure-port=0", "--leader-elect=false", "--profiling=false",
		"--root-ca-file=" + l.Path("pki", "ca.crt"),
		"--cluster-signing-cert-file=" + l.Path("pki", "ca.crt"), "--cluster-signing-key-file=" + l.Path("pki", "ca.key"),
		"--service-account-private-key-file=" + l.Path("pki", "service-accounts.key"),
		"--kube-api-qps=500", "--kube-api-burst=1000", "--node-monitor-period=2s",
		"--flex-volume-plugin-dir=" + l.Path("kubelet", "volume-plugins"),
	}
}

func schedulerArgs(l *ledger.Ledger, kube string) []string {
	return []string{kube, "kube-scheduler",
		"--kubeconfig=" + l.Path("pki", "scheduler.kubeconfig"),
		"--secure-port=0", "--leader-elect=false", "--profiling=false",
	}
}
