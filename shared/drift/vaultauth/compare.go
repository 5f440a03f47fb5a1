package vaultauth

import (
	"maps"
	"reflect"
	"slices"

	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// Compare holds mounts of one path, and roles of one mount and name, against
// one another. A role without a mount, or one that is there twice, is an error;
// so is a witness that fails its check (finding.ErrBug).
func Compare(from, to Side, o Options) (*verdict.Result, error) {
	o = o.filled()
	var sides [2]*indexed
	for i, side := range [2]Side{from, to} {
		var err error
		if sides[i], err = side.index(o.Names[i]); err != nil {
			return nil, err
		}
	}
	result := &verdict.Result{}
	compareAll(result, sides[0].mounts, sides[1].mounts)
	compareAll(result, sides[0].roles, sides[1].roles)
	finding.Sort(result.Findings)
	return result, nil
}

func compareAll[T interface{ Object() finding.Object }](result *verdict.Result, a, b map[string]T) {
	both := maps.Clone(a)
	maps.Copy(both, b)
	for _, name := range slices.Sorted(maps.Keys(both)) {
		_, here := a[name]
		_, there := b[name]
		if here && there && reflect.DeepEqual(a[name], b[name]) {
			continue
		}
		says := map[bool]string{true: "has it", false: "does not have it"}
		result.Findings = append(result.Findings, finding.Finding{
			Control: Control, Severity: finding.High, Direction: finding.Different, Object: both[name].Object(),
			From: says[here], To: says[there], Explanation: "the two sides say different things of it",
		}.Identified("form"))
	}
}
