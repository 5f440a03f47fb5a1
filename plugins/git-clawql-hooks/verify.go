package main

import (
	"context"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/commitverify"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/urfave/cli/v2"
)

const aboutVerify = `
Verifies the signatures of commits: made by an allowed signer in its own name,
with a touched FIDO security key, with a key that counts today. Without a
range, of what HEAD has and the remote's protected branch lacks.

Whose policy counts: that of A in A..B, and then what each commit changes in
it, if somebody signed it whom the policy before admits. The policy is the
list .clawql/allowed_signers, .clawql/revoked_keys and clawql.yaml (signing).

--audit looks back at what was accepted long ago: a key must have counted when
the commit says it was made, and need not count today.
`

func verifyCommand() *cli.Command {
	return &cli.Command{
		Name: "verify", ArgsUsage: "[RANGE]", Usage: "check who signed commits, and with what kind of key",
		Description: aboutVerify,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "range", Usage: "the commits of `A..B`, the same as RANGE"},
			&cli.BoolFlag{Name: "all", Usage: "the whole history of HEAD; trust begins with the first list in it"},
			&cli.StringFlag{Name: "branch", Usage: "the branch that they would enter: `NAME` (default the protected one)"},
			&cli.StringFlag{Name: "anchor", Usage: "the `COMMIT` whose policy counts first (default A)"},
			&cli.StringSliceFlag{Name: "tag", Usage: "verify the tag `NAME` too; may be given again"},
			&cli.BoolFlag{Name: "audit", Usage: "judge keys by the commit's own time only"},
			cmdline.OutputFlag(output.Table, output.JSON),
		},
		Action: func(c *cli.Context) error {
			o := verifyOptions{
				span: c.String("range"), hasSpan: c.IsSet("range"), all: c.Bool("all"), branch: c.String("branch"),
				anchor: c.String("anchor"), tags: c.StringSlice("tag"), audit: c.Bool("audit"),
			}
			if c.Args().Present() {
				o.words = c.Args().Slice()
			}
			if err := o.complete(); err != nil {
				return err
			}
			span, report, err := o.verify(c.Context, gitchange.In(""))
			if err != nil {
				return err
			}
			return showVerify(cmdline.Streams(c), cmdline.Format(c), span, report)
		},
	}
}

// verifyOptions is the command line.
type verifyOptions struct {
	words   []string
	span    string
	hasSpan bool
	all     bool
	branch  string
	anchor  string
	tags    []string
	audit   bool
}

// complete makes one range of the ways to give one.
func (o *verifyOptions) complete() error {
	if len(o.words) > 0 {
		if o.hasSpan {
			return fault.Usage("RANGE %q and --range %q are one choice; give one of them", o.words[0], o.span)
		}
		o.span, o.hasSpan = o.words[0], true
	}
	switch {
	case o.hasSpan && o.all:
		return fault.Usage("--all and the range %q are one choice; give one of them", o.span)
	case o.hasSpan && o.span == "":
		return fault.Usage("--range is empty; write --range A..B")
	}
	return nil
}

func (o *verifyOptions) verify(ctx context.Context, repo *gitchange.Repo) (commitverify.Span, *commitverify.Report, error) {
	span, err := o.find(ctx, repo)
	if err != nil {
		return span, nil, err
	}
	if o.anchor != "" {
		span.Anchor = o.anchor
	}
	tags := make([]string, len(o.tags))
	for i, name := range o.tags {
		tags[i] = "refs/tags/" + name
	}
	report, err := commitverify.Verify(ctx, repo, commitverify.Options{
		Revisions: span.Revisions, Anchor: span.Anchor, Tags: tags, Ref: o.branch, Audit: o.audit,
	})
	return span, report, err
}

func (o *verifyOptions) find(ctx context.Context, repo *gitchange.Repo) (commitverify.Span, error) {
	switch {
	case o.hasSpan:
		return commitverify.ParseSpan(ctx, repo, o.span)
	case o.all:
		return commitverify.Everything(ctx, repo)
	}
	return commitverify.Outgoing(ctx, repo)
}
