package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/session"
)

func sessionFlag() cli.Flag {
	return &cli.StringFlag{Name: "session", Usage: "the session whose id begins with `ID`"}
}

// theSession is the session that a command is about.
func theSession(c *cli.Context) (*session.Client, error) {
	_, state, err := here()
	if err != nil {
		return nil, err
	}
	return session.Find(c.Context, session.Where{Environ: os.Environ(), StateDir: state, ID: c.String("session")})
}

func stopCommand() *cli.Command {
	return &cli.Command{
		Name: "stop", Usage: "end the session of this project, or all of yours",
		Flags:  []cli.Flag{&cli.BoolFlag{Name: "all", Usage: "end all of your sessions"}, sessionFlag()},
		Action: stop,
	}
}

func stop(c *cli.Context) error {
	if !c.Bool("all") {
		client, err := theSession(c)
		if err != nil {
			return err
		}
		return client.Stop(c.Context)
	}
	if c.String("session") != "" {
		return fault.Usage("--all and --session exclude one another")
	}
	running, err := session.Running(os.Environ())
	if err != nil {
		return err
	}
	var failed []error
	for folder := range running {
		failed = append(failed, stopOne(c.Context, filepath.Join(folder, session.ControlName)))
	}
	return errors.Join(failed...)
}

func stopOne(ctx context.Context, socket string) error {
	client, err := session.Dial(ctx, socket)
	if err != nil {
		return err
	}
	return client.Stop(ctx)
}
