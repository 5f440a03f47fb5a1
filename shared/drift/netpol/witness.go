package netpol

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// candidates is how many existing workloads of a cell are tried as an end of a
// witness.
const candidates = 3

// readableRegion is a region of the same causes between workloads that exist,
// where there is one, else r.
func (e *engine) readableRegion(r *region, object finding.Object) *region {
	best, score := r, -1<<30
	for _, src := range e.stand(r.src) {
		for _, dst := range e.stand(r.dst) {
			e.compare(src, dst, func(found *region) {
				if found.allows != r.allows || found.concreteness() <= score {
					return
				}
				found.byCause(func(part *region, objects []finding.Object) {
					if slices.Contains(objects, object) && part.concreteness() > score {
						best, score = part, part.concreteness()
					}
				})
			})
		}
	}
	return best
}

func (r *region) concreteness() int {
	score := r.score()
	for _, c := range []*class{r.src, r.dst} {
		if c.load != nil {
			score += 50
		}
	}
	if r.src.load != nil && r.src.load == r.dst.load {
		score -= 20 // two pods of one workload
	}
	return score
}

// stand is the workloads that may stand for a class, and the class itself.
func (e *engine) stand(c *class) []*class {
	list := []*class{c}
	for _, pair := range c.members[:min(candidates, len(c.members))] {
		list = append(list, e.workload(c.space, pair))
	}
	return list
}

// connection is one connection of the region, as a side sees it.
func (r *region) connection(side int) Connection {
	port := r.ports.readable()
	c := Connection{Protocol: protocols[r.protocol], Port: port}
	c.Src = r.src.endpoint(side, r.srcCell)
	c.Dst = r.dst.endpoint(side, r.dstCell)
	for _, name := range r.carried {
		c.Dst.Ports = append(c.Dst.Ports, ContainerPort{Name: name, Protocol: c.Protocol, Number: port})
	}
	return c
}

func (c *class) endpoint(side int, cell addrCell) Endpoint {
	end := Endpoint{}
	if c.outside() || !cell.anything() {
		end.Addr = cell.readable()
	}
	if c.outside() {
		return end
	}
	end.NamespaceLabels, end.Namespace = c.space.labels[side], c.space.name
	if end.Namespace == "" {
		end.Namespace = end.NamespaceLabels[NameLabel]
	}
	if c.load == nil {
		end.Labels = sample(c.boxes)
		return end
	}
	end.Name, end.Labels, end.Ports = c.load[side].Name, c.load[side].Labels, c.load[side].Ports
	return end
}

// check asks Evaluate about the witness, on both sides.
func (e *engine) check(r *region) ([2]Connection, [2]Verdict, error) {
	var connections [2]Connection
	var verdicts [2]Verdict
	for side := range verdicts {
		connections[side] = r.connection(side)
		var err error
		if verdicts[side], err = Evaluate(e.sides[side].Policies, connections[side]); err != nil {
			return connections, verdicts, fault.Unable("checking witness %s: %w", connections[side], err)
		}
		if verdicts[side].Allowed() != (side == r.allows) {
			return connections, verdicts, finding.Bug(Control, connections[side].String(), yes(side == r.allows)+" by "+e.names[side], yes(verdicts[side].Allowed()))
		}
	}
	return connections, verdicts, nil
}

func yes(allowed bool) string {
	if allowed {
		return "allowed"
	}
	return "denied"
}

// String is the connection in one line.
func (c Connection) String() string {
	return fmt.Sprintf("%s -> %s port %d/%s", c.Src, c.Dst, c.Port, c.Protocol)
}

// String names a workload; describes a pod that does not exist yet; or is an
// address.
func (e Endpoint) String() string {
	at := ""
	if e.Addr.IsValid() {
		at = e.Addr.String()
	}
	switch {
	case e.Namespace == "":
		return at
	case e.Name != "":
		at = e.Namespace + "/" + e.Name + inParens(at)
	case len(e.Labels) == 0:
		at = "a new pod without labels in " + e.Namespace + inParens(at)
	default:
		at = "a new pod " + labelText(e.Labels) + " in " + e.Namespace + inParens(at)
	}
	return at
}

func inParens(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

func labelText(labels map[string]string) string {
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, key+"="+labels[key])
	}
	return strings.Join(parts, ",")
}

// witness as reports carry it.
func (c Connection) witness() *finding.Witness {
	details := map[string]string{"port": fmt.Sprint(c.Port), "protocol": string(c.Protocol)}
	c.Src.describe("source", details)
	c.Dst.describe("destination", details)
	return &finding.Witness{Kind: "connection", Text: c.String(), Details: details}
}

func (e Endpoint) describe(role string, details map[string]string) {
	put := func(key, value string) {
		if value != "" {
			details[role+key] = value
		}
	}
	if e.Addr != (netip.Addr{}) {
		put("Address", e.Addr.String())
	}
	put("Namespace", e.Namespace)
	put("Workload", e.Name)
	put("Labels", labelText(e.Labels))
	put("NamespaceLabels", labelText(e.NamespaceLabels))
}
