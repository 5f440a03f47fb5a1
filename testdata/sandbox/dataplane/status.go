package dataplane

import (
	"context"
	"fmt"
	"log"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayclient "sigs.k8s.io/gateway-api/pkg/client/clientset/versioned"
)

// report is a configuration that is in force and is to be told to the API server.
type report struct {
	Result
	class    *gatewayv1.GatewayClass
	failures map[int32]error // by port
}

// Reporter writes statuses in a goroutine of its own, so that a slow API server
// never delays a configuration. Only the newest report counts.
type Reporter struct {
	client gatewayclient.Interface
	inbox  chan report // holds one
	failed func()      // asks for another report later
	log    *log.Logger
}

// Tell replaces a report that waits. One goroutine may call it.
func (r *Reporter) Tell(next report) {
	select {
	case <-r.inbox:
	default:
	}
	r.inbox <- next
}

// Run writes reports until ctx ends.
func (r *Reporter) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case next := <-r.inbox:
			if err := r.write(ctx, next); err != nil && ctx.Err() == nil {
				r.log.Printf("write status: %v; trying again", err)
				r.failed()
			}
		}
	}
}

// write begins with the routes: that is what people wait for.
func (r *Reporter) write(ctx context.Context, next report) error {
	for _, rr := range next.Routes {
		if err := r.route(ctx, rr); err != nil {
			return fmt.Errorf("HTTPRoute %s/%s: %w", rr.Route.Namespace, rr.Route.Name, err)
		}
	}
	for _, g := range next.Gateways {
		if err := r.gateway(ctx, g, next.failures); err != nil {
			return fmt.Errorf("gateway %s/%s: %w", g.Gateway.Namespace, g.Gateway.Name, err)
		}
	}
	if next.class == nil {
		return nil
	}
	return r.class(ctx, next.class)
}

func (r *Reporter) route(ctx context.Context, rr RouteResult) error {
	client := r.client.GatewayV1().HTTPRoutes(rr.Route.Namespace)
	return settle(ctx, rr.Route, client.Get, client.UpdateStatus, func(route *gatewayv1.HTTPRoute) bool {
		parents := withParents(route.Status.Parents, rr.Parents)
		if len(parents) == 0 && len(route.Status.Parents) == 0 || equality.Semantic.DeepEqual(parents, route.Status.Parents) {
			return false
		}
		route.Status.Parents = parents
		return true
	})
}

func (r *Reporter) gateway(ctx context.Context, g GatewayResult, failures map[int32]error) error {
	client := r.client.GatewayV1().Gateways(g.Gateway.Namespace)
	return settle(ctx, g.Gateway, client.Get, client.UpdateStatus, func(gw *gatewayv1.Gateway) bool {
		status := gatewayStatus(GatewayResult{gw, g.Attached}, failures)
		if equality.Semantic.DeepEqual(status, gw.Status) {
			return false
		}
		gw.Status = status
		return true
	})
}

func (r *Reporter) class(ctx context.Context, class *gatewayv1.GatewayClass) error {
	client := r.client.GatewayV1().GatewayClasses()
	return settle(ctx, class, client.Get, client.UpdateStatus, func(c *gatewayv1.GatewayClass) bool {
		old := c.DeepCopy()
		setCondition(&c.Status.Conditions, c.Generation, condition(string(gatewayv1.GatewayClassConditionStatusAccepted), true, string(gatewayv1.GatewayClassReasonAccepted), ""))
		return !equality.Semantic.DeepEqual(old.Status, c.Status)
	})
}

// object is what settle handles: a pointer to an API type.
type object[T any] interface {
	metav1.Object
	DeepCopy() T
}

// settle writes an object's status if change has anything to change. After a
// conflict it looks at the live object; one of another generation, or one that
// is gone, is left to the report that its event brings.
func settle[T object[T]](ctx context.Context, seen T,
	get func(context.Context, string, metav1.GetOptions) (T, error),
	update func(context.Context, T, metav1.UpdateOptions) (T, error), change func(T) bool) error {
	current := seen.DeepCopy()
	for {
		if !change(current) {
			return nil
		}
		callCtx, cancel := context.WithTimeout(ctx, 5*time.Second)
		_, err := update(callCtx, current, metav1.UpdateOptions{})
		if apierrors.IsConflict(err) {
			current, err = get(callCtx, seen.GetName(), metav1.GetOptions{})
			if err == nil && current.GetGeneration() == seen.GetGeneration() && current.GetUID() == seen.GetUID() {
				cancel()
				continue
			}
		}
		cancel()
		if apierrors.IsNotFound(err) {
			return nil
		}
		return err
	}
}
