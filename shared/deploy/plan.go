package deploy

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"time"

	"github.com/clawql/clawql-workbench/shared/canary"
	"github.com/clawql/clawql-workbench/shared/cluster"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/posture"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// survey is what the cluster says before anything is written.
type survey struct {
	namespace bool // exists
	live      *object
	last      *Record // newest promoted deploy
	newest    int64
	open      *Record // a deploy that has not ended
}

func (e *engine) survey(ctx context.Context) (*survey, error) {
	s := &survey{}
	if err := e.supported(); err != nil {
		return nil, err
	}
	exists, err := e.cluster.NamespaceExists(ctx)
	if err != nil || !exists {
		return s, err
	}
	s.namespace = true
	records, err := e.cluster.Records(ctx)
	if err != nil {
		return nil, err
	}
	for i, stored := range records {
		record := mustDecode(stored)
		s.newest = max(s.newest, stored.Number)
		if i == 0 && !record.Phase.Ended() {
			s.open = record
		}
		if s.last == nil && record.Phase == Promoted {
			s.last = record
		}
	}
	s.live, err = e.cluster.Get(ctx, e.gatewayRef())
	return s, err
}

func (e *engine) gatewayRef() cluster.Ref {
	return cluster.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: e.env.Namespace, Name: e.gateway()}
}

// supported fails early where the cluster has no Gateway API.
func (e *engine) supported() error {
	return e.cluster.Supports(e.routeRef())
}

// want builds the desired set for deploy number. The hash leaves the number
// out, so that the same content is known again.
func (e *engine) want(l *loaded, number int64) (*desired, error) {
	result := posture.Harden(l.rendered.Objects, e.settings(number))
	d, err := newDesired(result.Objects, e.env, e.project.Gateway)
	if err != nil {
		return nil, err
	}
	d.canary = posture.CanaryTwin(result.Objects, e.settings(number))
	if len(d.canary) == 0 {
		return nil, fault.Unable("no canary can be made of Deployment %s", e.gateway())
	}
	d.hash, err = hashOf(l.hardened.Objects)
	return d, err
}

// plan asks the server, by dry run, what the apply would change.
func (e *engine) plan(ctx context.Context, l *loaded, s *survey, number int64) (*Plan, error) {
	p := &Plan{APIVersion: "clawql.io/v1alpha1", Kind: "DeployPlan", Number: number, Environment: e.Environment,
		Context: e.cluster.Context, Server: e.cluster.Server, Kubernetes: e.cluster.Version, Namespace: e.env.Namespace,
		Gateway: e.gateway(), Commit: e.source.commit, To: e.desired.version, First: s.live == nil,
		Controls: l.hardened.Actions, Exceptions: e.project.ActiveExceptions(e.Environment, e.Now()),
		Weight: e.project.Canary.Weight, Criteria: e.criteria()}
	if s.live != nil {
		p.From = digestOf(gatewayImage(s.live, e.gateway()))
	}
	for _, image := range e.project.Images {
		p.Images = append(p.Images, ImageChange{image.Name, image.NewName + "@" + image.Digest})
	}
	for _, unused := range l.rendered.Unused {
		p.Notices = append(p.Notices, fmt.Sprintf("clawql.yaml maps image %s, but the overlay does not use it", unused.Name))
	}
	p.Notices = append(p.Notices, e.notices(s)...)
	var err error
	if p.Changes, err = e.changes(ctx, s); err != nil {
		return p, err
	}
	return p, e.refusePaused(s)
}

// refusePaused: a paused Deployment would take the new version and not roll.
func (e *engine) refusePaused(s *survey) error {
	if s.live == nil {
		return nil
	}
	if paused, _, _ := unstructured.NestedBool(s.live.Object, "spec", "paused"); paused {
		return fault.Unable("Deployment %s is paused: it would not roll to a new version", e.gateway()).
			Hint("kubectl -n %s rollout resume deployment %s", e.env.Namespace, e.gateway())
	}
	return nil
}

func (e *engine) notices(s *survey) (notices []string) {
	for _, o := range e.desired.shared {
		kind, _, _ := unstructured.NestedString(o.Object, "spec", "type")
		if o.GetKind() == "Service" && o.GetName() == e.gateway() && (kind == "LoadBalancer" || kind == "NodePort") {
			notices = append(notices, fmt.Sprintf("Service %s is a %s: clients that use its own address bypass the route and its canary", o.GetName(), kind))
		}
	}
	if s.live != nil {
		if replicas, found, _ := unstructured.NestedInt64(s.live.Object, "spec", "replicas"); found && replicas == 0 {
			notices = append(notices, "stable is scaled to 0 pods: there is no baseline to compare with")
		}
	}
	return notices
}

