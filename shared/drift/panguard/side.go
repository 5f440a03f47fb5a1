package panguard

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// Controls of the findings.
const (
	ControlPolicy = "Panguard"    // the policy in ConfigMaps
	ControlEnv    = "Environment" // variables of containers, as the structural comparison calls them
)

// Side is what one side says.
type Side struct {
	Policies  []Policy
	Workloads []Workload
}

// Policy is a ConfigMap labelled as Panguard's policy.
type Policy struct {
	Object  finding.Object
	Data    map[string]string
	Binary  bool            // it has binaryData, which nobody reads
	Changed *finding.Change // nil where it is not known
}

// Workload is what makes pods.
type Workload struct {
	Object     finding.Object
	Containers []corev1.Container
	Changed    *finding.Change
}

// comparer is one run.
type comparer struct {
	names  [2]string
	result *verdict.Result
}

// Compare says which calls one side lets through and the other does not; names
// are those of the sides in texts. The error is finding.Bug.
func Compare(from, to Side, names [2]string) (*verdict.Result, error) {
	c := &comparer{names, &verdict.Result{}}
	for _, compare := range []func(Side, Side) error{c.policies, c.workloads} {
		if err := compare(from, to); err != nil {
			return nil, err
		}
	}
	finding.Sort(c.result.Findings)
	return c.result, nil
}
