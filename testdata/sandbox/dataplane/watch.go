package dataplane

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayclient "sigs.k8s.io/gateway-api/pkg/client/clientset/versioned"
	gatewayinformers "sigs.k8s.io/gateway-api/pkg/client/informers/externalversions"
	gatewaylisters "sigs.k8s.io/gateway-api/pkg/client/listers/apis/v1"
)

// Watcher keeps the informers' view of the cluster. The informers reconnect by
// themselves; while the API server is away the last view stays.
type Watcher struct {
	class    string
	core     informers.SharedInformerFactory
	gateway  gatewayinformers.SharedInformerFactory
	changed  chan struct{} // holds one token: something changed since it was taken
	classes  gatewaylisters.GatewayClassLister
	gateways gatewaylisters.GatewayLister
	routes   gatewaylisters.HTTPRouteLister
	services corelisters.ServiceLister
	slices   discoverylisters.EndpointSliceLister
	spaces   corelisters.NamespaceLister
}

// NewWatcher prepares the informers for Gateways of one class; Start runs them.
func NewWatcher(config *rest.Config, gateways gatewayclient.Interface, class string) (*Watcher, error) {
	// The built-in types come as protobuf, which costs less than JSON.
	config = rest.CopyConfig(config)
	config.ContentType, config.AcceptContentTypes = "application/vnd.kubernetes.protobuf", "application/vnd.kubernetes.protobuf,application/json"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("client of the API server: %w", err)
	}
	w := &Watcher{class: class, changed: make(chan struct{}, 1),
		core: informers.NewSharedInformerFactory(client, 0), gateway: gatewayinformers.NewSharedInformerFactory(gateways, 0)}
	core, gw := w.core, w.gateway.Gateway().V1()
	w.classes, w.gateways, w.routes = gw.GatewayClasses().Lister(), gw.Gateways().Lister(), gw.HTTPRoutes().Lister()
	w.services, w.spaces = core.Core().V1().Services().Lister(), core.Core().V1().Namespaces().Lister()
	w.slices = core.Discovery().V1().EndpointSlices().Lister()
	return w, w.listen(gw.GatewayClasses().Informer(), gw.Gateways().Informer(), gw.HTTPRoutes().Informer(),
		core.Core().V1().Services().Informer(), core.Core().V1().Namespaces().Informer(), core.Discovery().V1().EndpointSlices().Informer())
}

func (w *Watcher) listen(all ...cache.SharedIndexInformer) error {
	for _, informer := range all {
		_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(any) { w.poke() },
			UpdateFunc: func(_, _ any) { w.poke() },
			DeleteFunc: func(any) { w.poke() },
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// poke asks for a new configuration; pokes that come together are one.
func (w *Watcher) poke() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// pokeIn asks again later, after something failed.
func (w *Watcher) pokeIn(d time.Duration) { time.AfterFunc(d, w.poke) }

// Start returns once every informer has its first view, or when ctx ends.
func (w *Watcher) Start(ctx context.Context) error {
	w.core.Start(ctx.Done())
	w.gateway.Start(ctx.Done())
	w.core.WaitForCacheSync(ctx.Done())
	w.gateway.WaitForCacheSync(ctx.Done())
	return ctx.Err()
}

// Objects is the present view. It is empty of Gateways as long as the
// GatewayClass does not exist or names another controller.
func (w *Watcher) Objects() (Objects, error) {
	o := Objects{Services: map[string]*corev1.Service{}, Slices: map[string][]*discoveryv1.EndpointSlice{}, Namespaces: map[string]*corev1.Namespace{}}
	class, err := w.classes.Get(w.class)
	if err != nil || class.Spec.ControllerName != ControllerName {
		return o, nil
	}
	gateways, err := w.gateways.List(labels.Everything())
	if err != nil {
		return o, err
	}
	for _, gw := range gateways {
		if string(gw.Spec.GatewayClassName) == w.class && gw.DeletionTimestamp == nil {
			o.Gateways = append(o.Gateways, gw)
		}
	}
	return o, w.rest(&o)
}

func (w *Watcher) rest(o *Objects) error {
	routes, err := w.routes.List(labels.Everything())
	if err != nil {
		return err
	}
	services, err := w.services.List(labels.Everything())
	if err != nil {
		return err
	}
	slices, err := w.slices.List(labels.Everything())
	if err != nil {
		return err
	}
	spaces, err := w.spaces.List(labels.Everything())
	if err != nil {
		return err
	}
	o.Routes = routes
	for _, s := range services {
		o.Services[s.Namespace+"/"+s.Name] = s
	}
	for _, s := range slices {
		key := s.Namespace + "/" + s.Labels[discoveryv1.LabelServiceName]
		o.Slices[key] = append(o.Slices[key], s)
	}
	for _, n := range spaces {
		o.Namespaces[n.Name] = n
	}
	return nil
}

// Class is our GatewayClass, or nil.
func (w *Watcher) Class() *gatewayv1.GatewayClass {
	class, err := w.classes.Get(w.class)
	if err != nil || class.Spec.ControllerName != ControllerName {
		return nil
	}
	return class
}
