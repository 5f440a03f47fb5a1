package finding

import (
	"cmp"
	"slices"
)

// directions in the order of reports; what is no direction comes first.
var directions = []Direction{MorePermissive, Different, Stricter}

// Sort brings findings into the order of reports: more permissive first, then
// the worst, then by control, object and id. The order of the input does not
// matter.
func Sort(list []Finding) {
	slices.SortFunc(list, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(slices.Index(directions, a.Direction), slices.Index(directions, b.Direction)),
			cmp.Compare(a.Severity.rank(), b.Severity.rank()),
			cmp.Compare(a.Control, b.Control),
			CompareObjects(a.Object, b.Object),
			cmp.Compare(a.ID, b.ID),
		)
	})
}

// CompareObjects orders objects by kind, namespace, name and version.
func CompareObjects(a, b Object) int {
	return cmp.Or(
		cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Namespace, b.Namespace),
		cmp.Compare(a.Name, b.Name),
		cmp.Compare(a.APIVersion, b.APIVersion),
	)
}

// Summary counts findings by direction.
type Summary struct {
	MorePermissive int `json:"morePermissive"`
	Stricter       int `json:"stricter"`
	Different      int `json:"different"`
}

// Summarize counts list. What is neither more permissive nor stricter counts
// as different: nothing is left out.
func Summarize(list []Finding) Summary {
	var s Summary
	for _, f := range list {
		switch f.Direction {
		case MorePermissive:
			s.MorePermissive++
		case Stricter:
			s.Stricter++
		default:
			s.Different++
		}
	}
	return s
}

// Status is the verdict of a whole comparison.
type Status string

// The verdicts. Incomplete wins over both others: what was not compared is
// never called equal, and a list of findings that is not whole says so.
const (
	Equal      Status = "equal"
	Drift      Status = "drift"
	Incomplete Status = "incomplete"
)

// Judge is the verdict over findings and over what could not be compared.
func Judge(list []Finding, incomplete []string) Status {
	switch {
	case len(incomplete) > 0:
		return Incomplete
	case len(list) > 0:
		return Drift
	}
	return Equal
}
