package rbac

import (
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// unready are the bindings of one side to a role that does not exist there,
// where the other side does not say the same. They grant nothing today, and take
// force as soon as somebody makes the role. In a folder such a role may exist
// elsewhere: that makes the result incomplete.
func (e *engine) unready() (findings []finding.Finding) {
	for side := range e.sides {
		if e.sides[side].Partial {
			continue
		}
		for _, l := range e.indexes[side].loose {
			var who []string
			for _, p := range l.subjects {
				if !e.alsoBound(p, side, l) && !slices.Contains(who, p.String()) {
					who = append(who, p.String())
				}
			}
			if len(who) > 0 {
				findings = append(findings, e.unreadyFinding(side, l, who))
			}
		}
	}
	return findings
}

// alsoBound: the other side gives the same role to p in the same place, and
// lacks it too or shows what p has by it.
func (e *engine) alsoBound(p principal, side int, l loose) bool {
	same := func(b *binding) bool { return b.namespace == l.namespace && b.role == l.role }
	return slices.ContainsFunc(e.indexes[1-side].loose, func(other loose) bool {
		return same(other.binding) && slices.ContainsFunc(other.subjects, func(q principal) bool { return q.key() == p.key() })
	}) || slices.ContainsFunc(e.gaps(p, 1-side), func(g gap) bool { return same(g.by) })
}

func (e *engine) unreadyFinding(side int, l loose, who []string) finding.Finding {
	says := [2]string{"has no such binding without its role", "has no such binding without its role"}
	says[side] = "binds " + l.role + ", which is not there"
	return finding.Finding{
		Control: Control, Severity: finding.Warning, Direction: finding.Different, Object: l.object,
		From: says[from], To: says[to], LastChanged: l.changed,
		Explanation: strings.Join(who, ", ") + " gets whatever " + l.role + " will say in " + e.names[side] + ", as soon as somebody makes it",
	}.Identified("missing role of " + [2]string{"from", "to"}[side])
}
