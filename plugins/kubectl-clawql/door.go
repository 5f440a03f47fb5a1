package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/clawql/clawql-workbench/shared/release"
)

const description = `Everything behind the name of a tool goes to that tool, unread. A tool is taken
from the folder of this program, else from PATH; never from the current folder,
and never from a folder that everyone can write to.`

// door is the front door with what it needs from its surroundings.
type door struct {
	program string
	finder  finder
}

// programName is what people type to get here: "clawql" by that name, else
// "kubectl clawql".
func programName(argv0 string) string {
	if strings.TrimSuffix(filepath.Base(argv0), ".exe") == "clawql" {
		return "clawql"
	}
	return "kubectl clawql"
}

func (d door) app() *cli.App {
	app := &cli.App{
		Name: "kubectl-clawql", HelpName: d.program, Version: release.Version(),
		Usage: "the front door of the ClawQL workbench", Description: description,
		Flags:  []cli.Flag{cmdline.OutputFlag(output.Table, output.JSON, output.YAML)},
		Action: d.list,
	}
	for _, one := range tools {
		app.Commands = append(app.Commands, &cli.Command{
			Name: one.name, Usage: one.summary, SkipFlagParsing: true,
			Action: func(c *cli.Context) error { return d.run(one, c.Args().Slice()) },
		})
	}
	app.Commands = append(app.Commands, &cli.Command{
		Name: "version", Usage: "the release of this program", Action: d.version,
		Flags: []cli.Flag{cmdline.OutputFlag(output.Table, output.JSON, output.YAML)},
	})
	return app
}

// run becomes the tool: it returns only when that failed.
func (d door) run(one tool, args []string) error {
	path, err := d.finder.find(one.binary)
	if errors.Is(err, errNotInstalled) {
		return d.notInstalled(one)
	}
	if err != nil {
		return err
	}
	err = syscall.Exec(path, append([]string{one.binary}, args...), os.Environ())
	return fault.Unable("running %s: %w", path, err)
}

func (d door) notInstalled(one tool) error {
	err := fault.Unable("%s is not installed: no %s in %s, nor on PATH", one.name, one.binary, d.finder.self)
	if !one.built {
		return err.Hint("this release (%s) does not have it yet", release.Version())
	}
	if d.finder.hasRelative() {
		err = err.Hint("relative folders on PATH are not searched")
	}
	return err.Hint("in a clone of the workbench: make build; then put %s beside %s", one.binary, "kubectl-clawql")
}
