package main

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/driftjob"
	"github.com/clawql/clawql-workbench/shared/driftstore"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/output"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// anywhere stands for an API server whose address is not asked for yet.
var anywhere = []netip.AddrPort{netip.AddrPortFrom(netip.IPv6Unspecified(), 443)}

// What is done with an object.
const (
	actionNew    = "new"
	actionApply  = "apply" // it is there already
	actionRemove = "remove"
	actionKeep   = "keep"
)

// scheduleStep is one object, in one cluster.
type scheduleStep struct {
	Action   string                     `json:"action"`
	Context  string                     `json:"context"`
	Kind     string                     `json:"kind"`
	Object   string                     `json:"object"` // namespace/name
	Why      string                     `json:"why,omitempty"`
	Manifest *unstructured.Unstructured `json:"manifest,omitempty"` // of what is applied
	of       *unstructured.Unstructured
}

// scheduleReport is the object of -o json.
type scheduleReport struct {
	output.Header `json:",inline"`
	From          string         `json:"from"`
	To            string         `json:"to"`
	Monthly       string         `json:"monthly"`
	Daily         string         `json:"daily"`
	DryRun        bool           `json:"dryRun"`
	Steps         []scheduleStep `json:"steps"`
	Needed        []string       `json:"needed"` // what the user has to make
}

// objects are those of the schedule, in the order in which they are applied.
func (s *scheduling) objects() (steps []scheduleStep) {
	add := func(context string, list []*unstructured.Unstructured) {
		for _, o := range list {
			steps = append(steps, scheduleStep{Context: context, Kind: o.GetKind(), Object: nameOf(o), Manifest: o, of: o})
		}
	}
	for _, context := range s.contexts() {
		add(context, s.spec.Reader(context))
	}
	add(s.spec.ToContext, s.spec.Job())
	return steps
}

func nameOf(o *unstructured.Unstructured) string {
	if o.GetNamespace() == "" {
		return o.GetName()
	}
	return o.GetNamespace() + "/" + o.GetName()
}

// plan asks which objects are there. One that is there and not ours is not
// taken over.
func (s *scheduling) plan() ([]scheduleStep, error) {
	steps := s.objects()
	for i := range steps {
		live, err := s.live(steps[i])
		switch {
		case err != nil:
			return nil, err
		case live == nil:
			steps[i].Action = actionNew
		case !ours(live):
			return nil, fault.Unable("schedule: %s %s is there already in context %s, and is not of a schedule", steps[i].Kind, steps[i].Object, steps[i].Context).
				Hint("it has no label app.kubernetes.io/managed-by=%s; rename or remove it", driftjob.ManagedBy)
		default:
			steps[i].Action = actionApply
		}
	}
	return steps, nil
}

func (s *scheduling) live(step scheduleStep) (*unstructured.Unstructured, error) {
	return s.clusters[step.Context].Get(s.Context.Context, step.Kind, step.of.GetNamespace(), step.of.GetName())
}

func ours(o *unstructured.Unstructured) bool {
	return o.GetLabels()["app.kubernetes.io/managed-by"] == driftjob.ManagedBy
}

// apply does what was shown.
func (s *scheduling) apply(steps []scheduleStep) error {
	for i, step := range steps {
		if err := s.clusters[step.Context].Apply(s.Context.Context, step.of); err != nil {
			return fault.Unable("%w; %d of %d objects were applied", err, i, len(steps)).Hint("the same command goes on; --remove takes all away")
		}
	}
	return nil
}

