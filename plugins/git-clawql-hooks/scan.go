package main

import (
	"context"
	"errors"
	"os"

	"github.com/clawql/clawql-workbench/shared/archive"
	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/clawql/clawql-workbench/shared/stagedscan"
	"github.com/urfave/cli/v2"
)

const aboutScan = `
Scans with the rules of gitleaks 8.30.1 and those of ClawQL: contents, names,
targets of links, archives, and of commits the messages. Without PATH and flags,
and with --staged, it scans what the next commit would add. A file is scanned
whole, but a secret that its version before has already is only counted.

.gitleaks.toml, .gitleaksignore, .gitleaks-baseline.json and the exceptions that
allow writes count as they stand in HEAD (in the index before the first commit;
in A for --range A..B): a change to them takes effect once it is committed. A
comment gitleaks:allow excepts its line, but never from a ClawQL rule. Secrets
are never printed.
`

func scanCommand() *cli.Command {
	return &cli.Command{
		Name: "scan", ArgsUsage: "[PATH...]", Usage: "find secrets in the index, in commits or in files",
		Description: aboutScan,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "staged", Usage: "what the next commit would add (the default)"},
			&cli.StringFlag{Name: "range", Usage: "what the commits of `A..B` brought, and their messages"},
			&cli.BoolFlag{Name: "all", Usage: "all commits of all refs, the stash, tags, and names of refs"},
			&cli.StringFlag{Name: "baseline-path", Usage: "leave out what this report of gitleaks has: a JSON `FILE`"},
			&cli.IntFlag{Name: "max-archive-depth", Usage: "open archives within archives up to `N` deep, 0 to 8; 0 opens none", Value: archive.DefaultLimits().Depth},
			cmdline.OutputFlag(textFormat, output.JSON, output.SARIF),
		},
		Action: func(c *cli.Context) error {
			o := scanOptions{
				staged: c.Bool("staged"), span: c.String("range"), all: c.Bool("all"), paths: c.Args().Slice(),
				baseline: c.String("baseline-path"), depth: c.Int("max-archive-depth"),
			}
			if err := o.validate(c.IsSet("range")); err != nil {
				return err
			}
			report, err := o.scan(c.Context, gitchange.In(""))
			if err != nil {
				return err
			}
			return show(cmdline.Streams(c), cmdline.Format(c), o, report)
		},
	}
}

// scanOptions says what to scan; at most one of the first four is set.
type scanOptions struct {
	staged   bool
	span     string
	all      bool
	paths    []string
	baseline string // a file
	depth    int    // of archives
}

const deepestArchive = 8

func (o scanOptions) validate(hasRange bool) error {
	count := 0
	for _, set := range []bool{o.staged, hasRange, o.all, len(o.paths) > 0} {
		if set {
			count++
		}
	}
	switch {
	case count > 1:
		return fault.Usage("--staged, --range, --all and PATH are one choice; give one of them")
	case hasRange && o.span == "":
		return fault.Usage("--range is empty; write --range A..B")
	case o.depth < 0 || o.depth > deepestArchive:
		return fault.Usage("--max-archive-depth %d is out of bounds; allowed: 0 to %d", o.depth, deepestArchive)
	}
	return nil
}

func (o scanOptions) scan(ctx context.Context, repo *gitchange.Repo) (*stagedscan.Report, error) {
	how := stagedscan.DefaultOptions()
	how.Archives.Depth = o.depth
	if !o.isCommit() {
		how.ArchiveBytes = 0 // nobody waits to commit
	}
	if o.baseline != "" {
		text, err := os.ReadFile(o.baseline)
		if err != nil {
			return nil, fault.Usage("read --baseline-path %s: %w", o.baseline, errors.Unwrap(err))
		}
		how.Baseline = text
	}
	switch {
	case o.all:
		return how.All(ctx, repo)
	case o.span != "":
		return how.Range(ctx, repo, o.span)
	case len(o.paths) > 0:
		return how.Paths(ctx, repo, o.paths)
	}
	return how.Staged(ctx, repo)
}

// isCommit says whether the scan stands between a person and a commit.
func (o scanOptions) isCommit() bool { return !o.all && o.span == "" && len(o.paths) == 0 }

// again are the flags with which `allow` looks where this scan looked.
func (o scanOptions) again() string {
	switch {
	case o.all || o.span != "":
		return " --commit COMMIT"
	case len(o.paths) > 0:
		return " --path FILE"
	}
	return ""
}
