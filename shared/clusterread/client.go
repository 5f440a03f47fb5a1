package clusterread

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/clawql/clawql-workbench/shared/fault"
)

var namespaces = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}

// client is a connection of one context.
type client struct {
	context   string
	server    string
	dynamic   dynamic.Interface
	discovery discovery.DiscoveryInterface
	patience  time.Duration
}

func open(s Source) (*client, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = s.Kubeconfig
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: s.Context})
	raw, err := loader.RawConfig()
	if err != nil {
		return nil, fault.Usage("read kubeconfig: %w", fault.Unquoted(err)).Hint("KUBECONFIG names the file; see `kubectl config view`")
	}
	name := s.Context
	if name == "" {
		name = raw.CurrentContext
	}
	if _, known := raw.Contexts[name]; !known {
		return nil, fault.Usage("kube context %q is not in the kubeconfig", name).Hint("kubectl config get-contexts")
	}
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, fault.Usage("kubeconfig of context %q: %w", name, fault.Unquoted(err))
	}
	config.UserAgent, config.QPS, config.WarningHandler = "clawql-drift", -1, rest.NoWarnings{}
	c := &client{context: name, server: config.Host, patience: s.Timeout}
	if c.patience <= 0 {
		c.patience = Patience
	}
	config.Timeout = c.patience
	if c.dynamic, err = dynamic.NewForConfig(config); err == nil {
		c.discovery, err = discovery.NewDiscoveryClientForConfig(config)
	}
	if err != nil {
		return nil, fault.Usage("kubeconfig of context %q: %w", name, fault.Unquoted(err))
	}
	return c, nil
}

func (c *client) version(ctx context.Context) (string, error) {
	raw, err := patiently(ctx, c, func(ctx context.Context) ([]byte, error) {
		return c.discovery.RESTClient().Get().AbsPath("/version").Do(ctx).Raw()
	})
	if err != nil {
		return "", c.explain("reach the API server", err)
	}
	_, rest, _ := strings.Cut(string(raw), `"gitVersion": "`)
	version, _, _ := strings.Cut(rest, `"`)
	return version, nil
}

// explain says what was attempted, and where; a URL in an error of net/http is
// shortened to what went wrong.
func (c *client) explain(attempt string, err error) error {
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if apierrors.IsUnauthorized(err) {
		return fault.Unable("%s: context %q: the server does not know who asks: %w", attempt, c.context, err).Hint("log in again")
	}
	return fault.Unable("%s: context %q, %s: %w", attempt, c.context, c.server, err)
}

// resource is a kind that can be listed.
type resource struct {
	schema.GroupVersionResource
	namespaced bool
}

// noise are resources that change by themselves and decide nothing.
var noise = []schema.GroupResource{
	{Resource: "events"}, {Group: "events.k8s.io", Resource: "events"}, {Group: "coordination.k8s.io", Resource: "leases"},
	{Group: "coordination.k8s.io", Resource: "leasecandidates"}, {Group: "apps", Resource: "controllerrevisions"},
	{Resource: "componentstatuses"}, {Resource: "bindings"}, {Resource: "podtemplates"},
}

// noiseGroups are served from what was measured, or are bookkeeping.
var noiseGroups = []string{"metrics.k8s.io", "custom.metrics.k8s.io", "external.metrics.k8s.io", "authentication.k8s.io", "authorization.k8s.io", "wgpolicyk8s.io", "reports.kyverno.io", "internal.apiserver.k8s.io"}

// deciding are the groups whose objects without a namespace say who may do
// what, or what is admitted.
var deciding = []string{"rbac.authorization.k8s.io", "admissionregistration.k8s.io", "kyverno.io", "policies.kyverno.io", "templates.gatekeeper.sh", "constraints.gatekeeper.sh", "policy.networking.k8s.io", "cilium.io", "projectcalico.org", "crd.projectcalico.org", "security.istio.io", "mutations.gatekeeper.sh"}

// decidingKinds are those of other groups: who answers for a part of the API,
// what a pod may be, where secrets and certificates come from.
var decidingKinds = []schema.GroupResource{
	{Group: "apiregistration.k8s.io", Resource: "apiservices"}, {Group: "security.openshift.io", Resource: "securitycontextconstraints"},
	{Group: "external-secrets.io", Resource: "clustersecretstores"}, {Group: "external-secrets.io", Resource: "clusterexternalsecrets"},
	{Group: "cert-manager.io", Resource: "clusterissuers"}, {Group: "node.k8s.io", Resource: "runtimeclasses"}, {Group: "scheduling.k8s.io", Resource: "priorityclasses"},
}

// resources asks the server what there is to list, in the version that it
// prefers. A group that does not answer is a problem, and the rest still counts.
func (c *client) resources(ctx context.Context) (list []resource, problems []string, err error) {
	groups, err := patiently(ctx, c, func(context.Context) ([]*metav1.APIResourceList, error) {
		return c.discovery.ServerPreferredResources()
	})
	if failed, partly := discovery.GroupDiscoveryFailedErrorGroups(err); partly {
		for version := range failed {
			problems = append(problems, c.context+": API group "+version.String()+" does not answer")
		}
	} else if err != nil {
		return nil, nil, c.explain("ask what the API server serves", err)
	}
	for _, group := range groups {
		version, err := schema.ParseGroupVersion(group.GroupVersion)
		if err != nil {
			return nil, nil, c.explain("ask what the API server serves", err)
		}
		for _, one := range group.APIResources {
			if gvr := version.WithResource(one.Name); wanted(gvr, one) {
				list = append(list, resource{gvr, one.Namespaced})
			}
		}
	}
	return list, append(problems, c.lacking(list)...), nil
}

// everywhere are kinds that each API server of Kubernetes serves: one that does
// not name them has not said what it serves, and may hold any object.
var everywhere = []schema.GroupResource{
	{Resource: "configmaps"}, {Resource: "pods"}, {Resource: "secrets"}, {Resource: "serviceaccounts"}, {Resource: "services"}, {Group: "apps", Resource: "deployments"},
	{Group: "networking.k8s.io", Resource: "networkpolicies"}, {Group: "rbac.authorization.k8s.io", Resource: "clusterroles"}, {Group: "rbac.authorization.k8s.io", Resource: "clusterrolebindings"},
	{Group: "rbac.authorization.k8s.io", Resource: "roles"}, {Group: "rbac.authorization.k8s.io", Resource: "rolebindings"},
}

func (c *client) lacking(list []resource) (problems []string) {
	for _, kind := range everywhere {
		if !slices.ContainsFunc(list, func(r resource) bool { return r.GroupResource() == kind }) {
			problems = append(problems, c.context+": the server does not say that it serves "+kind.String())
		}
	}
	return problems
}

func wanted(gvr schema.GroupVersionResource, r metav1.APIResource) bool {
	switch {
	case !slices.Contains(r.Verbs, "list"), strings.Contains(r.Name, "/"),
		slices.Contains(noise, gvr.GroupResource()), slices.Contains(noiseGroups, gvr.Group):
		return false
	case r.Namespaced:
		return true
	}
	return slices.Contains(deciding, gvr.Group) || slices.Contains(decidingKinds, gvr.GroupResource())
}
