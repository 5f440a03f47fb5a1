package cluster

import (
	"context"
	"fmt"

	"github.com/clawql/clawql-workbench/testdata/sandbox/ledger"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// Clients speak to a sandbox's API server as its administrator.
type Clients struct {
	Kube    kubernetes.Interface
	Dynamic dynamic.Interface
	Server  string // the API server's address
}

// Connect reads the sandbox's kubeconfig; nothing is sent yet.
func Connect(l *ledger.Ledger) (*Clients, error) {
	config, err := clientcmd.BuildConfigFromFlags("", Kubeconfig(l))
	if err != nil {
		return nil, fmt.Errorf("reading the sandbox's kubeconfig: %w", err)
	}
	config.QPS, config.Burst = 200, 400
	kube, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the sandbox: %w", err)
	}
	dynamic, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the sandbox: %w", err)
	}
	return &Clients{Kube: kube, Dynamic: dynamic, Server: config.Host}, nil
}

// Kubeconfig is the administrator's file.
func Kubeconfig(l *ledger.Ledger) string { return l.Path("kubeconfig") }

// Ready is nil when the API server says that it serves.
func (c *Clients) Ready(ctx context.Context) error {
	return c.Kube.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
}

// nodeReady is nil when the node takes pods.
func (c *Clients) nodeReady(ctx context.Context, name string) error {
	node, err := c.Kube.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status != corev1.ConditionTrue {
			return fmt.Errorf("node %s is not ready: %s", name, condition.Message)
		}
	}
	if len(node.Status.Conditions) == 0 || len(node.Spec.Taints) > 0 {
		return fmt.Errorf("node %s does not take pods yet", name)
	}
	return nil
}

// accountsMade is nil when the controllers have made the default service account, without which
// no pod can be created.
func (c *Clients) accountsMade(ctx context.Context) error {
	_, err := c.Kube.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
	return err
}
