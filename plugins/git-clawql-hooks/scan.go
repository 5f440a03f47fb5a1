package main

import (
	"context"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/clawql/clawql-workbench/shared/stagedscan"
	"github.com/urfave/cli/v2"
)

const aboutScan = `
Scans with the rules of gitleaks 8.30.1 and those of ClawQL. Without PATH and
flags, and with --staged, it scans what the next commit would add. A staged
file is scanned whole, but a secret that its version in HEAD has already is
only counted.

.gitleaks.toml and .gitleaksignore count as they stand in HEAD (in the index
before the first commit): a change to them takes effect once it is committed.
A comment gitleaks:allow excepts its line, but never from a ClawQL rule.
Secrets are never printed.
`

func scanCommand() *cli.Command {
	return &cli.Command{
		Name: "scan", ArgsUsage: "[PATH...]", Usage: "find secrets in the index, in commits or in files",
		Description: aboutScan,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "staged", Usage: "what the next commit would add (the default)"},
			&cli.StringFlag{Name: "range", Usage: "what the commits of `A..B` brought, and their messages"},
			&cli.BoolFlag{Name: "all", Usage: "what all commits of all refs brought, and their messages"},
			cmdline.OutputFlag(output.Table, output.JSON, output.SARIF),
		},
		Action: func(c *cli.Context) error {
			o := scanOptions{staged: c.Bool("staged"), span: c.String("range"), all: c.Bool("all"), paths: c.Args().Slice()}
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

// scanOptions says what to scan; at most one of its fields is set.
type scanOptions struct {
	staged bool
	span   string
	all    bool
	paths  []string
}

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
	}
	return nil
}

func (o scanOptions) scan(ctx context.Context, repo *gitchange.Repo) (*stagedscan.Report, error) {
	switch {
	case o.all:
		return stagedscan.All(ctx, repo)
	case o.span != "":
		return stagedscan.Range(ctx, repo, o.span)
	case len(o.paths) > 0:
		return stagedscan.Paths(ctx, repo, o.paths)
	}
	return stagedscan.Staged(ctx, repo)
}

// isCommit says whether the scan stands between a person and a commit.
func (o scanOptions) isCommit() bool { return !o.all && o.span == "" && len(o.paths) == 0 }
