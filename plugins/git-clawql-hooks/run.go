package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/commitguard"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/gitchange"
	"github.com/clawql/clawql-workbench/shared/livesession"
	"github.com/clawql/clawql-workbench/shared/release"
	"github.com/urfave/cli/v2"
)

// runCommand is what the installed hooks call. Flags are not parsed: the words
// are git's.
func runCommand() *cli.Command {
	return &cli.Command{
		Name: "run", ArgsUsage: "HOOK...", Usage: "what the installed hooks call", Hidden: true, SkipFlagParsing: true,
		Action: func(c *cli.Context) error {
			s := cmdline.Streams(c)
			words := c.Args().Slice()
			return runHook(c.Context, words[0], words[1:], s.In, s.Err)
		},
	}
}

// runHook answers git. Whatever goes wrong is an error, and so a refusal; a
// panic is one line, without what it was about.
func runHook(ctx context.Context, hook string, args []string, in io.Reader, w io.Writer) (err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fault.Unable("%s: this program broke (%T); what it guards is refused", hook, problem)
		}
	}()
	guard := &commitguard.Guard{Repo: gitchange.In(""), Receipts: commitguard.OpenReceipts(os.Getenv, program()), Now: time.Now()}
	verdict, err := answer(ctx, guard, hook, args, in)
	if err != nil {
		return err
	}
	return tell(w, hook, verdict)
}

// answer asks the guard what a hook with args and stdin asks.
func answer(ctx context.Context, guard *commitguard.Guard, hook string, args []string, in io.Reader) (*commitguard.Verdict, error) {
	want := map[string]int{"reference-transaction": 1, "pre-push": 2, "ci": 3}[hook]
	if len(args) < want {
		return nil, fault.Usage("run %s: %d words are missing; git calls it with %d", hook, want-len(args), want)
	}
	switch hook {
	case "pre-commit", "pre-merge-commit":
		return guard.PreCommit(ctx)
	case "reference-transaction":
		return guard.Transaction(ctx, args[0], in)
	case "pre-push":
		return guard.PrePush(ctx, args[1], in)
	case "pre-receive":
		return guard.PreReceive(ctx, in)
	case "ci":
		return guard.Range(ctx, args[0], args[1], args[2])
	}
	return nil, fault.Usage("run %q: it is no hook of ours; allowed: pre-commit, pre-merge-commit, reference-transaction, pre-push, pre-receive, ci", hook)
}

// program tells this build from another one: receipts are good for one only.
func program() string {
	name := release.Version() + " " + os.Getenv(livesession.Variable)
	path, err := os.Executable()
	if err != nil {
		return name
	}
	if info, err := os.Stat(path); err == nil {
		name += fmt.Sprintf(" %d %d", info.Size(), info.ModTime().UnixNano())
	}
	return name
}