// remove deletes what is ours, backwards. The history stays, and so does its
// namespace; the reader of the environments goes.
func (s *scheduling) remove() error {
	if err := s.open(); err != nil {
		return err
	}
	steps := s.objects()
	slices.Reverse(steps)
	found := steps[:0]
	for _, step := range steps {
		step.Manifest = nil
		live, err := s.live(step)
		if err != nil {
			return err
		}
		if live == nil {
			continue
		}
		step.Action, step.Why = removal(step, live, s.spec.ToContext)
		found = append(found, step)
	}
	if err := s.show(found); err != nil || s.Bool("dry-run") {
		return err
	}
	for _, step := range found {
		if step.Action != actionRemove {
			continue
		}
		if err := s.clusters[step.Context].Delete(s.Context.Context, step.Kind, step.of.GetNamespace(), step.of.GetName()); err != nil {
			return err
		}
	}
	return nil
}

func removal(step scheduleStep, live *unstructured.Unstructured, jobContext string) (action, why string) {
	switch {
	case !ours(live):
		return actionKeep, "it is not of a schedule"
	case step.Kind == "ConfigMap" && step.of.GetName() == driftstore.HistoryName:
		return actionKeep, "the history"
	case step.Kind == "Namespace" && step.Context == jobContext:
		return actionKeep, "it holds the history and your Secrets"
	}
	return actionRemove, ""
}

// needed are the Secrets that only the user can make.
func (s *scheduling) needed() (list []string) {
	if keys := s.spec.SecretKeys(); len(keys) > 0 {
		list = append(list, fmt.Sprintf("Secret %s/%s with the URLs of the alerts: %s", driftjob.Namespace, driftjob.AlertsSecret, strings.Join(keys, ", ")))
	}
	if s.spec.KubeconfigSecret != "" {
		list = append(list, fmt.Sprintf("Secret %s/%s with a kubeconfig for context %s, under the key kubeconfig", driftjob.Namespace, s.spec.KubeconfigSecret, s.spec.FromContext))
	}
	return append(list, s.spec.VaultNeeds()...)
}

func (s *scheduling) show(steps []scheduleStep) error {
	streams, removing := cmdline.Streams(s.Context), s.Bool("remove")
	needed := s.needed()
	if removing {
		needed = nil
	}
	if format := cmdline.Format(s.Context); format != output.Table {
		return output.Encode(streams.Out, format, scheduleReport{
			Header: output.Head("DriftSchedule"), From: s.spec.From, To: s.spec.To, Monthly: driftjob.Monthly, Daily: driftjob.Daily,
			DryRun: s.Bool("dry-run"), Steps: orEmpty(steps), Needed: orEmpty(needed),
		})
	}
	if _, err := io.WriteString(streams.Out, s.text(steps, needed, removing)); err != nil {
		return fault.Unable("write the plan: %w", err)
	}
	return nil
}

func (s *scheduling) text(steps []scheduleStep, needed []string, removing bool) string {
	streams := cmdline.Streams(s.Context)
	t := &table{paint: streams.Paint(streams.Out), columns: min(max(streams.Width(streams.Out), narrowest), widest)}
	t.paragraph("", fmt.Sprintf("schedule of %s -> %s, in context %s", s.spec.From, s.spec.To, s.spec.ToContext))
	context := s.spec.ToContext
	for _, step := range steps {
		if step.Context != context {
			context = step.Context
			t.paragraph("  in context ", context)
		}
		why := ""
		if step.Why != "" {
			why = "   " + step.Why
		}
		t.paragraph("  "+console.Pad(step.Action, 7)+" "+console.Pad(step.Kind, 18)+" ", step.Object+why)
	}
	if len(steps) == 0 {
		fmt.Fprintln(&t.b, "  nothing of it is there")
	}
	for _, one := range needed {
		t.paragraph("you make  ", one)
	}
	if !removing {
		t.paragraph("runs      ", driftjob.Monthly+" UTC, and the daily look at "+driftjob.Daily+" UTC")
		t.paragraph("try it    ", fmt.Sprintf("kubectl --context %s -n %s create job --from=cronjob/%s first", s.spec.ToContext, driftjob.Namespace, driftjob.Name))
	}
	if s.Bool("dry-run") {
		fmt.Fprintln(&t.b, "nothing was changed (--dry-run)")
	}
	return noCommands(t.b.String())
}
