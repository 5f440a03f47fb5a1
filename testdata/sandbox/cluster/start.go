package cluster

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/clawql/clawql-workbench/testdata/sandbox/image"
	"github.com/clawql/clawql-workbench/testdata/sandbox/ledger"
	"github.com/clawql/clawql-workbench/testdata/sandbox/node"
)

// lazyGC lets a daemon's heap grow further before it is collected: a control plane's first ten
// seconds are a fifth garbage collection otherwise.
var lazyGC = []string{"GOGC=200"}

// run starts a daemon under the keeper.
func (u *Up) run(ctx context.Context, name string, args []string) error {
	return u.keeper.Start(ctx, name, lazyGC, args...)
}

// controlPlane starts etcd and the API server, waits for them, and starts what speaks to them.
func (u *Up) controlPlane(ctx context.Context) error {
	l, kube := u.ledger, u.Programs.Kube
	if err := u.run(ctx, "etcd", etcdArgs(l, kube)); err != nil {
		return err
	}
	if err := u.run(ctx, "kube-apiserver", apiServerArgs(l, kube)); err != nil {
		return err
	}
	clients, err := Connect(l)
	if err != nil {
		return err
	}
	if err := u.await(ctx, "kube-apiserver", clients.Ready); err != nil {
		return err
	}
	u.Progress.Done("control plane", "%s on etcd, %s", kubernetesVersion, apiServer(l))
	if err := u.run(ctx, "kube-controller-manager", controllersArgs(l, kube)); err != nil {
		return err
	}
	if err := u.run(ctx, "kube-scheduler", schedulerArgs(l, kube)); err != nil {
		return err
	}
	if u.Mode != Real {
		return nil // no pod will come to the door
	}
	return u.run(ctx, "front", frontArgs(l, u.Programs.Sandbox))
}

// registry starts the registry and waits until it answers.
func (u *Up) registry(ctx context.Context) error {
	l := u.ledger
	if err := u.run(ctx, "registry", []string{u.Programs.Sandbox, "registry-run", "--listen", Registry(l), "--dir", l.Path("registry")}); err != nil {
		return err
	}
	if err := u.await(ctx, "registry", func(ctx context.Context) error { return answers(ctx, "http://"+Registry(l)+"/v2/") }); err != nil {
		return err
	}
	u.Progress.Done("registry", "%s", Registry(l))
	return nil
}

// images starts registry and containerd, and pushes the image that every pod needs.
func (u *Up) images(ctx context.Context) error {
	if err := u.registry(ctx); err != nil {
		return err
	}
	built, err := image.Build(image.Recipe{Binary: u.Programs.Pause, Entrypoint: "/pause"})
	if err != nil {
		return err
	}
	if u.pause, err = image.Push(ctx, built, Registry(u.ledger), "pause", "1"); err != nil {
		return err
	}
	spec := nodeSpec(u.ledger, u.pause)
	if err := spec.Write(); err != nil {
		return err
	}
	return u.run(ctx, "containerd", spec.ContainerdArgs(u.Programs.Containerd))
}

// node starts the kubelet and waits until its node takes pods.
func (u *Up) node(ctx context.Context) error {
	l := u.ledger
	spec := nodeSpec(l, u.pause)
	if err := u.run(ctx, "kubelet", spec.KubeletArgs(u.Programs.Kube, l.Path("pki", "node.kubeconfig"))); err != nil {
		return err
	}
	clients, err := Connect(l)
	if err != nil {
		return err
	}
	if err := u.await(ctx, "kubelet", func(ctx context.Context) error { return clients.nodeReady(ctx, spec.Name) }); err != nil {
		return err
	}
	if err := u.await(ctx, "kube-controller-manager", clients.accountsMade); err != nil {
		return err
	}
	u.Progress.Done("node", "%s ready, claims %d CPUs and %d GiB", spec.Name, node.ClaimCPUs, node.ClaimMemoryGiB)
	return nil
}

// gateway installs the Gateway API, makes the Gateway and starts the data plane behind it.
func (u *Up) gateway(ctx context.Context) error {
	clients, err := Connect(u.ledger)
	if err != nil {
		return err
	}
	if err := clients.installGatewayAPI(ctx); err != nil {
		return err
	}
	if err := u.foresee(ctx, clients); err != nil {
		return err
	}
	if err := u.run(ctx, "dataplane", dataplaneArgs(u.ledger, u.Programs.Sandbox)); err != nil {
		return err
	}
	if err := clients.makeGateway(ctx, u.ledger.Ports["gateway"]); err != nil {
		return err
	}
	if err := u.await(ctx, "dataplane", clients.gatewayProgrammed); err != nil {
		return err
	}
	u.Progress.Done("gateway", "class %s on %s", gatewayClass, GatewayURL(u.ledger))
	return nil
}

// await waits for what a daemon is to bring about, and gives up at once when it has ended.
func (u *Up) await(ctx context.Context, daemon string, ask func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	err := await(ctx, daemon, func(ctx context.Context) error {
		answer := ask(ctx)
		if answer != nil && u.ended(ctx, daemon) {
			cancel(fmt.Errorf("%s has ended; see %s", daemon, u.ledger.Path("logs", daemon+".log")))
		}
		return answer
	})
	if cause := context.Cause(ctx); err != nil && cause != nil && cause != ctx.Err() {
		return cause
	}
	return err
}

func (u *Up) ended(ctx context.Context, name string) bool {
	daemons, err := u.keeper.List(ctx)
	for _, d := range daemons {
		if d.Name == name {
			return !d.Running
		}
	}
	return err == nil
}

// lastWords quotes the ends of the logs of the daemons that have ended, since the folder goes.
func (u *Up) lastWords() string {
	ctx, cancel := context.WithTimeout(context.Background(), downLimit)
	defer cancel()
	daemons, _ := u.keeper.List(ctx)
	var words strings.Builder
	for _, d := range daemons {
		if d.Running {
			continue
		}
		fmt.Fprintf(&words, "\n%s (%s) ended with:\n%s", d.Name, d.Exit, tail(u.ledger.Path("logs", d.Name+".log"), 5))
	}
	return words.String()
}

func answers(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", filepath.Base(url), response.Status)
	}
	return nil
}

func frontArgs(l *ledger.Ledger, sandbox string) []string {
	port := l.Ports["apiServer"]
	return []string{sandbox, "front-run",
		"--listen", fmt.Sprintf("%s:%d", l.Network.Gateway, port), "--listen", l.Network.ServiceIP + ":443",
		"--to", fmt.Sprintf("127.0.0.1:%d", port)}
}

func dataplaneArgs(l *ledger.Ledger, sandbox string) []string {
	return []string{sandbox, "dataplane", "--kubeconfig", Kubeconfig(l),
		"--class", gatewayClass, "--admin", fmt.Sprintf("127.0.0.1:%d", l.Ports["admin"])}
}
