package cluster

import (
	"context"
	"embed"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// crds are the standard channel of sigs.k8s.io/gateway-api v1.6.3, config/crd/standard, unchanged;
// a test compares them with the module.
//
//go:embed crds/*.yaml
var crds embed.FS

var (
	crdResource     = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	classResource   = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gatewayclasses"}
	gatewayResource = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gateways"}
)

// installGatewayAPI creates the CRDs and waits until the API server serves those that the
// sandbox itself uses.
func (c *Clients) installGatewayAPI(ctx context.Context) error {
	files, err := crds.ReadDir("crds")
	if err != nil {
		return err
	}
	var steps []func(context.Context) error
	for _, file := range files {
		steps = append(steps, func(ctx context.Context) error { return c.installCRD(ctx, "crds/"+file.Name()) })
	}
	return together(ctx, steps...)
}

func (c *Clients) installCRD(ctx context.Context, file string) error {
	data, err := crds.ReadFile(file)
	if err != nil {
		return err
	}
	crd := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(data, &crd.Object); err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	_, err = c.Dynamic.Resource(crdResource).Create(ctx, crd, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("installing %s: %w", crd.GetName(), err)
	}
	return await(ctx, crd.GetName(), func(ctx context.Context) error {
		return c.condition(ctx, crdResource, "", crd.GetName(), "Established")
	})
}

// makeGateway creates the GatewayClass and the Gateway, whose listener has the data plane's port
// on loopback.
func (c *Clients) makeGateway(ctx context.Context, port int) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: gatewayNamespace}}
	if _, err := c.Kube.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("making namespace %s: %w", gatewayNamespace, err)
	}
	class := object("GatewayClass", gatewayClass, "", map[string]any{
		"controllerName": dataplaneName,
		"description":    "the sandbox's small data plane: one listener on loopback",
	})
	if err := c.create(ctx, classResource, class); err != nil {
		return err
	}
	return c.create(ctx, gatewayResource, object("Gateway", gatewayName, gatewayNamespace, map[string]any{
		"gatewayClassName": gatewayClass,
		"listeners": []any{map[string]any{
			"name": "http", "protocol": "HTTP", "port": int64(port),
			"allowedRoutes": map[string]any{"namespaces": map[string]any{"from": "All"}},
		}},
	}))
}

// gatewayProgrammed is nil when the data plane says that its listener is open.
func (c *Clients) gatewayProgrammed(ctx context.Context) error {
	return c.condition(ctx, gatewayResource, gatewayNamespace, gatewayName, "Programmed")
}

func object(kind, name, namespace string, spec map[string]any) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	o.SetAPIVersion("gateway.networking.k8s.io/v1")
	o.SetKind(kind)
	o.SetName(name)
	o.SetNamespace(namespace)
	return o
}

// create tries again while the API server does not know the kind yet: a CRD is Established a
// moment before it is served.
func (c *Clients) create(ctx context.Context, resource schema.GroupVersionResource, o *unstructured.Unstructured) error {
	return await(ctx, o.GetKind()+" "+o.GetName(), func(ctx context.Context) error {
		_, err := c.Dynamic.Resource(resource).Namespace(o.GetNamespace()).Create(ctx, o, metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			return nil
		}
		return err
	})
}

// condition is nil when the object's status has that condition and it is true.
func (c *Clients) condition(ctx context.Context, resource schema.GroupVersionResource, namespace, name, kind string) error {
	o, err := c.Dynamic.Resource(resource).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, each := range conditions {
		if m, ok := each.(map[string]any); ok && m["type"] == kind && m["status"] == "True" {
			return nil
		}
	}
	return fmt.Errorf("%s is not %s yet", name, kind)
}
