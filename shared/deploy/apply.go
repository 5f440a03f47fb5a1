package deploy

import (
	"context"
	"fmt"
	"time"

	"github.com/clawql/clawql-workbench/shared/cluster"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// controls are kinds that only ever tighten: a rollback leaves them in place.
var controls = map[string]bool{"Namespace": true, "NetworkPolicy": true, "ServiceAccount": true}

// remember keeps the live state of what is about to change, and notes what
// will be new, so that a rollback by any later process can undo it.
func (e *engine) remember(ctx context.Context) error {
	for _, o := range append([]*object{e.desired.stable, e.desired.route}, e.desired.shared...) {
		if controls[o.GetKind()] {
			continue
		}
		live, err := e.cluster.Get(ctx, cluster.RefOf(o))
		if err != nil {
			return err
		}
		if live == nil {
			e.Created = append(e.Created, cluster.RefOf(o))
			continue
		}
		e.before = append(e.before, restorable(live))
	}
	return nil
}

// applyShared writes controls and everything that both versions use.
// The strictest namespace label waits while pods run that it would refuse.
func (e *engine) applyShared(ctx context.Context) error {
	if _, err := e.cluster.Apply(ctx, e.namespaceFor(ctx), false); err != nil {
		return err
	}
	for _, o := range e.desired.shared {
		if _, err := e.cluster.Apply(ctx, o, false); err != nil {
			return err
		}
	}
	return nil
}

const enforceLabel = "pod-security.kubernetes.io/enforce"

// namespaceFor leaves `enforce` out while the stable pods were not made by a
// deploy of ours: one of them, rescheduled, would be refused.
func (e *engine) namespaceFor(ctx context.Context) *object {
	if e.First || e.stableIsHardened(ctx) {
		return e.desired.namespace
	}
	relaxed := e.desired.namespace.DeepCopy()
	labels := relaxed.GetLabels()
	delete(labels, enforceLabel)
	relaxed.SetLabels(labels)
	return relaxed
}

func (e *engine) stableIsHardened(ctx context.Context) bool {
	live, err := e.cluster.Get(ctx, cluster.RefOf(e.desired.stable))
	if err != nil || live == nil {
		return false
	}
	label, _, _ := unstructured.NestedString(live.Object, "spec", "template", "metadata", "labels", "clawql.io/deploy")
	return label != ""
}

// applyCanary writes the canary's Deployment, Service and policies, and the
// route with both backends at 100/0.
func (e *engine) applyCanary(ctx context.Context) error {
	for _, o := range e.desired.canary {
		if _, err := e.cluster.Apply(ctx, o, false); err != nil {
			return err
		}
	}
	route, err := withCanary(e.desired.route, e.gateway(), e.fence())
	if err != nil {
		return err
	}
	_, err = e.cluster.Apply(ctx, route, false)
	return err
}

// awaitRollout waits until a Deployment runs its newest spec alone. alarm
// may end the wait early with a reason to roll back.
func (e *engine) awaitRollout(ctx context.Context, name string, alarm func(context.Context) string) (problem string, err error) {
	limit := time.Duration(e.project.Canary.ReadyWithin)
	ok, text, err := until(ctx, limit, 250*time.Millisecond, func(ctx context.Context) (bool, string, error) {
		if harm := alarm(ctx); harm != "" {
			problem = harm
			return true, "", nil
		}
		r, err := e.cluster.Rollout(ctx, name)
		if err != nil || r == nil {
			return false, "Deployment " + name + " is gone", err
		}
		if r.Stuck != "" {
			problem = fmt.Sprintf("Deployment %s does not progress: %s", name, r.Stuck)
			return true, "", nil
		}
		text := fmt.Sprintf("%d of %d pods new, %d ready", r.Updated, r.Desired, r.Ready)
		e.Report.Progress(e.progress(text))
		return r.Done(), text, nil
	})
	switch {
	case err != nil || problem != "":
		return problem, err
	case !ok:
		return fmt.Sprintf("Deployment %s was not ready within %s (%s)%s", name, limit, text, e.podProblem(ctx, name)), nil
	}
	return "", nil
}

func noAlarm(context.Context) string { return "" }

// podProblem says why a Deployment's pods do not become ready.
func (e *engine) podProblem(ctx context.Context, name string) string {
	selector := podLabels(e.desired.stable)
	if name == canaryName(e.gateway()) {
		selector = e.canaryLabels()
	}
	pods, err := e.cluster.Pods(ctx, selector, e.gateway())
	if err != nil {
		return ""
	}
	for _, pod := range pods {
		if !pod.Ready && pod.Problem != "" {
			return fmt.Sprintf(": pod %s: %s", pod.Name, pod.Problem)
		}
	}
	return ""
}

func (e *engine) canaryLabels() map[string]string {
	for _, o := range e.desired.canary {
		if o.GetKind() == "Deployment" {
			return podLabels(o)
		}
	}
	return nil
}
