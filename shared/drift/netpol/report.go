package netpol

import (
	"fmt"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// findings makes one of each object that is to blame, in both directions.
func (e *engine) findings() ([]finding.Finding, error) {
	var list []finding.Finding
	for allows := range e.sides {
		for _, b := range cover(e.sortedCauses(allows)) {
			f, err := e.finding(allows, b)
			if err != nil {
				return nil, err
			}
			list = append(list, f)
		}
	}
	return list, nil
}

func (e *engine) finding(allows int, b blame) (finding.Finding, error) {
	connections, verdicts, err := e.check(e.readableRegion(b.best(), b.object))
	if err != nil {
		return finding.Finding{}, err
	}
	f := finding.Finding{
		Control: Control, Object: b.object, Direction: finding.MorePermissive, Severity: b.severity(),
		From: reason(connections[from], verdicts[from]), To: reason(connections[to], verdicts[to]),
		Witness:     connections[allows].witness(),
		Explanation: e.explain(allows, b, connections[allows]),
		LastChanged: e.lastChanged(b.object),
	}
	if allows == to {
		f.Direction, f.Severity = finding.Stricter, finding.Warning
	}
	return f.Identified(""), nil
}

func (b blame) best() *region {
	best := b.causes[0].best
	for _, c := range b.causes[1:] {
		if c.best.score() > best.score() {
			best = c.best
		}
	}
	return best
}

// severity of a more permissive side: no isolation at all towards the outside
// is critical, any other connection high.
func (b blame) severity() finding.Severity {
	if slices.ContainsFunc(b.causes, func(c *cause) bool { return c.bare }) {
		return finding.Critical
	}
	return finding.High
}

// explain says what the difference is, and how far it goes.
func (e *engine) explain(allows int, b blame, c Connection) string {
	var ports []string
	var all [len(protocols)]spans
	for _, one := range b.causes {
		for i := range protocols {
			all[i] = all[i].or(one.ports[i])
		}
	}
	for i, set := range all {
		if len(set) > 0 {
			ports = append(ports, fmt.Sprintf("%s %s", protocols[i], set))
		}
	}
	return fmt.Sprintf("%s lets %s reach %s on %d/%s, %s does not; ports in all: %s",
		e.names[allows], c.Src, c.Dst, c.Port, c.Protocol, e.names[1-allows], strings.Join(ports, ", "))
}

// reason says in a few words why a side allows or denies a connection: of a
// denied one, the ends that deny it.
func reason(c Connection, v Verdict) string {
	var parts []string
	if c.Src.Namespace != "" && (v.Allowed() || !v.Egress.Open()) {
		parts = append(parts, v.Egress.say(egress))
	}
	if c.Dst.Namespace != "" && (v.Allowed() || !v.Ingress.Open()) {
		parts = append(parts, v.Ingress.say(ingress))
	}
	return yes(v.Allowed()) + ": " + strings.Join(parts, "; ")
}

func (e End) say(d direction) string {
	switch {
	case len(e.Isolating) == 0:
		return fmt.Sprintf("no policy for %s", d)
	case len(e.Allowing) > 0:
		return fmt.Sprintf("%s by %s", d, strings.Join(e.Allowing, ", "))
	}
	return fmt.Sprintf("%s isolated by %s, no rule allows it", d, strings.Join(e.Isolating, ", "))
}

// lastChanged of the object on the side that was written to last.
func (e *engine) lastChanged(object finding.Object) *finding.Change {
	var last *finding.Change
	for s := range e.policies {
		for _, p := range e.policies[s][object.Namespace] {
			if objectOf(p.object) != object {
				continue
			}
			if c := finding.LastChange(p.object.ManagedFields); c != nil && (last == nil || c.Time.After(last.Time)) {
				last = c
			}
		}
	}
	return last
}

func workloadObject(w *Workload) finding.Object {
	kind, name, split := strings.Cut(w.Name, "/")
	if !split {
		kind, name = "Pod", w.Name
	}
	return finding.Object{Kind: kind, Namespace: w.Namespace, Name: name}
}
