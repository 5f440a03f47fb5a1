package rbac

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// Control is the name under which findings of this package stand.
const Control = "RBAC"

// from and to number the sides.
const (
	from = 0
	to   = 1
)

// Options are what a comparison needs to know besides the sides.
type Options struct {
	// Names of the sides in texts, "from" and "to" by default.
	Names [2]string
}

// Result is what a comparison says. It is equal only if both lists are empty.
type Result struct {
	Findings   []finding.Finding // in the order of finding.Sort
	Incomplete []string          // what was not compared, and why
}

type engine struct {
	sides   [2]Side
	indexes [2]*index
	names   [2]string
	fresh   string // a word that no rule knows
	known   [2]map[string][]gap
	all     []principal // that a binding of either side names
}

// Compare says which requests one side allows a subject and the other does not:
// one finding a subject and direction, with the gravest request as its witness,
// which Evaluate confirmed. Roles that nobody has yet, and bindings to roles
// that are not there, are "different" (see idle and unready). Objects that cannot be read are an error; so is a
// witness that fails its check (finding.ErrBug).
func Compare(a, b Side, o Options) (*Result, error) {
	e := &engine{sides: [2]Side{a, b}, names: o.Names, known: [2]map[string][]gap{{}, {}}}
	if e.names == [2]string{} {
		e.names = [2]string{"from", "to"}
	}
	result := &Result{}
	for s, side := range e.sides {
		var err error
		if e.indexes[s], err = newIndex(side); err != nil {
			return nil, fault.Unable("comparing RBAC: side %s: %w", e.names[s], err)
		}
		if side.Partial {
			for _, missing := range e.indexes[s].missing {
				result.Incomplete = append(result.Incomplete, "side "+e.names[s]+": "+missing+", which is not among the given objects")
			}
		}
	}
	e.fresh, e.all = e.freshWord(), principals(e.sides)
	for _, p := range e.all {
		for allows := range e.sides {
			f, err := e.finding(p, allows)
			if err != nil {
				return nil, err
			}
			if f != nil {
				result.Findings = append(result.Findings, *f)
			}
		}
	}
	result.Findings = append(append(result.Findings, e.idle()...), e.unready()...)
	finding.Sort(result.Findings)
	slices.Sort(result.Incomplete)
	return result, nil
}

// freshWord is in no verb, name or path of either side.
func (e *engine) freshWord() string {
	var text strings.Builder
	for _, side := range e.indexes {
		for _, by := range []map[string][]*binding{side.users, side.groups} {
			for _, list := range by {
				for _, b := range list {
					for _, p := range b.parts {
						text.WriteString(p.verb + " " + p.group + " " + p.resource + " " + p.name + " " + p.path + " ")
					}
					text.WriteString(b.namespace + " ")
				}
			}
		}
	}
	return unlike(text.String())
}

func unlike(text string) string {
	word := "other"
	for i := 2; strings.Contains(text, word); i++ {
		word = fmt.Sprintf("other%d", i)
	}
	return word
}

// gap is a part that one side grants somewhere and the other does not cover.
type gap struct {
	part  part
	by    *binding
	where string // namespace; empty for everywhere
}

// gaps of what side allows gives to p. Rules of one namespace are held against
// all that the other side grants there.
func (e *engine) gaps(p principal, allows int) []gap {
	list, known := e.known[allows][p.key()]
	if !known {
		list = e.findGaps(p, allows)
		e.known[allows][p.key()] = list
	}
	return slices.Clone(list)
}

func (e *engine) findGaps(p principal, allows int) []gap {
	theirs := e.indexes[1-allows].of(p)
	var list []gap
	seen := map[gap]bool{}
	for _, b := range e.indexes[allows].of(p) {
		for _, one := range b.parts {
			g := gap{part: one, where: b.namespace}
			if one.path != "" && b.namespace != "" || seen[g] || covered(theirs, g) {
				continue // a path has no namespace: a RoleBinding grants none
			}
			seen[g] = true
			g.by = b
			list = append(list, g)
		}
	}
	return list
}

func covered(bindings []*binding, g gap) bool {
	return slices.ContainsFunc(bindings, func(b *binding) bool {
		return (b.namespace == "" || b.namespace == g.where) &&
			slices.ContainsFunc(b.parts, func(q part) bool { return q.covers(g.part) })
	})
}

// throughGroup: a group of p, itself a subject, has the same gap; it is reported
// there.
func (e *engine) throughGroup(p principal, allows int, g gap) bool {
	return slices.ContainsFunc(p.groups, func(name string) bool {
		if p.isGroup(name) {
			return false
		}
		group, is := principalOf(groupSubject(name), "")
		return is && slices.ContainsFunc(e.gaps(group, allows), func(h gap) bool {
			return (h.where == "" || h.where == g.where) && h.part.covers(g.part)
		})
	})
}

// finding of what one side allows p and the other does not; nil for nothing.
func (e *engine) finding(p principal, allows int) (*finding.Finding, error) {
	gaps := slices.DeleteFunc(e.gaps(p, allows), func(g gap) bool { return e.throughGroup(p, allows, g) })
	if len(gaps) == 0 {
		return nil, nil
	}
	var best *witness
	for _, g := range gaps {
		w, err := e.witness(p, allows, g)
		if err != nil {
			return nil, err
		}
		if best == nil || w.graver(best) {
			best = w
		}
	}
	answers, err := e.check(best, allows)
	if err != nil {
		return nil, err
	}
	f := finding.Finding{
		Control: Control, Severity: best.severity, Direction: finding.MorePermissive, Object: p.object(),
		From: e.say(from, best, answers), To: e.say(to, best, answers),
		Witness: best.finding(p), Explanation: e.explain(p, allows, gaps), LastChanged: best.gap.by.changed,
	}
	if allows == to {
		f.Direction, f.Severity = finding.Stricter, finding.Warning
	}
	f = f.Identified("")
	return &f, nil
}

func (e *engine) say(side int, w *witness, answers [2]Answer) string {
	if a := answers[side]; a.Allowed {
		return fmt.Sprintf("can %s: %s -> %s", w.request, a.Binding, a.Role)
	}
	return fmt.Sprintf("cannot %s", w.request)
}

// explain lists what the subject may do on one side alone, resource by
// resource.
func (e *engine) explain(p principal, allows int, gaps []gap) string {
	return fmt.Sprintf("%s lets %s, and %s does not: %s", e.names[allows], p, e.names[1-allows], summary(gaps, gap.what))
}

// summary names verbs resource by resource, the first few.
func summary(gaps []gap, what func(gap) string) string {
	verbs := map[string][]string{}
	for _, g := range gaps {
		verbs[what(g)] = append(verbs[what(g)], g.part.verb)
	}
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(verbs)) {
		slices.Sort(verbs[what])
		parts = append(parts, strings.Join(slices.Compact(verbs[what]), ",")+" "+what)
	}
	const shown = 6
	more := ""
	if len(parts) > shown {
		more = fmt.Sprintf("; and %d more", len(parts)-shown)
		parts = parts[:shown]
	}
	return strings.Join(parts, "; ") + more
}

func (g gap) what() string {
	switch {
	case g.part.path != "":
		return g.part.path
	case g.where == "":
		return g.thing() + " everywhere"
	}
	return g.thing() + " in " + g.where
}

// thing is what a part is about, wherever.
func (g gap) thing() string {
	if g.part.path != "" {
		return g.part.path
	}
	resource, sub, _ := strings.Cut(g.part.resource, "/")
	text := resourceText(g.part.group, resource, sub)
	if !g.part.anyName {
		text += " " + g.part.name
	}
	return text
}
