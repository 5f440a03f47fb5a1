// Package cluster is the workbench's one way to a Kubernetes API server:
// connecting, server-side apply, the deploy lock, the records, the route's
// weights, rollouts, and the pods' logs and ports.
package cluster

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// FieldManager owns what the deploy command applies.
const FieldManager = "clawql-deploy"

// callTimeout bounds one request that is no stream.
const callTimeout = 15 * time.Second

// Getter is what cli-runtime's ConfigFlags offer.
type Getter interface {
	ToRESTConfig() (*rest.Config, error)
	ToRESTMapper() (meta.RESTMapper, error)
	ToRawKubeConfigLoader() clientcmd.ClientConfig
}

// Cluster is a connection to one namespace of one cluster.
type Cluster struct {
	Context   string // kubeconfig context
	Server    string // URL of the API server
	Namespace string
	Version   string // of the API server, such as v1.35.4

	config  *rest.Config
	typed   kubernetes.Interface
	dynamic dynamic.Interface
	mapper  meta.RESTMapper
}

// Wanted is what the environment says about its cluster.
type Wanted struct {
	Context   string
	ClusterID string // uid of namespace kube-system; empty: not checked
	Namespace string
}

// Connect opens the cluster of the effective context and refuses any other
// than the wanted one: fault.Usage for a context or cluster that does not
// match, fault.Unable for a server that does not answer.
func Connect(ctx context.Context, getter Getter, explicitContext string, want Wanted) (*Cluster, error) {
	current, err := EffectiveContext(getter, explicitContext)
	if err != nil {
		return nil, err
	}
	if current == "" {
		return nil, fault.Usage("no kube context is chosen; this environment is deployed to context %q", want.Context).
			Hint("KUBECONFIG names the file that has it; then: kubectl config use-context %s", want.Context).
			Hint("nothing was applied")
	}
	if current != want.Context {
		return nil, fault.Usage("kube context is %q, but this environment is deployed to context %q", current, want.Context).
			Hint("kubectl config use-context %s", want.Context).
			Hint("nothing was applied")
	}
	c, err := open(getter, want)
	if err != nil {
		return nil, err
	}
	return c, c.greet(ctx, want)
}

// EffectiveContext is the explicit context, else the kubeconfig's current one;
// one that the kubeconfig does not have is fault.Usage.
func EffectiveContext(getter Getter, explicit string) (string, error) {
	raw, err := getter.ToRawKubeConfigLoader().RawConfig()
	if err != nil {
		return "", fault.Usage("reading kubeconfig: %w", fault.Unquoted(err)).Hint("KUBECONFIG names the file; see `kubectl config view`")
	}
	name := raw.CurrentContext
	if explicit != "" {
		name = explicit
	}
	if _, known := raw.Contexts[name]; !known && name != "" {
		return "", fault.Usage("kube context %q is not in the kubeconfig", name).Hint("kubectl config get-contexts")
	}
	return name, nil
}

func open(getter Getter, want Wanted) (*Cluster, error) {
	config, err := getter.ToRESTConfig()
	if err != nil {
		return nil, fault.Usage("reading kubeconfig for context %q: %w", want.Context, fault.Unquoted(err))
	}
	config.UserAgent = "clawql-deploy"
	config.QPS, config.Burst = 100, 200
	config.WarningHandler = rest.NoWarnings{}
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fault.Usage("kubeconfig of context %q: %w", want.Context, fault.Unquoted(err))
	}
	dyn, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fault.Usage("kubeconfig of context %q: %w", want.Context, fault.Unquoted(err))
	}
	return &Cluster{Context: want.Context, Server: config.Host, Namespace: want.Namespace, config: config, typed: typed, dynamic: dyn}, nil
}

// greet asks the server for its version and, where wanted, its identity.
func (c *Cluster) greet(ctx context.Context, want Wanted) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	answer, err := c.typed.Discovery().RESTClient().Get().AbsPath("/version").Do(ctx).Raw()
	if err != nil {
		return c.Explain("asking the API server for its version", err)
	}
	c.Version = versionOf(answer)
	if want.ClusterID == "" {
		return nil
	}
	id, err := c.ID(ctx)
	if err != nil {
		return err
	}
	if id != want.ClusterID {
		return fault.Usage("context %q leads to cluster %s, but clawql.yaml names cluster %s", c.Context, id, want.ClusterID).
			Hint("a context's name is only local: check `kubectl --context %s cluster-info`", c.Context)
	}
	return nil
}

// ID is the cluster's identity: the uid of its namespace kube-system.
func (c *Cluster) ID(ctx context.Context) (string, error) {
	ns, err := c.typed.CoreV1().Namespaces().Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	if err != nil {
		return "", c.Explain("reading the cluster's identity", err)
	}
	return string(ns.UID), nil
}

// Explain turns an API error into one that says what was attempted and what
// to do. nil stays nil.
func (c *Cluster) Explain(attempt string, err error) error {
	var known *fault.Error
	var network *url.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known), errors.Is(err, context.Canceled):
		return err
	case apierrors.IsUnauthorized(err):
		return fault.Unable("%s: the API server %s does not know these credentials", attempt, c.Server).Hint("renew them, then `kubectl --context %s auth whoami`", c.Context)
	case apierrors.IsForbidden(err):
		return fault.Unable("%s: %w", attempt, err).Hint("`kubectl clawql deploy rbac` prints the rights that a deploy needs")
	case errors.As(err, &network), errors.Is(err, context.DeadlineExceeded):
		return fault.Unable("%s: the API server %s does not answer: %w", attempt, c.Server, away{rootCause(err)}).Hint("kubectl --context %s cluster-info", c.Context)
	}
	return fault.Unable("%s: %w", attempt, err)
}

func rootCause(err error) error {
	var network *url.Error
	if errors.As(err, &network) {
		return network.Err
	}
	return err
}
