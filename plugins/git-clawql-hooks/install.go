package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/hookinstall"
	"github.com/urfave/cli/v2"
)

const aboutInstall = `
Puts hooks before those that are there; the others still run, with their
arguments and input. It prints each change before it makes it. Installed twice
is installed once; after husky, lefthook or others wrote over a hook of ours,
install mends it. Git 2.54 and later get hooks in the configuration.

--global covers all repositories of the user, present and future, save those
that set a core.hooksPath of their own (with git before 2.54): status tells.
`

const aboutUninstall = `
Takes out what install put in, and nothing else. The hooks that were there are
again where they were, byte for byte, and so is the configuration.
`

func installFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "global", Usage: "for all repositories of this user"},
		&cli.BoolFlag{Name: "recurse-submodules", Usage: "in the submodules that are checked out, too"},
		&cli.BoolFlag{Name: "dry-run", Usage: "print the changes, and make none"},
	}
}

func installCommand() *cli.Command {
	return &cli.Command{
		Name: "install", Usage: "put the hooks into this repository, before those that are there",
		Description: aboutInstall, Flags: installFlags(),
		Action: func(c *cli.Context) error {
			program, err := ownProgram()
			if err != nil {
				return err
			}
			if err := hookinstall.Trustworthy(program); err != nil {
				return err
			}
			return changeHooks(c, func(s *hookinstall.Site) (*hookinstall.Plan, error) { return s.Install(program) }, "install")
		},
	}
}

func uninstallCommand() *cli.Command {
	return &cli.Command{
		Name: "uninstall", Usage: "take the hooks out again",
		Description: aboutUninstall, Flags: installFlags(),
		Action: func(c *cli.Context) error {
			return changeHooks(c, func(s *hookinstall.Site) (*hookinstall.Plan, error) { return s.Uninstall(), nil }, "uninstall")
		},
	}
}

// planner makes the plan for one site.
type planner func(*hookinstall.Site) (*hookinstall.Plan, error)

// changeHooks plans, prints and, without --dry-run, acts: for the user, or for
// this repository and, when asked for, its submodules.
func changeHooks(c *cli.Context, plan planner, verb string) error {
	if c.Bool("global") && c.Bool("recurse-submodules") {
		return fault.Usage("--global covers submodules; leave --recurse-submodules out")
	}
	s, ctx, dry := cmdline.Streams(c), c.Context, c.Bool("dry-run")
	if c.Bool("global") {
		return changeSite(ctx, s, func() (*hookinstall.Site, error) { return hookinstall.LookGlobal(ctx, os.Getenv) }, plan, verb, dry)
	}
	here, err := os.Getwd()
	if err != nil {
		return fault.Unable("find the current folder: %w", err)
	}
	if err := changeSite(ctx, s, func() (*hookinstall.Site, error) { return hookinstall.Look(ctx, here) }, plan, verb, dry); err != nil {
		return err
	}
	site, err := hookinstall.Look(ctx, here)
	if err != nil || site.Top == "" {
		return err
	}
	inside, err := hookinstall.Submodules(ctx, site.Top)
	if err != nil || len(inside) == 0 {
		return err
	}
	if !c.Bool("recurse-submodules") {
		fmt.Fprintf(s.Err, "%s not looked at, each a repository of its own: --recurse-submodules\n", console.Count(len(inside), "submodule"))
		return nil
	}
	var failed []error
	for _, dir := range inside {
		failed = append(failed, changeSite(ctx, s, func() (*hookinstall.Site, error) { return hookinstall.Look(ctx, dir) }, plan, verb, dry))
	}
	return errors.Join(failed...)
}

// changeSite does it for one site.
func changeSite(ctx context.Context, s console.Streams, look func() (*hookinstall.Site, error), plan planner, verb string, dry bool) error {
	site, err := look()
	if err != nil {
		return err
	}
	if site.Pending {
		fmt.Fprintln(s.Out, "a run that was cut off is brought to its end first")
		if !dry {
			if err := site.Recover(); err != nil {
				return err
			}
			if site, err = look(); err != nil {
				return err
			}
		}
	}
	todo, err := plan(site)
	if err != nil {
		return err
	}
	if err := showPlan(s.Out, site, todo, verb, dry); err != nil || dry {
		return err
	}
	if err := todo.Apply(ctx); err != nil {
		return err
	}
	return showDone(s.Out, site, todo, verb)
}

// ownProgram is the path that hooks get: where PATH finds this program, which
// stays the same over an upgrade, else the file itself.
func ownProgram() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fault.Unable("find this program: %w", err)
	}
	found, err := exec.LookPath("git-clawql-hooks")
	if err == nil && filepath.IsAbs(found) && sameFile(found, self) {
		return filepath.Clean(found), nil
	}
	return self, nil
}

func sameFile(a, b string) bool {
	one, err1 := os.Stat(a)
	two, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(one, two)
}
