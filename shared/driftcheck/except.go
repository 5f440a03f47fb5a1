package driftcheck

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes/scheme"

	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/project"
)

// Excepted is a finding that does not count, and why.
type Excepted struct {
	finding.Finding `json:",inline"`
	Exception       project.DriftException `json:"exception"`
	Standing        bool                   `json:"standing,omitempty"` // nobody wrote it down: see Standing
}

// Except takes the findings that exceptions cover out of the verdict. An
// expired exception covers nothing and is named; so is one that nothing needs,
// which is no failure. What could not be compared stays: it cannot be excepted.
func (r *Report) Except(exceptions []project.DriftException, now time.Time) {
	used := make([]bool, len(exceptions))
	var kept []finding.Finding
	for _, f := range r.Findings {
		if i := covering(exceptions, f, now); i >= 0 {
			used[i] = true
			r.Excepted = append(r.Excepted, Excepted{Finding: f, Exception: exceptions[i]})
			continue
		}
		kept = append(kept, f)
	}
	for i, e := range exceptions {
		about := fmt.Sprintf("exception for %s, %s (%s)", e.Control, e.Object, e.Owner)
		switch {
		case e.Expired(now):
			r.Warnings = append(r.Warnings, fmt.Sprintf("%s expired on %s", about, e.Expires))
		case !used[i]:
			r.Warnings = append(r.Warnings, about+" covers nothing: take it out of clawql.yaml")
		}
	}
	r.Findings = kept
	r.Status, r.Summary = finding.Judge(r.Findings, r.Incomplete), finding.Summarize(r.Findings)
}

// covering is the first exception in force that covers a finding, -1 for none.
func covering(exceptions []project.DriftException, f finding.Finding, now time.Time) int {
	return slices.IndexFunc(exceptions, func(e project.DriftException) bool { return !e.Expired(now) && covers(e, f) })
}

// covers asks by the kind, and by the kind with its API group. One of
// Kubernetes' own kinds, such as ConfigMap, means Kubernetes' own: a custom
// resource that somebody calls so has to be named with its group.
func covers(e project.DriftException, f finding.Finding) bool {
	group, name := groupOf(f.Object.APIVersion), " "+f.Object.String()
	if (builtInGroup(group) || !ownKinds()[f.Object.Kind]) && e.Covers(f.Control, f.Object.Kind+name, string(f.Direction)) {
		return true
	}
	return group != "" && e.Covers(f.Control, f.Object.Kind+"."+group+name, string(f.Direction))
}

// ownKinds are Kubernetes' own, in any of its groups.
var ownKinds = sync.OnceValue(func() map[string]bool {
	kinds := map[string]bool{"CustomResourceDefinition": true, "APIService": true}
	for known := range scheme.Scheme.AllKnownTypes() {
		kinds[known.Kind] = true
	}
	return kinds
})
