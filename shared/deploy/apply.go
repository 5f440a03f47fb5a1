package deploy

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/clawql/clawql-workbench/shared/cluster"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/posture"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// stays says what a rollback leaves as the deploy made it: what only ever
// tightens. A network policy that was there before is restored: the overlay
// may have widened it. Those that the controls add remain once they are new.
func stays(o, live *object) bool {
	switch o.GetKind() {
	case "Namespace", "ServiceAccount":
		return true
	case "NetworkPolicy":
		return live == nil && posture.Adds(o)
	}
	return false
}

// remember keeps the live state of what is about to change, and notes what
// will be new, so that a rollback by any later process can undo it.
func (e *engine) remember(ctx context.Context) error {
	e.Created = nil
	var before []*object
	for _, o := range append([]*object{e.desired.stable, e.desired.route}, e.desired.shared...) {
		live, err := e.cluster.Get(ctx, cluster.RefOf(o))
		if err != nil {
			return err
		}
		if stays(o, live) {
			continue
		}
		if live == nil {
			e.Created = append(e.Created, cluster.RefOf(o))
			continue
		}
		if o.GetKind() == "Secret" {
			continue // its values come from elsewhere and must not get into a record
		}
		before = append(before, withoutBackend(restorable(live), canaryName(e.gateway())))
	}
	if len(before) == 0 {
		return nil
	}
	content, err := json.Marshal(before)
	if err != nil {
		return err
	}
	e.Before = fmt.Sprintf("%x", sha256.Sum256(content))
	return e.cluster.Keep(ctx, e.Number, content)
}

// remembered reads what remember kept, and only that.
func (e *engine) remembered(ctx context.Context) (before []*object, err error) {
	if e.Before == "" {
		return nil, nil
	}
	content, err := e.cluster.Kept(ctx, e.Number)
	if err != nil {
		return nil, err
	}
	if fmt.Sprintf("%x", sha256.Sum256(content)) != e.Before {
		return nil, fault.Unable("Secret %s is not what deploy %d kept: nothing is restored from it", cluster.KeptName, e.Number).
			Hint("apply the last good commit's overlay by hand, then deploy again")
	}
	return before, json.Unmarshal(content, &before)
}

// withScale leaves the number of pods to an autoscaler that has set it: an
// apply with the overlay's number, or with that of before the canary, would
// take capacity away in the middle of the traffic.
func (e *engine) withScale(ctx context.Context, wanted *object) (*object, error) {
	if wanted.GetKind() != "Deployment" {
		return wanted, nil
	}
	live, err := e.cluster.Get(ctx, cluster.RefOf(wanted))
	if err != nil || live == nil || !autoscaled(live) {
		return wanted, err
	}
	return scaledAs(wanted, live), nil
}

// autoscaled says whether a HorizontalPodAutoscaler wrote the replicas.
func autoscaled(live *object) bool {
	return slices.ContainsFunc(live.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Subresource == "scale" && entry.Manager == "kube-controller-manager"
	})
}

func scaledAs(wanted, live *object) *object {
	replicas, found, _ := unstructured.NestedInt64(live.Object, "spec", "replicas")
	if !found {
		return wanted
	}
	wanted = wanted.DeepCopy()
	_ = unstructured.SetNestedField(wanted.Object, replicas, "spec", "replicas") // spec is a map: it was rendered
	return wanted
}

// applyShared writes controls and everything that both versions use.
// The strictest namespace label waits while pods run that it would refuse.
func (e *engine) applyShared(ctx context.Context) error {
	namespace, err := e.namespaceFor(ctx)
	if err != nil {
		return err
	}
	if _, err := e.cluster.Apply(ctx, namespace, false); err != nil {
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
func (e *engine) namespaceFor(ctx context.Context) (*object, error) {
	hardened, err := e.stableIsHardened(ctx)
	if err != nil || e.First || hardened {
		return e.desired.namespace, err
	}
	relaxed := e.desired.namespace.DeepCopy()
	labels := relaxed.GetLabels()
	delete(labels, enforceLabel)
	relaxed.SetLabels(labels)
	return relaxed, nil
}

func (e *engine) stableIsHardened(ctx context.Context) (bool, error) {
	live, err := e.cluster.Get(ctx, cluster.RefOf(e.desired.stable))
	if err != nil || live == nil {
		return false, err
	}
	label, _, _ := unstructured.NestedString(live.Object, "spec", "template", "metadata", "labels", "clawql.io/deploy")
	return label != "", nil
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
		if err != nil {
			return false, "", err
		}
		if r == nil {
			problem = "Deployment " + name + " is gone"
			return true, "", nil
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
