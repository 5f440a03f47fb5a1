package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/clawql/clawql-workbench/testdata/sandbox/cluster"
	"github.com/clawql/clawql-workbench/testdata/sandbox/repository"
	"github.com/urfave/cli/v2"
)

func repoCommand() *cli.Command {
	return command("repo", "make the demo's git repository with signed commits, or commit another image to it", func(c *cli.Context) error {
		l, err := find(c)
		if err != nil {
			return err
		}
		status, err := cluster.Describe(c.Context, l)
		if err != nil {
			return err
		}
		dir, err := filepath.Abs(c.String("repo-dir"))
		if err != nil {
			return err
		}
		o := repository.Options{Dir: dir, Source: c.String("source"), Context: status.Context,
			Gateway: status.Gateway.Namespace + "/" + status.Gateway.Name, Image: c.String("image"),
			Window: c.Duration("window").String(), Message: c.String("message"), Namespace: c.String("namespace"), Hostname: c.String("hostname"), Weight: c.Int("weight")}
		if err := makeOrCommit(c.Context, o); err != nil {
			return err
		}
		fmt.Fprintln(c.App.Writer, dir)
		return nil
	}, nameFlag(),
		&cli.StringFlag{Name: "repo-dir", Required: true, Usage: "the work tree"},
		&cli.StringFlag{Name: "source", Value: "testdata/repository", Usage: "kustomize tree to start from"},
		&cli.StringFlag{Name: "image", Required: true, Usage: "REF@sha256:... to deploy"},
		&cli.StringFlag{Name: "message", Value: "Deploy the gateway", Usage: "of the commit"},
		&cli.StringFlag{Name: "namespace", Value: "clawql", Usage: "of production"},
		&cli.StringFlag{Name: "hostname", Usage: "of production's route (default: every host)"},
		&cli.IntFlag{Name: "weight", Value: 5, Usage: "percent of new sessions for the canary"},
		&cli.DurationFlag{Name: "window", Value: defaultWindow, Usage: "of the canary"})
}

const defaultWindow = 20e9 // 20 s

func makeOrCommit(ctx context.Context, o repository.Options) error {
	_, err := os.Stat(filepath.Join(o.Dir, ".git"))
	if errors.Is(err, os.ErrNotExist) {
		return repository.Create(ctx, o)
	}
	if err != nil {
		return err
	}
	return repository.SetImage(ctx, o)
}
