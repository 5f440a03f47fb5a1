package driftstore

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// callTimeout bounds one request.
const callTimeout = 15 * time.Second

// Cluster is a connection by one context of the kubeconfig.
type Cluster struct {
	Context string
	Server  string // URL of the API server
	dynamic dynamic.Interface
}

// Open reads the kubeconfig ("": as kubectl finds it). A context that it does
// not have is fault.Usage.
func Open(kubeconfig, context string) (*Cluster, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: context})
	raw, err := loader.RawConfig()
	if err != nil {
		return nil, fault.Usage("read kubeconfig: %w", fault.Unquoted(err)).Hint("KUBECONFIG names the file; see `kubectl config view`")
	}
	if _, known := raw.Contexts[context]; !known {
		return nil, fault.Usage("kube context %q is not in the kubeconfig", context).Hint("kubectl config get-contexts")
	}
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, fault.Usage("kubeconfig of context %q: %w", context, fault.Unquoted(err))
	}
	config.UserAgent, config.QPS, config.WarningHandler = FieldManager, -1, rest.NoWarnings{}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fault.Usage("kubeconfig of context %q: %w", context, fault.Unquoted(err))
	}
	return &Cluster{context, config.Host, client}, nil
}

// resources are the kinds that the schedule is made of.
var resources = map[string]schema.GroupVersionResource{
	"Namespace":          {Version: "v1", Resource: "namespaces"},
	"ServiceAccount":     {Version: "v1", Resource: "serviceaccounts"},
	"ConfigMap":          {Version: "v1", Resource: "configmaps"},
	"Secret":             {Version: "v1", Resource: "secrets"},
	"Service":            {Version: "v1", Resource: "services"},
	"ClusterRole":        {Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles"},
	"ClusterRoleBinding": {Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterrolebindings"},
	"Role":               {Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "roles"},
	"RoleBinding":        {Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "rolebindings"},
	"NetworkPolicy":      {Group: "networking.k8s.io", Version: "v1", Resource: "networkpolicies"},
	"CronJob":            {Group: "batch", Version: "v1", Resource: "cronjobs"},
	"EndpointSlice":      {Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"},
}

func (c *Cluster) client(kind, namespace string) (dynamic.ResourceInterface, error) {
	resource, known := resources[kind]
	if !known {
		return nil, fault.Unable("kind %s is no part of a schedule", kind)
	}
	if namespace == "" {
		return c.dynamic.Resource(resource), nil
	}
	return c.dynamic.Resource(resource).Namespace(namespace), nil
}

// Get reads an object; nil without an error where there is none.
func (c *Cluster) Get(ctx context.Context, kind, namespace, name string) (*unstructured.Unstructured, error) {
	client, err := c.client(kind, namespace)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	object, err := client.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return object, c.explain("read "+kind+" "+name, err)
}

// List reads the objects of a namespace that carry the label.
func (c *Cluster) List(ctx context.Context, kind, namespace, label string) ([]unstructured.Unstructured, error) {
	client, err := c.client(kind, namespace)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	list, err := client.List(ctx, metav1.ListOptions{LabelSelector: label})
	if err != nil {
		return nil, c.explain("list "+resources[kind].Resource, err)
	}
	return list.Items, nil
}

// Apply writes an object by server-side apply. A field that somebody else owns
// is theirs: the conflict is an error.
func (c *Cluster) Apply(ctx context.Context, object *unstructured.Unstructured) error {
	client, err := c.client(object.GetKind(), object.GetNamespace())
	if err != nil {
		return err
	}
	body, err := json.Marshal(object)
	if err != nil {
		return fault.Unable("write %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err = client.Patch(ctx, object.GetName(), types.ApplyPatchType, body, metav1.PatchOptions{FieldManager: FieldManager, FieldValidation: metav1.FieldValidationStrict})
	return c.explain("apply "+object.GetKind()+" "+object.GetName(), err)
}

// Delete removes an object and what it made; gone already is fine.
func (c *Cluster) Delete(ctx context.Context, kind, namespace, name string) error {
	client, err := c.client(kind, namespace)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	background := metav1.DeletePropagationBackground
	err = client.Delete(ctx, name, metav1.DeleteOptions{PropagationPolicy: &background})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return c.explain("delete "+kind+" "+name, err)
}

// explain says what was attempted, and where; nil stays nil.
func (c *Cluster) explain(attempt string, err error) error {
	if err == nil {
		return nil
	}
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	failure := fault.Unable("%s: context %q, %s: %w", attempt, c.Context, c.Server, err)
	if apierrors.IsForbidden(err) {
		return failure.Hint("`kubectl clawql drift schedule` gives a scheduled run its rights; a person needs get and update of ConfigMap %s", HistoryName)
	}
	return failure
}
