package main

import (
	"time"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/driftcheck"
	"github.com/clawql/clawql-workbench/shared/driftfix"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/urfave/cli/v2"
)

func fixCommand() *cli.Command {
	return &cli.Command{
		Name: "fix", Usage: "print what makes the controls of --from those of --to, and prove it",
		Description: aboutFix,
		Flags:       []cli.Flag{cmdline.OutputFlag(output.Table, output.JSON, output.YAML)},
		Action:      fix,
	}
}

const aboutFix = `
Prints commands and objects for NetworkPolicies, roles and bindings, Panguard and
ATR configuration, a namespace's Pod Security standard and the security of pods.
Nothing is changed in any cluster. The plan is applied in memory and both sides
are compared again: 0 means that --from is then nowhere more permissive, 1 that
something is left, which is listed.

Images, variables, other ConfigMaps and Secrets are not written out, since they
may hold secret values: deploy the same version, and set Secrets yourself.
`

// fixing is the result.
type fixing struct {
	o      options
	plan   *driftfix.Plan
	before *driftcheck.Report
	after  *driftcheck.Report
}

// left are the more permissive findings that the plan does not take away.
func (f fixing) left() (list []finding.Finding) {
	for _, one := range f.after.Findings {
		if one.Direction == finding.MorePermissive {
			list = append(list, one)
		}
	}
	return list
}

func fix(c *cli.Context) error {
	o, err := parse(c)
	if err != nil {
		return err
	}
	f, err := plannedFix(c, o)
	if err != nil {
		return err
	}
	if err := f.show(cmdline.Streams(c), cmdline.Format(c)); err != nil {
		return err
	}
	return output.Reported(f.verdict())
}

func (f fixing) verdict() error {
	switch n := len(f.left()); {
	case len(f.after.Incomplete) > 0:
		return fault.Unable("%s could not be compared: that nothing is left is not proven", console.Count(len(f.after.Incomplete), "thing"))
	case n > 0:
		return fault.No("%s would be left in which --from is more permissive", console.Count(n, "finding"))
	}
	return nil
}

// plannedFix reads both sides once, compares, plans, applies the plan in memory
// and compares again.
func plannedFix(c *cli.Context, o options) (*fixing, error) {
	reader, quiet := driftcheck.NewReader(), func(string) {}
	from, _, err := o.read(c.Context, o.from, reader, quiet)
	if err != nil {
		return nil, err
	}
	to, _, err := o.read(c.Context, o.to, reader, quiet)
	if err != nil {
		return nil, err
	}
	compare := func(from driftcheck.Side) (*driftcheck.Report, error) {
		report, err := driftcheck.Compare(c.Context, from, to, o.mapping)
		if err == nil {
			report.Except(o.exceptions, time.Now())
		}
		return report, err
	}
	f := &fixing{o: o}
	if f.before, err = compare(from); err != nil {
		return nil, err
	}
	trees := driftcheck.Trees(from.Objects)
	f.plan, err = driftfix.Make(trees, driftcheck.Trees(to.Objects), driftfix.Options{
		Namespaces: o.mapping.Namespaces, Labels: o.mapping.Labels, CIDRs: o.mapping.CIDRs, Skip: excepted(f.before, o), Hidden: driftcheck.Sealed,
	})
	if err != nil {
		return nil, err
	}
	applied, err := f.plan.Applied(trees)
	if err != nil {
		return nil, err
	}
	after := from
	if after.Objects, err = driftcheck.Objects(applied); err != nil {
		return nil, err
	}
	f.after, err = compare(after)
	return f, err
}

// excepted are the objects that an exception speaks of. Findings name them as
// `to` does, in part; a plan as `from` does.
func excepted(r *driftcheck.Report, o options) func(finding.Object) bool {
	names := map[[3]string]bool{}
	for _, e := range r.Excepted {
		names[[3]string{e.Object.Kind, e.Object.Namespace, e.Object.Name}] = true
	}
	return func(of finding.Object) bool {
		namespace := of.Namespace
		if mapped, known := o.mapping.Namespaces[namespace]; known {
			namespace = mapped
		}
		return names[[3]string{of.Kind, namespace, of.Name}] || names[[3]string{of.Kind, of.Namespace, of.Name}]
	}
}
