// Package node writes what one real Kubernetes node needs: containerd, a bridge CNI, kubelet.
// All of it lies below the sandbox's folder, and all of it runs inside package nest's keeper.
package node

import (
	"fmt"
	"os"
	"path/filepath"
	"text/template"
)

// Size that the node claims, whatever the machine has; see kube/capacity.go.
const (
	ClaimCPUs      = 32
	ClaimMemoryGiB = 64
)

// PluginDir is where Debian's containernetworking-plugins puts the CNI programs.
const PluginDir = "/usr/lib/cni"

// A Spec says all that differs from node to node.
type Spec struct {
	Dir        string // the sandbox's folder, absolute
	Name       string // the node's name
	Bridge     string // the name of its network link, at most 15 letters
	PodCIDR    string // 10.1.2.0/24
	Gateway    string // the bridge's address in it, on which the kubelet listens
	Port       int    // the kubelet's
	PauseImage string // reference by digest
	CgroupRoot string // cgroup below which all pods are, "/clawql-sandbox-demo"
	ClientCA   string // file: who may speak to the kubelet
	Cert, Key  string // files: the kubelet's serving certificate
}

// ContainerdSocket is the path of the CRI socket.
func (s Spec) ContainerdSocket() string { return filepath.Join(s.Dir, "containerd.sock") }

// Path joins the sandbox's folder and the elements.
func (s Spec) Path(elem ...string) string {
	return filepath.Join(append([]string{s.Dir}, elem...)...)
}

// Write puts all configuration files in place.
func (s Spec) Write() error {
	for file, text := range map[string]string{
		s.Path("node", "containerd.toml"):           containerdConfig,
		s.Path("node", "kubelet.yaml"):              kubeletConfig,
		s.Path("node", "cni", "10-bridge.conflist"): cniConfig,
		s.Path("node", "resolv.conf"):               "# no DNS in the sandbox\n",
	} {
		if err := s.write(file, text); err != nil {
			return err
		}
	}
	return nil
}

func (s Spec) write(file, text string) error {
	t, err := template.New(filepath.Base(file)).Option("missingkey=error").Parse(text)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("making a folder of the node: %w", err)
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("writing the node's configuration: %w", err)
	}
	defer f.Close()
	if err := t.Execute(f, s); err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	return nil
}

// ContainerdArgs is containerd's command line.
func (s Spec) ContainerdArgs(program string) []string {
	return []string{program, "--config", s.Path("node", "containerd.toml")}
}

// KubeletArgs is the command line of kube's kubelet.
func (s Spec) KubeletArgs(kube, kubeconfig string) []string {
	return []string{kube, "kubelet",
		"--config=" + s.Path("node", "kubelet.yaml"),
		"--kubeconfig=" + kubeconfig,
		"--root-dir=" + s.Path("kubelet"),
		"--cert-dir=" + s.Path("kubelet", "pki"),
		"--hostname-override=" + s.Name,
		"--node-ip=" + s.Gateway,
		fmt.Sprintf("--claim-cpus=%d", ClaimCPUs),
		fmt.Sprintf("--claim-memory-gib=%d", ClaimMemoryGiB),
	}
}
