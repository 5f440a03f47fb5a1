package cluster

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/clawql/clawql-workbench/testdata/sandbox/ledger"
	"github.com/clawql/clawql-workbench/testdata/sandbox/nest"
)

// A Status is what `sandbox status -o json` prints.
type Status struct {
	Name              string         `json:"name"`
	Dir               string         `json:"dir"`
	Mode              string         `json:"mode"` // real, simulated or external
	ModeReason        string         `json:"modeReason"`
	Ready             bool           `json:"ready"` // up has finished and all daemons run
	Kubeconfig        string         `json:"kubeconfig"`
	Context           string         `json:"context"`
	APIServer         string         `json:"apiServer"`
	KubernetesVersion string         `json:"kubernetesVersion"`
	Registry          string         `json:"registry"`
	Gateway           GatewayStatus  `json:"gateway"`
	Bridge            string         `json:"bridge"`
	PodCIDR           string         `json:"podCIDR"`
	Pids              map[string]int `json:"pids"` // as the host counts; running daemons only
	Ended             []string       `json:"ended,omitempty"`
	Simulated         []string       `json:"simulated"`
}

// GatewayStatus says where the data plane listens and which objects it serves.
type GatewayStatus struct {
	URL       string `json:"url"`
	Admin     string `json:"admin"`
	Class     string `json:"class"`
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
}

// Describe looks at a sandbox.
func Describe(ctx context.Context, l *ledger.Ledger) (*Status, error) {
	s := &Status{
		Name: l.Name, Dir: l.Dir, Mode: l.Mode, ModeReason: l.ModeReason, Kubeconfig: Kubeconfig(l),
		Context: contextName(l), APIServer: apiServer(l), Registry: Registry(l), Bridge: l.Bridge,
		PodCIDR: l.Network.PodCIDR, Pids: map[string]int{}, Simulated: simulations(l.Mode),
		Gateway: GatewayStatus{URL: GatewayURL(l), Admin: AdminURL(l), Class: gatewayClass, Name: gatewayName, Namespace: gatewayNamespace},
	}
	s.Ready = l.Ready && l.Keeper.Alive()
	if !l.Keeper.Alive() {
		return s, nil
	}
	s.daemons(ctx, l)
	if clients, err := Connect(l); err == nil {
		s.APIServer = clients.Server
		if version, err := clients.Kube.Discovery().ServerVersion(); err == nil {
			s.KubernetesVersion = version.GitVersion
		}
	}
	return s, nil
}

// daemons fills in who runs and who has ended. Traffic may come and go.
func (s *Status) daemons(ctx context.Context, l *ledger.Ledger) {
	s.Pids["keeper"] = l.Keeper.PID
	daemons, err := nest.Client{Dir: l.Dir}.List(ctx)
	if err != nil {
		s.Ready = false
		return
	}
	outside := map[int]int{}
	if l.Mode == Real {
		outside = hostPIDs(l.Keeper.PID)
	}
	for _, d := range daemons {
		if d.Running {
			s.Pids[d.Name] = cmp.Or(outside[d.PID], d.PID)
			continue
		}
		s.Ended = append(s.Ended, d.Name)
		s.Ready = s.Ready && d.Name == trafficName
	}
}

// hostPIDs maps process ids of the keeper's namespace to the host's.
func hostPIDs(keeper int) map[int]int {
	inside, err := os.Readlink("/proc/" + strconv.Itoa(keeper) + "/ns/pid")
	if err != nil {
		return nil
	}
	found := map[int]int{}
	links, _ := filepath.Glob("/proc/[0-9]*/ns/pid")
	for _, link := range links {
		if target, err := os.Readlink(link); err != nil || target != inside {
			continue
		}
		pid, _ := strconv.Atoi(strings.Split(link, "/")[2])
		if inner := innerPID(pid); inner > 0 {
			found[inner] = pid
		}
	}
	return found
}

// innerPID is the last number of the line NSpid of /proc/PID/status; 0 when it has gone.
func innerPID(pid int) int {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(data), "\n") {
		if rest, ok := strings.CutPrefix(line, "NSpid:"); ok {
			fields := strings.Fields(rest)
			inner, _ := strconv.Atoi(fields[len(fields)-1])
			return inner
		}
	}
	return 0
}
