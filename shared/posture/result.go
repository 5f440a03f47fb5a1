package posture

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Kinds of Action.
const (
	New      = "new"      // the overlay left it out; the deploy adds it
	Set      = "set"      // the overlay had a weaker list or another value; the deploy replaces it
	Kept     = "kept"     // the overlay says it already
	Excepted = "excepted" // a recorded exception switched the control off
)

// Ref names an object.
type Ref struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

func (r Ref) String() string { return r.Kind + "/" + r.Name }

func refTo(object *unstructured.Unstructured) Ref {
	return Ref{object.GetKind(), object.GetNamespace(), object.GetName()}
}

// Action is one thing that a control did, for the plan. From and To are the
// values as text; From is empty where the overlay said nothing.
type Action struct {
	Control string `json:"control"`
	Object  Ref    `json:"object"`
	Field   string `json:"field,omitempty"`
	From    string `json:"from,omitempty"`
	To      string `json:"to,omitempty"`
	Kind    string `json:"action"`
}

// Violation is a place where the overlay contradicts a control. Field has one
// element a step: a key, or `[name=x]` or `[3]` for a member of a list. Value
// is nil where the fault is that something is missing.
type Violation struct {
	Control string   `json:"control"`
	Object  Ref      `json:"object"`
	Field   []string `json:"field,omitempty"`
	Value   any      `json:"value,omitempty"`
	Allowed string   `json:"allowed"`
	Hint    string   `json:"hint,omitempty"`
}

// Result of Harden. Objects are the input's, hardened, and those that the
// deploy adds, in an order in which they can be applied; do not apply them
// while there are Violations.
type Result struct {
	Objects    []*unstructured.Unstructured
	Actions    []Action
	Violations []Violation
	// PodSecurityLevel is what the namespace enforces: restricted, or the
	// strictest level that the exceptions leave room for.
	PodSecurityLevel string
}

// FieldString writes a path as people do: spec.containers[name=x].image.
func FieldString(path []string) string {
	var b strings.Builder
	for i, step := range path {
		if i > 0 && !strings.HasPrefix(step, "[") {
			b.WriteByte('.')
		}
		b.WriteString(step)
	}
	return b.String()
}
