package driftcheck

import (
	"cmp"
	"context"
	"maps"
	"net/netip"
	"slices"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// Options say what of `from` is the same thing under another name in `to`.
type Options struct {
	Namespaces map[string]string             // by name
	Labels     map[string]string             // "key=value" by "key=value", or "key" by "key"
	CIDRs      map[netip.Prefix]netip.Prefix // of one family and length
}

// Report is what a comparison says.
type Report struct {
	Status     finding.Status
	Summary    finding.Summary
	Findings   []finding.Finding // in the order of finding.Sort
	Incomplete []string
	Excepted   []Excepted // findings that do not count, see Except
	Warnings   []string   // exceptions that expired, or cover nothing
	Notes      []string   // what nobody asked to compare, such as a Vault that neither side names
	Objects    int        // that were compared, of both sides
}

// comparison is one run.
type comparison struct {
	ctx    context.Context
	from   Side // as it was read: some comparers map its names by themselves
	moved  Side // from, each object under its name and namespace in to
	to     Side
	names  [2]string
	o      Options
	sealer *sealer
	report *Report
	judged map[key][]func(path string) bool // of what a comparer of meaning has spoken; "" is that an object exists
}

// Compare compares two sides. An error means that nothing can be said.
func Compare(ctx context.Context, from, to Side, o Options) (_ *Report, err error) {
	o.Namespaces = swapped(o.Namespaces)
	c := &comparison{
		ctx: ctx, from: from, to: to, names: [2]string{from.Name, to.Name}, o: o, sealer: newSealer(),
		report: &Report{Objects: len(from.Objects) + len(to.Objects) + vaultOf(from).size() + vaultOf(to).size()}, judged: map[key][]func(string) bool{},
	}
	c.moved = from
	c.moved.Objects = make([]*Object, len(from.Objects))
	for i, o := range from.Objects {
		if c.moved.Objects[i], err = c.renamed(o); err != nil {
			return nil, err
		}
	}
	c.report.Incomplete = append(append(c.report.Incomplete, from.Incomplete...), to.Incomplete...)
	place := len(c.report.Incomplete)
	network := c.network() // the longest work, beside the others
	for _, compare := range []func() error{c.rbac, c.podSecurity, c.vault, c.panguard, c.threatRules, c.admission, c.webhooks, c.mesh, c.roles, c.images, c.structure} {
		if err = cmp.Or(err, ctx.Err()); err == nil {
			err = compare()
		}
	}
	connections, failed := network()
	if err = cmp.Or(err, failed); err != nil {
		return nil, err
	}
	r := c.report
	r.Findings, r.Incomplete = append(r.Findings, connections.Findings...), slices.Insert(r.Incomplete, place, connections.Incomplete...)
	r.standing(from, to)
	finding.Sort(r.Findings)
	r.Status, r.Summary = finding.Judge(r.Findings, r.Incomplete), finding.Summarize(r.Findings)
	return r, nil
}

// swapped makes of a mapping an exchange: where staging stands for production,
// `from` speaking of production speaks of the other environment, as `to` does
// when it speaks of staging. Without this the two would pass for one.
func swapped(names map[string]string) map[string]string {
	all := maps.Clone(names)
	for a, b := range names {
		if _, mapped := names[b]; !mapped {
			all[b] = a
		}
	}
	return all
}

// take notes what a comparer of meaning found.
func (c *comparison) take(findings []finding.Finding, incomplete []string) {
	c.report.Findings = append(c.report.Findings, findings...)
	c.report.Incomplete = append(c.report.Incomplete, incomplete...)
}

func (c *comparison) namespace(name string) string {
	if renamed, known := c.o.Namespaces[name]; known {
		return renamed
	}
	return name
}

// renamed is an object of `from` under its names in `to`: its own place. What
// its fields refer to is the business of the comparers.
func (c *comparison) renamed(o *Object) (*Object, error) {
	if o.isNamespace() {
		return c.renamedNamespace(o)
	}
	if name := c.namespace(o.namespace); o.namespace != "" && name != o.namespace {
		return o.in(name), nil
	}
	return o, nil
}

func (c *comparison) renamedNamespace(o *Object) (*Object, error) {
	tree := o.Tree()
	tree.SetName(c.namespace(o.name))
	if labels := tree.GetLabels(); labels["kubernetes.io/metadata.name"] != "" {
		labels["kubernetes.io/metadata.name"] = tree.GetName()
		tree.SetLabels(labels)
	}
	if o.namespace != "" {
		tree.SetNamespace(c.namespace(o.namespace))
	}
	return newObject(tree)
}
