// Package finding holds what a comparison of two sides says: which object
// differs, which side is the more permissive one, and the witness that proves
// it. It is pure, and knows no control by itself.
//
// A finding speaks of `from` relative to `to`: more permissive means that
// `from` lets something happen that `to` does not.
package finding

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Direction says how `from` stands to `to`. Its zero value is no direction.
type Direction string

// The three directions, as they stand in reports.
const (
	MorePermissive Direction = "more-permissive" // from allows what to does not
	Stricter       Direction = "stricter"        // to allows what from does not
	Different      Direction = "different"       // neither can be said
)

// Flip is the direction with the sides swapped.
func (d Direction) Flip() Direction {
	switch d {
	case MorePermissive:
		return Stricter
	case Stricter:
		return MorePermissive
	}
	return d
}

// Severity decides where an alert goes: a pager, chat and e-mail, chat, the
// audit log.
type Severity string

// The severities, worst first.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Warning  Severity = "warning"
	Info     Severity = "info"
)

// rank is 0 for the worst; what is no severity comes first, so that it is seen.
func (s Severity) rank() int {
	for i, known := range []Severity{Critical, High, Warning, Info} {
		if s == known {
			return i
		}
	}
	return -1
}

// Worse says whether s is worse than other.
func (s Severity) Worse(other Severity) bool { return s.rank() < other.rank() }

// Object names what a finding is about. Namespace is empty for what has none.
type Object struct {
	APIVersion string `json:"apiVersion,omitempty"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
}

// String is namespace/name, or the name of what has no namespace.
func (o Object) String() string {
	if o.Namespace == "" {
		return o.Name
	}
	return o.Namespace + "/" + o.Name
}

// Witness is one concrete thing that one side allows and the other denies,
// checked by an evaluator other than the one that found it. It never holds the
// value of a secret.
type Witness struct {
	// Kind is connection, api-request, vault-request, vault-login, pod,
	// image-push, tool-call, request, input or operation.
	Kind string `json:"kind"`
	// Text says it in one line for a person.
	Text string `json:"text"`
	// Details are the same facts for a machine.
	Details map[string]string `json:"details,omitempty"`
}

// Change says who wrote an object last.
type Change struct {
	Manager string    `json:"manager"`
	Time    time.Time `json:"time"`
}

// Finding is one difference. From and To say in a few words what each side
// does; a difference in neither direction has no witness.
type Finding struct {
	ID          string    `json:"id"`
	Control     string    `json:"control"`
	Severity    Severity  `json:"severity"`
	Direction   Direction `json:"direction"`
	Object      Object    `json:"object"`
	From        string    `json:"from"`
	To          string    `json:"to"`
	Witness     *Witness  `json:"witness,omitempty"`
	Explanation string    `json:"explanation"`
	LastChanged *Change   `json:"lastChanged,omitempty"`
}

// Identified is f with its ID: 12 hex digits over control, direction, object
// and aspect. Aspect tells two findings of one object apart, such as a
// permission; it is not the witness, so that the same drift keeps its id while
// pods come and go.
func (f Finding) Identified(aspect string) Finding {
	hash := sha256.New()
	for _, part := range []string{
		f.Control, string(f.Direction),
		f.Object.APIVersion, f.Object.Kind, f.Object.Namespace, f.Object.Name, aspect,
	} {
		hash.Write([]byte(part))
		hash.Write([]byte{0})
	}
	f.ID = hex.EncodeToString(hash.Sum(nil))[:12]
	return f
}
