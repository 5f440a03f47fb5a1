// Package verdict makes the findings of comparers that decide by cases: a claim
// that one side lets something happen that the other does not, held against a
// separate point evaluator before it becomes a finding.
package verdict

import (
	"fmt"
	"strings"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// Claim is one difference as a comparer sees it.
type Claim struct {
	Control    string
	Object     finding.Object
	Aspect     string // tells two claims about one object apart
	Permissive int    // the side that allows the witness: 0 is from, 1 is to
	Says       [2]string
	Severity   finding.Severity // where from is the permissive one; a stricter from is a warning
	Witness    finding.Witness
	Why        string // the explanation
	Changed    *finding.Change
}

// Checked is the claim as a finding. allows is the point evaluator: whether a
// side (0 or 1) allows the witness. Where it does not say what the claim says,
// the error is finding.Bug.
func (c Claim) Checked(names [2]string, allows func(side int) bool) (finding.Finding, error) {
	for side := range names {
		if got, want := allows(side), side == c.Permissive; got != want {
			return finding.Finding{}, finding.Bug(c.Control, c.Witness.Text, "allowed by "+names[c.Permissive]+" only",
				fmt.Sprintf("that %s allows it is %v", names[side], got))
		}
	}
	f := finding.Finding{
		Control: c.Control, Severity: c.Severity, Direction: finding.MorePermissive, Object: c.Object,
		From: c.Says[0], To: c.Says[1], Witness: &c.Witness, Explanation: c.Why, LastChanged: c.Changed,
	}
	if c.Permissive == 1 {
		f.Direction, f.Severity = finding.Stricter, finding.Warning
	}
	return f.Identified(c.Aspect), nil
}

// Result is what a comparison says. Difference in places that are not listed
// in Judged is left to a structural comparison.
type Result struct {
	Findings   []finding.Finding
	Incomplete []string
	// Judged are the places of an object that the comparer has spoken of, in
	// words or by silence, see Speaks.
	Judged map[finding.Object][]string
}

// Speaks says whether a judged place covers a path of fields. A place is a path
// from the root, such as `.data.mode`; after a `*` it may stand anywhere, and
// if it ends in `]` it covers what is below, as one that ends in `.` does. "" covers that the object exists
// (the path "") and its labels.
func Speaks(place, path string) bool {
	if place == "" {
		return path == "" || strings.HasPrefix(path, ".metadata.labels")
	}
	if tree, whole := strings.CutSuffix(place, "."); whole {
		return path == tree || strings.HasPrefix(path, place) || strings.HasPrefix(path, tree+"[")
	}
	inner, anywhere := strings.CutPrefix(place, "*")
	if !anywhere {
		return path == place
	}
	return strings.HasSuffix(path, inner) || strings.HasSuffix(inner, "]") && strings.Contains(path, inner+".")
}

// Judge notes places of an object.
func (r *Result) Judge(o finding.Object, places ...string) {
	if r.Judged == nil {
		r.Judged = map[finding.Object][]string{}
	}
	r.Judged[o] = append(r.Judged[o], places...)
}

// Add takes a claim that holds.
func (r *Result) Add(c Claim, names [2]string, allows func(side int) bool) error {
	f, err := c.Checked(names, allows)
	if err == nil {
		r.Findings = append(r.Findings, f)
	}
	return err
}