// changes compares each desired object with what the server would make of
// it. In a namespace that does not exist yet everything is new.
func (e *engine) changes(ctx context.Context, s *survey) ([]Change, error) {
	var all []Change
	for _, o := range slices.Concat([]*object{e.desired.namespace}, e.desired.shared, []*object{e.desired.stable, e.desired.route}) {
		if !s.namespace {
			all = append(all, Change{Object: cluster.RefOf(o).String(), Action: "create"})
			continue
		}
		change, err := e.change(ctx, o)
		if err != nil {
			return nil, err
		}
		all = append(all, change)
	}
	return all, nil
}

func (e *engine) change(ctx context.Context, o *object) (Change, error) {
	ref := cluster.RefOf(o)
	live, err := e.cluster.Get(ctx, ref)
	if err != nil {
		return Change{}, err
	}
	if fence := fenceOf(live); o == e.desired.route && fence != "" {
		o = o.DeepCopy()
		setFence(o, fence) // the lock's, not the overlay's
	}
	if o == e.desired.stable && live != nil && autoscaled(live) {
		o = scaledAs(o, live)
		e.desired.stable = o
	}
	would, err := e.cluster.Apply(ctx, o, true)
	if err != nil {
		return Change{}, err
	}
	if problem := e.foreign(would); o == e.desired.stable && problem != "" {
		return Change{}, fault.Unable("%s", problem).Hint("server-side apply keeps what other writers set: remove the field there, then deploy again").
			Hint("kubectl -n %s get deployment %s -o yaml --show-managed-fields", e.env.Namespace, e.gateway())
	}
	if live == nil {
		return Change{Object: ref.String(), Action: "create"}, nil
	}
	fields := differing(restorable(live).Object, restorable(would).Object, "")
	if len(fields) == 0 {
		return Change{Object: ref.String(), Action: "same"}, nil
	}
	sort.Strings(fields)
	return Change{Object: ref.String(), Action: "change", Fields: fields}, nil
}

// differing lists the paths at which two objects differ; values are left
// out, since a plan is no place for them.
func differing(a, b any, at string) []string {
	left, ok := a.(map[string]any)
	right, ok2 := b.(map[string]any)
	if !ok || !ok2 {
		if reflect.DeepEqual(a, b) {
			return nil
		}
		return []string{at}
	}
	var fields []string
	for key := range left {
		fields = append(fields, differing(left[key], right[key], join(at, key))...)
	}
	for key := range right {
		if _, both := left[key]; !both {
			fields = append(fields, join(at, key))
		}
	}
	return fields
}

func join(at, key string) string {
	if at == "" {
		return key
	}
	return at + "." + key
}

// outlook measures the traffic for a few seconds and says whether it will
// let the judge tell. A baseline whose signals are missing cannot be judged.
func (e *engine) outlook(ctx context.Context, p *Plan, s *survey) error {
	w := newWatcher(e.cluster, e.project, podLabels(e.desired.stable), map[string]string{"clawql.io/track": "none"}, func(cluster.Pod) bool { return false })
	ctx, cancel := context.WithCancel(ctx)
	defer w.close()
	defer cancel()
	first := w.look(ctx, time.Now())
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(2 * time.Second):
	}
	second := w.look(ctx, time.Now())
	if _, trouble := w.state(); trouble != "" {
		return fault.Unable("reading the baseline's signals: %s", trouble).
			Hint("clawql.yaml: signals.requests.metric and signals.blocks.metric name the counters of /metrics")
	}
	if len(second.Baseline) == 0 {
		p.Notices = append(p.Notices, "no stable pod is ready: there is no baseline, and a canary cannot be promoted beside it")
		return nil
	}
	requests, blocks := growth(first, second)
	share := 0.0
	if requests > 0 {
		share = blocks / requests
	}
	seconds := second.At.Sub(first.At).Seconds()
	outlook := p.Criteria.Outlook(requests/seconds, share, float64(p.Weight)/100, clumping(s))
	p.Outlook = &outlook
	return nil
}

// clumping is how blocks came in the last deploy's window; 1 where none tells.
func clumping(s *survey) float64 {
	if s.last == nil || s.last.Verdict == nil {
		return 1
	}
	return s.last.Verdict.Clumping
}

// serving says whether the last promoted deploy had this very content and
// the cluster still holds all of it.
func (e *engine) serving(ctx context.Context, l *loaded, s *survey) (bool, error) {
	if s.last == nil || s.open != nil || s.last.Desired != e.desired.hash {
		return false, nil
	}
	wanted := e.desired
	defer func() { e.desired = wanted }()
	var err error
	if e.desired, err = e.want(l, s.last.Number); err != nil {
		return false, err
	}
	changes, err := e.changes(ctx, s)
	return err == nil && !slices.ContainsFunc(changes, func(c Change) bool { return c.Action != "same" }), err
}

func growth(first, second canary.Tick) (requests, blocks float64) {
	before := map[string]canary.Counters{}
	for _, pod := range first.Baseline {
		before[pod.Instance] = pod.Counters
	}
	for _, pod := range second.Baseline {
		if was, ok := before[pod.Instance]; ok {
			requests += pod.Requests - was.Requests
			blocks += pod.Blocks - was.Blocks
		}
	}
	return requests, blocks
}
