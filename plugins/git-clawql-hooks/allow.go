package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/clawql/clawql-workbench/shared/project"
	"github.com/clawql/clawql-workbench/shared/secretexception"
	"github.com/clawql/clawql-workbench/shared/stagedscan"
	"github.com/urfave/cli/v2"
)

const aboutAllow = `
Answers for one finding: writes an exception for that content, at that path, by
that rule, into .clawql/secret-exceptions.yaml. The next secret on the same line
is found. FINDING is the id that scan prints; it is looked for in what is staged,
or where --commit or --path says.

The file has a keyed hash of the content and not the content. The exception
counts once HEAD has it: commit it by itself, and push it before what needs it.
`

// longestException bounds --expires, in days.
const longestException = 366

func allowCommandOf() *cli.Command {
	return &cli.Command{
		Name: "allow", ArgsUsage: "FINDING", Usage: "answer for a finding that is no secret",
		Description: aboutAllow,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "reason", Usage: "why it is no secret: `TEXT`"},
			&cli.StringFlag{Name: "owner", Usage: "`WHO` answers for it"},
			&cli.StringFlag{Name: "expires", Usage: "the last day, such as 2027-02-01: `DATE`, at most a year ahead"},
			&cli.StringFlag{Name: "commit", Usage: "look for the finding in this `COMMIT`"},
			&cli.StringFlag{Name: "path", Usage: "look for the finding in this `FILE`"},
			cmdline.OutputFlag(textFormat, output.JSON),
		},
		Action: func(c *cli.Context) error {
			o := allowOptions{
				id: c.Args().First(), reason: c.String("reason"), owner: c.String("owner"), expires: c.String("expires"),
				commit: c.String("commit"), path: c.String("path"), now: time.Now(),
			}
			done, err := o.run(c.Context, gitchange.In(""))
			if err != nil {
				return err
			}
			return done.show(cmdline.Streams(c), cmdline.Format(c))
		},
	}
}

type allowOptions struct {
	id, reason, owner, expires string
	commit, path               string
	now                        time.Time
}

// allowed is what an exception was written for.
type allowed struct {
	output.Header `json:",inline"`
	File          string                `json:"file"`
	Exception     secretexception.Entry `json:"exception"`
	Finding       string                `json:"finding"`  // its place
	InForce       bool                  `json:"inForce"`  // always false: HEAD has to have it
	Commands      []string              `json:"commands"` // that bring it into force
}

func (o allowOptions) run(ctx context.Context, repo *gitchange.Repo) (*allowed, error) {
	entry, err := o.entry()
	if err != nil {
		return nil, err
	}
	finding, err := o.find(ctx, repo)
	if err != nil {
		return nil, err
	}
	top, err := repo.Top(ctx)
	if err != nil {
		return nil, err
	}
	if err := addException(top, finding.Subject(), entry); err != nil {
		return nil, err
	}
	subject := finding.Subject()
	entry.Rule, entry.In, entry.Path = subject.Rule, subject.In, subject.Path
	return &allowed{
		Header: output.Head("SecretException"), File: secretexception.Path, Exception: entry, Finding: place(*finding),
		Commands: []string{
			"git add " + secretexception.Path,
			fmt.Sprintf("git commit -m %q -- %s", "Except a finding of the secret scan", secretexception.Path),
		},
	}, nil
}

// entry checks what the flags say.
func (o allowOptions) entry() (secretexception.Entry, error) {
	var e secretexception.Entry
	var missing []string
	for _, flag := range []struct{ name, value string }{{"reason", o.reason}, {"owner", o.owner}, {"expires", o.expires}} {
		if strings.TrimSpace(flag.value) == "" || flag.value == "..." {
			missing = append(missing, "--"+flag.name)
		}
	}
	if len(missing) > 0 {
		return e, fault.Usage("an exception needs %s", strings.Join(missing, ", "))
	}
	if o.commit != "" && o.path != "" {
		return e, fault.Usage("--commit and --path are one choice; give one of them")
	}
	day, err := time.Parse(time.DateOnly, o.expires)
	if err != nil {
		return e, fault.Usage("--expires %q is no day; write it as 2027-02-01", o.expires)
	}
	e = secretexception.Entry{Reason: o.reason, Owner: o.owner, Expires: project.Date(day)}
	if e.Expired(o.now) {
		return e, fault.Usage("--expires %s is over", o.expires)
	}
	if latest := o.now.UTC().AddDate(0, 0, longestException); day.After(latest) {
		return e, fault.Usage("--expires %s is too far; the latest day is %s", o.expires, latest.Format(time.DateOnly))
	}
	return e, nil
}

// find scans anew, and gives the finding that the id names.
func (o allowOptions) find(ctx context.Context, repo *gitchange.Repo) (*stagedscan.Finding, error) {
	if len(o.id) < shortestIDs || strings.Trim(o.id, "0123456789abcdef") != "" {
		return nil, fault.Usage("%q is no id of a finding; write the %d or more hex digits that scan prints", o.id, shortestIDs)
	}
	report, where, err := o.scan(ctx, repo)
	if err != nil {
		return nil, err
	}
	var found []*stagedscan.Finding
	for i := range report.Findings {
		if strings.HasPrefix(report.Findings[i].ID, o.id) {
			found = append(found, &report.Findings[i])
		}
	}
	switch len(found) {
	case 0:
		return nil, fault.No("there is no finding %s in %s", o.id, where).
			Hint("an id changes with the finding's place: scan again").
			Hint("a finding of a commit needs --commit COMMIT, one of files --path FILE")
	case 1:
		return found[0], nil
	}
	return nil, fault.Usage("%s is the id of %d findings; write more of its digits (-o json has all 16)", o.id, len(found))
}

func (o allowOptions) scan(ctx context.Context, repo *gitchange.Repo) (report *stagedscan.Report, where string, err error) {
	switch {
	case o.path != "":
		report, err = stagedscan.Paths(ctx, repo, []string{o.path})
		return report, o.path, err
	case o.commit != "":
		id, err := repo.Resolve(ctx, o.commit)
		if err != nil {
			return nil, "", err
		}
		report, err = stagedscan.Commits(ctx, repo, []string{id}, "HEAD")
		return report, "commit " + id[:10], err
	}
	report, err = stagedscan.Staged(ctx, repo)
	return report, "what is staged", err
}

func (a *allowed) show(s console.Streams, format output.Format) error {
	if format == output.JSON {
		return output.Encode(s.Out, format, a)
	}
	var b strings.Builder
	paragraph(&b, "excepted:  ", fmt.Sprintf("%s %s, until %s (%s: %s)", a.Finding, a.Exception.Rule, a.Exception.Expires, a.Exception.Owner, a.Exception.Reason))
	paragraph(&b, "", "It counts once HEAD has it. Commit it by itself first, and push it before what needs it:")
	for _, line := range a.Commands {
		b.WriteString("  " + line + "\n")
	}
	if weighty(a.Exception.Rule) {
		b.WriteString("Every scan will name it: it is an exception from a rule of ClawQL's own.\n")
	}
	_, err := s.Out.Write([]byte(b.String()))
	return err
}
