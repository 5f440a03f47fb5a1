package cluster

import (
	"os"
	"runtime"
)

// How much of a sandbox is real.
const (
	Real      = "real"      // pods run, in containerd, on this machine
	Simulated = "simulated" // the control plane is real, the node is kwok's: pods only seem to run
	External  = "external"  // somebody else's cluster, the one of KUBECONFIG
)

// ChooseMode says what can be had here, and why not more.
func ChooseMode() (mode, reason string) {
	lack := ""
	switch {
	case runtime.GOOS != "linux":
		lack = "a real node needs Linux, and this is " + runtime.GOOS
	case os.Geteuid() != 0:
		lack = "a real node needs root"
	}
	switch config := os.Getenv("KUBECONFIG"); {
	case lack == "":
		return Real, "root on Linux, with containerd and runc"
	case config != "":
		return External, lack + "; this is the cluster of KUBECONFIG=" + config
	}
	return Simulated, lack + ", and KUBECONFIG names no other cluster; the nodes are kwok's and pods only seem to run"
}

// simulations says what of a sandbox is not as in production; `up` and `status` print it.
func simulations(mode string) []string {
	common := []string{
		"the Gateway API data plane is the sandbox's own small one",
		"the gateway image is a stand-in that speaks MCP by the official Go SDK",
	}
	switch mode {
	case Simulated:
		return append([]string{
			"pods do not run: kwok writes their status, their IPs lead nowhere, they have no logs",
			"requests to the gateway find no pod that answers, so no canary can be judged",
		}, common...)
	case External:
		return append([]string{
			"the cluster is not the sandbox's: images are pulled from this machine's loopback only if its nodes can",
			"the data plane reaches pods only if this machine reaches their IPs",
		}, common...)
	}
	return append([]string{
		"the node claims 32 CPUs and 64 GiB, whatever the machine has",
		"NetworkPolicy objects are accepted but not enforced (plain bridge CNI)",
		"no kube-proxy and no DNS: of the Services' own addresses only the API server's answers",
	}, common...)
}
