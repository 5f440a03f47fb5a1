package podsec

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// Controls under which findings of this package stand.
const (
	ControlAdmission = "PodSecurity"     // labels of namespaces
	ControlPods      = "PodSecurityPods" // templates of workloads
)

// Side is what one side of a comparison holds, with names already mapped.
type Side struct {
	Namespaces []Namespace
	Workloads  []Workload
}

// Namespace is a namespace with its labels.
type Namespace struct {
	Name    string
	Labels  map[string]string
	Changed *finding.Change // nil where it is not known
}

// Workload is what makes pods, by one template.
type Workload struct {
	Object  finding.Object
	Meta    metav1.ObjectMeta // of the pod
	Spec    corev1.PodSpec
	Changed *finding.Change
}

// Result is what a comparison says. It is equal only if both lists are empty.
type Result struct {
	Findings   []finding.Finding // in the order of finding.Sort
	Incomplete []string          // what could not be compared, and why
	// Judged are the places that the findings have spoken of, in the form of
	// verdict.Speaks: of a workload those in the spec of its pod, of a namespace
	// its labels.
	Judged map[finding.Object][]string
}
