package netpol

import (
	"fmt"
	"net/netip"
	"slices"

	"go4.org/netipx"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// Control is the name under which findings of this package stand.
const Control = "NetworkPolicy"

// Limits bound the work. Beyond one the result is incomplete, never equal.
type Limits struct {
	// Cells is how many kinds of pods to come (in boxes of label values) one
	// namespace may have, and how many kinds of namespaces there may be.
	Cells int
	// Pairs is how many pairs of kinds of endpoints are compared.
	Pairs int
}

// DefaultLimits are what a comparison with zero Limits has: some ten seconds of
// work at most, and far more than policies that people wrote have needed.
var DefaultLimits = Limits{Cells: 4096, Pairs: 4_000_000}

// Options are what a comparison needs to know besides the sides.
type Options struct {
	// Names of the sides in texts, "from" and "to" by default.
	Names [2]string
	// PodNetworks are where pods get their addresses; none is anywhere.
	PodNetworks []netip.Prefix
	Limits      Limits
}

// Result is what a comparison says. It is equal only if both lists are empty.
type Result struct {
	Findings []finding.Finding // in the order of finding.Sort
	// Incomplete says what was not compared, and why.
	Incomplete []string
	// Silent are policies whose text differs and that no finding names: alone,
	// they let nothing more and nothing less through.
	Silent []finding.Object
}

type engine struct {
	table
	sides       [2]Side
	policies    [2]map[string][]*policy
	changed     map[string]bool // namespaces whose policies differ
	podNetworks *netipx.IPSet
	limits      Limits
	names       [2]string
	questions   questions
	skipped     []string
	compared    int // pairs
	cases       map[string]*cause
	cuts        map[cut][]addrCell
}

// Compare says which connections one side's policies allow and the other's do
// not, as one finding an object that is the cause, each with a witness that
// Evaluate confirmed. A policy that cannot be read is an error; so is a witness
// that fails its check (finding.ErrBug).
func Compare(a, b Side, o Options) (*Result, error) {
	e, err := prepare(a, b, o)
	if err != nil {
		return nil, fault.Unable("comparing network policies: %w", err)
	}
	e.walk(e.classes(e.spaces(e.sides), pairUp(e.sides)))
	findings, err := e.findings()
	if err != nil {
		return nil, err
	}
	finding.Sort(findings)
	return &Result{Findings: findings, Incomplete: e.skipped, Silent: e.silent(findings)}, nil
}

func prepare(a, b Side, o Options) (*engine, error) {
	e := &engine{sides: [2]Side{a, b}, names: o.Names, limits: o.Limits, cases: map[string]*cause{}}
	if e.names == [2]string{} {
		e.names = [2]string{"from", "to"}
	}
	if e.limits == (Limits{}) {
		e.limits = DefaultLimits
	}
	for _, p := range o.PodNetworks {
		if !p.IsValid() {
			return nil, fault.Usage("pod network %s: it must be a CIDR", p)
		}
	}
	e.podNetworks = setOf(o.PodNetworks)
	for s, side := range e.sides {
		if err := checkWorkloads(side.Workloads); err != nil {
			return nil, fmt.Errorf("side %s: %w", e.names[s], err)
		}
		var err error
		if e.policies[s], err = e.compile(side.Policies); err != nil {
			return nil, fmt.Errorf("side %s: %w", e.names[s], err)
		}
	}
	var err error
	e.changed, err = markDifferences(e.policies)
	return e, err
}

func checkWorkloads(list []Workload) error {
	for _, w := range list {
		if w.Namespace == "" || w.Name == "" {
			return fault.Unable("workload %q of namespace %q: both must be named", w.Name, w.Namespace)
		}
		for _, p := range w.Ports {
			if protocolIndex(p.Protocol) < 0 || p.Number < 1 || p.Number > 65535 {
				return fault.Unable("workload %s/%s: port %q %d/%s: it must be 1 to 65535 of TCP, UDP or SCTP", w.Namespace, w.Name, p.Name, p.Number, p.Protocol)
			}
		}
	}
	return nil
}

func (e *engine) incomplete(format string, args ...any) {
	e.skipped = append(e.skipped, fmt.Sprintf(format, args...))
}

// walk compares each pair of classes of which at least one is affected: the
// source as to what it may send, or the destination as to what it may receive.
func (e *engine) walk(classes []*class) {
	var receivers []*class // that are affected, and those that may be by their labels
	for _, c := range classes {
		if c.affected(ingress) {
			receivers = append(receivers, c)
		}
	}
	for _, src := range classes {
		targets := receivers
		if src.affected(egress) {
			targets = classes
		}
		for _, dst := range targets {
			if src.outside() && dst.outside() {
				continue
			}
			if e.compared >= e.limits.Pairs {
				e.incomplete("more than %d pairs of kinds of endpoints; the first %d were compared", e.limits.Pairs, e.compared)
				return
			}
			e.compare(src, dst, e.record)
		}
	}
}

// silent are the policies that differ and that no finding speaks of.
func (e *engine) silent(findings []finding.Finding) []finding.Object {
	var list []finding.Object
	for s := range e.policies {
		for _, policies := range e.policies[s] {
			for _, p := range policies {
				object := objectOf(p.object)
				named := slices.ContainsFunc(findings, func(f finding.Finding) bool { return f.Object == object })
				if p.differs && !named {
					list = append(list, object)
				}
			}
		}
	}
	slices.SortFunc(list, finding.CompareObjects)
	return slices.Compact(list)
}
