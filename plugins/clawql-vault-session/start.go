package main

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/project"
	"github.com/clawql/clawql-workbench/shared/session"
)

func startFlags() []cli.Flag {
	return []cli.Flag{
		&cli.DurationFlag{Name: "ttl", Value: session.LongestTTL, DefaultText: "4h", Usage: "end after `DURATION`, at most 4h; time in which the machine sleeps counts"},
		&cli.StringSliceFlag{Name: "policy", Usage: "give COMMAND's token the Vault policy in `FILE` instead of the session's own; may be repeated"},
		&cli.StringFlag{Name: "audit-file", Usage: "also add each access to a secret to `FILE` (JSON lines, no values, mode 0600)"},
		&cli.BoolFlag{Name: "allow-root", Usage: "run as user 0; in a container only"},
	}
}

// start runs a session.
func (d *door) start(c *cli.Context) error {
	if err := d.checkDashes(c); err != nil {
		return err
	}
	terminal, ok := session.TerminalOf(cmdline.Streams(c))
	if !ok {
		return fault.Unable("starting a session: the streams of this process are no files")
	}
	root, state, err := here()
	if err != nil {
		return err
	}
	ttl, policies, err := settings(c, root)
	if err != nil {
		return err
	}
	audit, err := absolute(c.String("audit-file"))
	if err != nil {
		return err
	}
	result, err := session.Run(session.Options{
		TTL: ttl, Command: c.Args().Slice(), StateDir: state, Project: root, Policies: policies,
		AllowRoot: c.Bool("allow-root"), AuditFile: audit, Terminal: terminal, Environ: os.Environ(),
	})
	if err == nil {
		d.ended, d.code = true, result.Code
	}
	return withInstall(err)
}

// checkDashes wants `--` before a command: else a mistyped subcommand would
// start a session.
func (d *door) checkDashes(c *cli.Context) error {
	if at := slices.Index(d.args, "--"); c.Args().Len() == 0 || at >= 0 && slices.Equal(d.args[at+1:], c.Args().Slice()) {
		return nil
	}
	word := c.Args().First()
	var names []string
	for _, one := range d.app().Commands {
		names = append(names, one.Name)
	}
	err := fault.Usage("unknown command %q", word)
	if near, ok := cmdline.Nearest(word, names); ok {
		return err.Hint("did you mean `clawql-vault-session %s`?", near)
	}
	return err.Hint("to run a program in a session: clawql-vault-session -- %s ...", word)
}

// here is the project that one stands in, and its state folder: the nearest
// folder with a clawql.yaml, else with a .git, else the current one.
func here() (root, state string, err error) {
	current, err := os.Getwd()
	if err != nil {
		return "", "", fault.Unable("reading the current folder: %w", err)
	}
	root = nearest(current, project.FileName)
	if root == "" {
		root = nearest(current, ".git")
	}
	if root == "" {
		root = current
	}
	state, err = filepath.Abs(project.StateDir(root, os.Getenv))
	return root, state, err
}

func nearest(folder, name string) string {
	for {
		if _, err := os.Lstat(filepath.Join(folder, name)); err == nil {
			return folder
		}
		above := filepath.Dir(folder)
		if above == folder {
			return ""
		}
		folder = above
	}
}
