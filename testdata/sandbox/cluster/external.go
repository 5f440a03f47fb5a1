package cluster

import (
	"context"
	"fmt"

	"github.com/clawql/clawql-workbench/testdata/sandbox/ledger"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"
	api "k8s.io/client-go/tools/clientcmd/api"
)

// adopt copies the present context of KUBECONFIG into the sandbox's own kubeconfig, complete in
// itself and under the sandbox's name, and checks that the cluster answers.
func (u *Up) adopt(ctx context.Context) error {
	config, err := clientcmd.NewDefaultClientConfigLoadingRules().Load()
	if err != nil {
		return fmt.Errorf("reading KUBECONFIG: %w", err)
	}
	if err := api.MinifyConfig(config); err != nil {
		return fmt.Errorf("reading KUBECONFIG: %w", err)
	}
	if err := api.FlattenConfig(config); err != nil {
		return fmt.Errorf("reading KUBECONFIG: %w", err)
	}
	was := config.CurrentContext
	config.CurrentContext = contextName(u.ledger)
	config.Contexts = map[string]*api.Context{config.CurrentContext: config.Contexts[was]}
	if err := clientcmd.WriteToFile(*config, Kubeconfig(u.ledger)); err != nil {
		return fmt.Errorf("writing the sandbox's kubeconfig: %w", err)
	}
	clients, err := Connect(u.ledger)
	if err != nil {
		return err
	}
	version, err := clients.Kube.Discovery().ServerVersion()
	if err != nil {
		return fmt.Errorf("reaching the cluster of KUBECONFIG, context %s: %w", was, err)
	}
	u.Progress.Done("cluster", "%s, context %s of KUBECONFIG", version.GitVersion, was)
	return nil
}

// foresee writes down, before they are made, which of the sandbox's objects a cluster that is not
// its own does not have yet: only those will be taken out again.
func (u *Up) foresee(ctx context.Context, clients *Clients) error {
	if u.Mode != External {
		return nil
	}
	for _, object := range []string{"gateway", "gatewayclass", "namespace"} {
		switch err := clients.foreign(object).get(ctx); {
		case apierrors.IsNotFound(err):
			u.ledger.Objects = append(u.ledger.Objects, object)
		case err == nil && object == "gateway":
			return fmt.Errorf("the cluster of KUBECONFIG has a Gateway %s/%s already: another sandbox uses it", gatewayNamespace, gatewayName)
		case err != nil:
			return fmt.Errorf("looking for the %s in the cluster: %w", object, err)
		}
	}
	return u.ledger.Save()
}

// withdraw takes the sandbox's objects out of a cluster that is not its own. The Gateway API's
// CRDs stay: deleting them would delete everybody's routes.
func withdraw(ctx context.Context, l *ledger.Ledger) error {
	if l.Mode != External || len(l.Objects) == 0 {
		return nil
	}
	clients, err := Connect(l)
	if err != nil {
		return err
	}
	for _, object := range l.Objects {
		if err := clients.foreign(object).remove(ctx); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("removing the sandbox's %s from the cluster: %w", object, err)
		}
	}
	return nil
}

// A foreign object is one of the sandbox's in somebody else's cluster.
type foreign struct {
	client dynamic.ResourceInterface
	name   string
}

func (c *Clients) foreign(object string) foreign {
	switch object {
	case "gateway":
		return foreign{c.Dynamic.Resource(gatewayResource).Namespace(gatewayNamespace), gatewayName}
	case "gatewayclass":
		return foreign{c.Dynamic.Resource(classResource), gatewayClass}
	}
	return foreign{c.Dynamic.Resource(corev1.SchemeGroupVersion.WithResource("namespaces")), gatewayNamespace}
}

func (f foreign) get(ctx context.Context) error {
	_, err := f.client.Get(ctx, f.name, metav1.GetOptions{})
	return err
}

func (f foreign) remove(ctx context.Context) error {
	return f.client.Delete(ctx, f.name, metav1.DeleteOptions{})
}
