package cluster

import (
	"context"
	"embed"
	"fmt"
	"os"

	"github.com/clawql/clawql-workbench/testdata/sandbox/node"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// stages say what kwok lets nodes and pods go through: those of sigs.k8s.io/kwok v0.8.0,
// kustomize/stage/{node/fast,node/heartbeat-with-lease,pod/fast}, unchanged.
//
//go:embed stages/*.yaml
var stages embed.FS

// writeStages joins the stages to one file.
func (u *Up) writeStages() error {
	files, err := stages.ReadDir("stages")
	if err != nil {
		return err
	}
	var all []byte
	for _, file := range files {
		data, err := stages.ReadFile("stages/" + file.Name())
		if err != nil {
			return err
		}
		all = append(append(all, "---\n"...), data...)
	}
	if err := os.WriteFile(u.stages(), all, 0o600); err != nil {
		return fmt.Errorf("writing kwok's stages: %w", err)
	}
	return nil
}

func (u *Up) stages() string { return u.ledger.Path("stages.yaml") }

// simulatedNode makes a Node object and lets kwok play its kubelet.
func (u *Up) simulatedNode(ctx context.Context) error {
	clients, err := Connect(u.ledger)
	if err != nil {
		return err
	}
	name := nodeName(u.ledger)
	if err := u.writeStages(); err != nil {
		return err
	}
	if err := u.run(ctx, "kwok", []string{u.Programs.Kwok, "--kubeconfig", Kubeconfig(u.ledger), "--config", u.stages(),
		"--manage-single-node", name, "--node-ip", u.ledger.Network.Gateway, "--cidr", u.ledger.Network.PodCIDR}); err != nil {
		return err
	}
	size := corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewQuantity(node.ClaimCPUs, resource.DecimalSI),
		corev1.ResourceMemory: resource.MustParse(fmt.Sprintf("%dGi", node.ClaimMemoryGiB)),
		corev1.ResourcePods:   resource.MustParse("110"),
	}
	object := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"kubernetes.io/hostname": name, "type": "kwok"}},
		Status:     corev1.NodeStatus{Capacity: size, Allocatable: size},
	}
	if _, err := clients.Kube.CoreV1().Nodes().Create(ctx, object, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("making the simulated node: %w", err)
	}
	if err := u.await(ctx, "kwok", func(ctx context.Context) error { return clients.nodeReady(ctx, name) }); err != nil {
		return err
	}
	if err := u.await(ctx, "kube-controller-manager", clients.accountsMade); err != nil {
		return err
	}
	u.Progress.Done("node", "%s, SIMULATED by kwok", name)
	return nil
}
