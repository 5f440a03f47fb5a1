package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/hookinstall"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/clawql/clawql-workbench/shared/stagedscan"
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
	report.Checks = append(report.Checks, policyCheck(ctx, dir), signersCheck(ctx, dir), agentToolCheck(ctx, dir))
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

// policyCheck reads the policy of HEAD as a commit would: a gitleaks file that
// cannot be read would refuse every commit.
func policyCheck(ctx context.Context, dir string) hookinstall.Check {
	states, err := stagedscan.Exceptions(ctx, gitchange.In(dir))
	if err != nil {
		return hookinstall.Check{ID: "policy", State: hookinstall.Off, Looked: err.Error(), Fix: strings.Join(fault.Hints(err), "; ")}
	}
	ended, unused := 0, 0
	for _, one := range states {
		if one.Ended {
			ended++
		} else if one.Unused {
			unused++
		}
	}
	c := hookinstall.Check{ID: "policy", State: hookinstall.OK, Looked: fmt.Sprintf("rules and %d exceptions of HEAD can be read", len(states))}
	if ended+unused > 0 {
		c.State, c.Looked = hookinstall.Off, fmt.Sprintf("of %d exceptions %d have ended and %d are for nothing", len(states), ended, unused)
		c.Fix = "take them out, or renew them with git clawql-hooks allow"
	}
	return c
}

// signersCheck: signatures are demanded where HEAD has allowed signers; then
// git must be set up to sign.
func signersCheck(ctx context.Context, dir string) hookinstall.Check {
	const file = ".clawql/allowed_signers"
	if exec.CommandContext(ctx, "git", "-C", dir, "cat-file", "-e", "HEAD:"+file).Run() != nil {
		return hookinstall.Check{ID: "signatures", State: hookinstall.None, Looked: "HEAD has no " + file + ": signatures are checked only if clawql.yaml says so"}
	}
	for key, want := range map[string]string{"gpg.format": "ssh", "commit.gpgsign": "true", "user.signingkey": ""} {
		out, err := exec.CommandContext(ctx, "git", "-C", dir, "config", "--get", key).Output()
		if got := strings.TrimSpace(string(out)); err != nil || want != "" && got != want {
			return hookinstall.Check{ID: "signatures", State: hookinstall.Off, Looked: fmt.Sprintf("HEAD demands signatures, and %s is %q", key, got), Fix: "git clawql-hooks signing setup"}
		}
	}
	return hookinstall.Check{ID: "signatures", State: hookinstall.OK, Looked: "HEAD demands signatures, and git is set up to make them"}
}

// agentToolCheck: skills and MCP configurations are looked at by pga or atr.
func agentToolCheck(ctx context.Context, dir string) hookinstall.Check {
	for _, name := range []string{"pga", "atr"} {
		if path, err := exec.LookPath(name); err == nil {
			return hookinstall.Check{ID: "agent rules", State: hookinstall.OK, Looked: path}
		}
	}
	out, err := exec.CommandContext(ctx, "git", "-C", dir, "ls-files", "--", "*SKILL.md", "*.mcp.json", "*mcp.json").Output()
	if err == nil && len(out) == 0 {
		return hookinstall.Check{ID: "agent rules", State: hookinstall.None, Looked: "no skill and no MCP configuration here"}
	}
	return hookinstall.Check{ID: "agent rules", State: hookinstall.Off, Looked: "skills or MCP configurations, and neither pga nor atr on PATH", Fix: "npm install --global agent-threat-rules"}
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
	fmt.Fprintln(w, console.Clean(headline(r.site)))
	for _, one := range append(append([]hookinstall.Check{}, r.Hooks...), r.Checks...) {
		fmt.Fprintf(w, "%-8s %-21s %s\n", one.State, one.ID, console.Clean(shorten(r.site, one.Looked)))
		if one.Fix != "" {
			fmt.Fprintf(w, "%-30s fix: %s\n", "", console.Clean(one.Fix))
		}
	}
	return nil
}

// shorten writes paths in a sentence from the work tree.
func shorten(site *hookinstall.Site, text string) string {
	if site.Top == "" {
		return text
	}
	return strings.ReplaceAll(text, site.Top+"/", "")
}
