package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
)

// Ref names an object.
type Ref struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
}

// RefOf names obj.
func RefOf(obj *unstructured.Unstructured) Ref {
	return Ref{obj.GetAPIVersion(), obj.GetKind(), obj.GetNamespace(), obj.GetName()}
}

func (r Ref) String() string {
	if r.Namespace == "" {
		return r.Kind + "/" + r.Name
	}
	return r.Kind + "/" + r.Namespace + "/" + r.Name
}

func (r Ref) kind() schema.GroupVersionKind {
	return schema.FromAPIVersionAndKind(r.APIVersion, r.Kind)
}

// mapping is read from the server once a run; a CRD that is not installed is
// an error that names it.
func (c *Cluster) mapping(ref Ref) (dynamic.ResourceInterface, error) {
	mapping, err := c.restMapper().RESTMapping(ref.kind().GroupKind(), ref.kind().Version)
	if meta.IsNoMatchError(err) {
		missing := fault.Unable("the cluster has no kind %s (%s)", ref.Kind, ref.APIVersion)
		if ref.kind().Group == GatewayGroup {
			return nil, missing.Hint("install the Gateway API's CRDs: https://gateway-api.sigs.k8s.io/guides/#installing-gateway-api").
				Hint("the canary needs HTTPRoute to send 5 %% of new sessions to the new version; nothing was applied")
		}
		return nil, missing.Hint("install its CRD, or take %s out of the overlay", ref)
	}
	if err != nil {
		return nil, c.Explain("asking the API server for its kinds", err)
	}
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		return c.dynamic.Resource(mapping.Resource), nil
	}
	return c.dynamic.Resource(mapping.Resource).Namespace(ref.Namespace), nil
}

var mapperOnce sync.Mutex

func (c *Cluster) restMapper() meta.RESTMapper {
	mapperOnce.Lock()
	defer mapperOnce.Unlock()
	if c.mapper == nil {
		c.mapper = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(discovery.NewDiscoveryClientForConfigOrDie(c.config)))
	}
	return c.mapper
}

// Supports says whether the cluster serves the kind of ref; the error names
// what is missing.
func (c *Cluster) Supports(ref Ref) error {
	_, err := c.mapping(ref)
	return err
}

// Apply writes obj by server-side apply and gives what the server made of
// it. dryRun asks for the same without writing.
func (c *Cluster) Apply(ctx context.Context, obj *unstructured.Unstructured, dryRun bool) (*unstructured.Unstructured, error) {
	client, err := c.mapping(RefOf(obj))
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(obj)
	if err != nil {
		return nil, fmt.Errorf("encoding %s: %w", RefOf(obj), err)
	}
	force := true
	options := metav1.PatchOptions{FieldManager: FieldManager, Force: &force, FieldValidation: metav1.FieldValidationStrict}
	if dryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	var written *unstructured.Unstructured
	err = again(ctx, func() error {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		written, err = client.Patch(ctx, obj.GetName(), types.ApplyPatchType, body, options)
		return c.Explain("applying "+RefOf(obj).String(), err)
	})
	return written, err
}

// Get reads an object; nil without an error where there is none.
func (c *Cluster) Get(ctx context.Context, ref Ref) (*unstructured.Unstructured, error) {
	client, err := c.mapping(ref)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	obj, err := client.Get(ctx, ref.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return obj, c.Explain("reading "+ref.String(), err)
}

// Delete removes an object and what it owns; one that is gone already is fine.
func (c *Cluster) Delete(ctx context.Context, ref Ref) error {
	client, err := c.mapping(ref)
	if err != nil {
		return err
	}
	background := metav1.DeletePropagationBackground
	return again(ctx, func() error {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		err := client.Delete(ctx, ref.Name, metav1.DeleteOptions{PropagationPolicy: &background})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return c.Explain("deleting "+ref.String(), err)
	})
}

// Patch changes an object by a JSON merge patch, without owning its fields.
func (c *Cluster) Patch(ctx context.Context, ref Ref, patch any) error {
	client, err := c.mapping(ref)
	if err != nil {
		return err
	}
	body, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err = client.Patch(ctx, ref.Name, types.MergePatchType, body, metav1.PatchOptions{FieldManager: FieldManager})
	return c.Explain("changing "+ref.String(), err)
}

// Gateways lists the Gateway API Gateways of all namespaces.
func (c *Cluster) Gateways(ctx context.Context) ([]Ref, error) {
	kind := Ref{APIVersion: GatewayGroup + "/v1", Kind: "Gateway"}
	mapping, err := c.restMapper().RESTMapping(kind.kind().GroupKind(), kind.kind().Version)
	if err != nil {
		return nil, c.Explain("looking for Gateways", err)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	list, err := c.dynamic.Resource(mapping.Resource).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, c.Explain("looking for Gateways", err)
	}
	refs := make([]Ref, len(list.Items))
	for i := range list.Items {
		refs[i] = RefOf(&list.Items[i])
	}
	return refs, nil
}

// NamespaceExists says whether the environment's namespace is there; one that
// is being deleted takes nothing new (fault.Unable).
func (c *Cluster) NamespaceExists(ctx context.Context) (bool, error) {
	ns, err := c.Get(ctx, Ref{"v1", "Namespace", "", c.Namespace})
	if err == nil && ns != nil && ns.GetDeletionTimestamp() != nil {
		return true, fault.Unable("namespace %s is being deleted since %s", c.Namespace, ns.GetDeletionTimestamp().UTC().Format(time.RFC3339)).
			Hint("kubectl --context %s get namespace %s -o yaml shows what it waits for", c.Context, c.Namespace)
	}
	return ns != nil, err
}

func versionOf(answer []byte) string {
	var info struct {
		GitVersion string `json:"gitVersion"`
	}
	_ = json.Unmarshal(answer, &info) // an odd answer leaves the version empty, which is shown as it is
	return info.GitVersion
}
