package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/hookinstall"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/urfave/cli/v2"
)

const aboutStatus = `
Asks git where it looks for each hook, and runs what stands there with a probe
that only ours can answer. Looks at the other work trees and at submodules,
and at what the hooks need.
`

func statusCommand() *cli.Command {
	return &cli.Command{
		Name: "status", Usage: "prove that the hooks run, and name what is missing",
		Description: aboutStatus, Flags: []cli.Flag{cmdline.OutputFlag(output.Table, output.JSON)},
		Action: func(c *cli.Context) error {
			report, err := surveyHooks(c.Context)
			if err != nil {
				return err
			}
			s := cmdline.Streams(c)
			if cmdline.Format(c) == output.JSON {
				err = output.Encode(s.Out, output.JSON, report)
			} else {
				err = report.write(s.Out)
			}
			if err != nil {
				return err
			}
			return output.Reported(report.verdict())
		},
	}
}

// hooksStatus is the object that -o json writes.
type hooksStatus struct {
	output.Header `json:",inline"`
	Git           string              `json:"git"`
	Repository    string              `json:"repository"`
	HooksFolder   string              `json:"hooksFolder"`
	Settings      []hooksPath         `json:"hooksPath"`
	Hooks         []hookinstall.Check `json:"hooks"`
	Checks        []hookinstall.Check `json:"checks"`

	site *hookinstall.Site
}

type hooksPath struct {
	Value  string `json:"value"`
	Scope  string `json:"scope"`
	Origin string `json:"origin"`
}

func surveyHooks(ctx context.Context) (*hooksStatus, error) {
	here, err := os.Getwd()
	if err != nil {
		return nil, fault.Unable("find the current folder: %w", err)
	}
	site, err := hookinstall.Look(ctx, here)
	if err != nil {
		return nil, err
	}
	dir := site.Top
	if dir == "" {
		dir = site.Common
	}
	program, err := ownProgram()
	if err != nil {
		return nil, err
	}
	report := &hooksStatus{
		Header: output.Head("HooksStatus"), Git: site.GitVersion, Repository: dir, HooksFolder: site.Where,
		Hooks: site.HookChecks(ctx, dir), Checks: site.SiteChecks(program), Settings: []hooksPath{}, site: site,
	}
	for _, one := range site.Settings {
		report.Settings = append(report.Settings, hooksPath(one))
	}
	if site.Top != "" {
		report.Checks = append(report.Checks, elsewhere(ctx, site)...)
	}
	report.Checks = append(report.Checks, policyCheck(ctx, dir), agentToolCheck(ctx, dir))
	report.Checks = append(report.Checks, signingChecks(ctx, dir)...)
	return report, nil
}

// elsewhere looks at the other work trees and at submodules.
func elsewhere(ctx context.Context, site *hookinstall.Site) []hookinstall.Check {
	var all []hookinstall.Check
	trees, err := site.Worktrees(ctx, site.Top)
	all = append(all, covered(ctx, "work tree", trees, err, "git clawql-hooks install")...)
	inside, err := hookinstall.Submodules(ctx, site.Top)
	return append(all, covered(ctx, "submodule", inside, err, "git clawql-hooks install --recurse-submodules")...)
}

func covered(ctx context.Context, what string, dirs []string, err error, fix string) []hookinstall.Check {
	if err != nil {
		return []hookinstall.Check{{ID: what, State: hookinstall.Unknown, Looked: err.Error()}}
	}
	var all []hookinstall.Check
	for _, dir := range dirs {
		one := hookinstall.Check{ID: what, State: hookinstall.OK, Looked: dir}
		ok, err := hookinstall.Covered(ctx, dir)
		switch {
		case err != nil:
			one.State, one.Looked = hookinstall.Unknown, dir+": "+err.Error()
		case !ok:
			one.State, one.Looked, one.Fix = hookinstall.Off, dir+" has a hook that is not ours or missing", fix
		}
		all = append(all, one)
	}
	return all
}

// verdict: 0 all well, 1 something is off, 3 could not tell.
func (r *hooksStatus) verdict() error {
	off, unknown := r.count()
	switch {
	case off > 0:
		return fault.No("%d of %d checks failed", off, len(r.Hooks)+len(r.Checks))
	case unknown > 0:
		return fault.Unable("%d of %d checks could not be made", unknown, len(r.Hooks)+len(r.Checks))
	}
	return nil
}

func (r *hooksStatus) count() (off, unknown int) {
	for _, one := range append(append([]hookinstall.Check{}, r.Hooks...), r.Checks...) {
		switch one.State {
		case hookinstall.Off:
			off++
		case hookinstall.Unknown:
			unknown++
		}
	}
	return off, unknown
}

// write is the table, with each fix below its line.
func (r *hooksStatus) write(w io.Writer) error {
	var b strings.Builder
	b.WriteString(console.Clean(headline(r.site)) + "\n")
	for _, one := range append(append([]hookinstall.Check{}, r.Hooks...), r.Checks...) {
		paragraph(&b, fmt.Sprintf("%-8s %-21s ", one.State, one.ID), shorten(r.site, one.Looked))
		if one.Fix != "" {
			paragraph(&b, strings.Repeat(" ", 31)+"fix: ", one.Fix)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// shorten writes paths in a sentence from the work tree.
func shorten(site *hookinstall.Site, text string) string {
	if site.Top == "" {
		return text
	}
	return strings.ReplaceAll(text, site.Top+"/", "")
}
