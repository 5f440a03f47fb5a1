package main

import (
	"context"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/session"
	"github.com/clawql/clawql-workbench/shared/vault"
)

const runDescription = `Runs COMMAND with secrets in its environment, and in no other process's:
NAME=VAR puts the secret NAME into the variable VAR; NAME alone takes its last
part for both. The exit code is COMMAND's own.

An environment is inherited by everything that COMMAND starts, and can be read
from /proc by processes of the same user. With --as-file VAR holds the path of a
sealed file in memory instead, which COMMAND reads.

--redact replaces the session's live values in COMMAND's output, also in base64,
hex, URL and JSON form, by [redacted]. It saves from accidents, not from a
program that means to show a value. On a terminal COMMAND gets one of its own
(on macOS a pipe), else its output goes through pipes.

  clawql-vault-session run api/key=API_KEY -- make deploy
`

func (d *door) runCommand() *cli.Command {
	return &cli.Command{
		Name: "run", ArgsUsage: "[NAME=VAR...]", Usage: "run a program with secrets in its environment only", Description: runDescription,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "as-file", Usage: "hand over the path of a sealed file in memory instead of the value"},
			&cli.BoolFlag{Name: "redact", Usage: "take live values out of what COMMAND writes"},
			sessionFlag(),
		},
		Action: d.run,
	}
}

// handover is one secret and the variable it goes to.
type handover struct{ name, variable string }

func (d *door) run(c *cli.Context) error {
	mapping, argv, err := splitRun(c.Args().Slice(), d.args)
	if err != nil {
		return err
	}
	handovers, err := handoversOf(mapping)
	if err != nil {
		return err
	}
	program, err := exec.LookPath(argv[0])
	if err != nil {
		return fault.Usage("command %q cannot be run: it is not on PATH, or no program", argv[0])
	}
	client, err := theSession(c)
	if err != nil {
		return err
	}
	r := &runner{program: program, argv: argv, environ: os.Environ(), asFile: c.Bool("as-file")}
	if err := r.take(c.Context, client, handovers); err != nil {
		return err
	}
	if !c.Bool("redact") {
		return r.become()
	}
	values, err := client.Values(c.Context)
	if err != nil {
		return err
	}
	d.code, err = r.redacted(cmdline.Streams(c), values)
	d.ended = err == nil
	return err
}

// splitRun divides the words at the first `--` of the command line.
func splitRun(words, raw []string) (mapping, argv []string, err error) {
	at := slices.Index(raw, "--")
	if at < 0 || at+1 == len(raw) {
		return nil, nil, fault.Usage("run: the command is missing; it stands behind --").
			Hint("clawql-vault-session run NAME=VAR -- COMMAND ARGS...")
	}
	argv = raw[at+1:]
	return words[:len(words)-len(argv)], argv, nil
}

// variableName is what a shell takes for the name of a variable (POSIX 8.1).
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func handoversOf(mapping []string) ([]handover, error) {
	var all []handover
	taken := map[string]bool{}
	for _, word := range mapping {
		name, variable, given := strings.Cut(word, "=")
		if !given {
			variable = path.Base(name)
		}
		if err := vault.CheckPath(name); err != nil {
			return nil, err
		}
		if !variableName.MatchString(variable) {
			return nil, fault.Usage("run %s: no variable can be called so; allowed are letters, digits and underscores, and no digit first", name).
				Hint("%s=VAR says which variable gets the secret; the value itself is never an argument", name)
		}
		if taken[variable] {
			return nil, fault.Usage("run: %s would get two secrets", variable)
		}
		taken[variable] = true
		all = append(all, handover{name, variable})
	}
	return all, nil
}

// runner is a program about to run.
type runner struct {
	program string
	argv    []string
	environ []string
	asFile  bool
	files   []*os.File // that it inherits, from descriptor 3 on
}

// take reads the secrets and puts them where the program finds them.
func (r *runner) take(ctx context.Context, client *session.Client, handovers []handover) error {
	for _, one := range handovers {
		value, err := client.Get(ctx, one.name, "")
		if err != nil {
			return err
		}
		hideMemory()
		text := string(value)
		if r.asFile {
			file, err := sealedFile(one.variable, value)
			if err != nil {
				return fault.Unable("handing over %s: %w", one.name, err)
			}
			r.files = append(r.files, file)
			text = descriptorPath(firstDescriptor + len(r.files) - 1)
		} else if strings.IndexByte(text, 0) >= 0 {
			return fault.Usage("%s holds a zero byte, which an environment cannot", one.name).Hint("--as-file hands it over as a file")
		}
		r.set(one.variable, text)
	}
	return nil
}

// set replaces a variable: some programs take the first of two, some the last.
func (r *runner) set(variable, value string) {
	r.environ = slices.DeleteFunc(slices.Clone(r.environ), func(each string) bool { return strings.HasPrefix(each, variable+"=") })
	r.environ = append(r.environ, variable+"="+value)
}
