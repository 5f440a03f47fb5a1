package main

import (
	"os"
	"path/filepath"

	"github.com/clawql/clawql-workbench/testdata/sandbox/demo"
	"github.com/urfave/cli/v2"
)

func demoCommand() *cli.Command {
	return command("demo", "a sandbox, three deploys, a summary", func(c *cli.Context) error {
		stage, err := newStage(c)
		if err != nil {
			return err
		}
		return demo.Play(c.Context, stage, c.Bool("keep"))
	}, nameFlag(), sourceFlag(), &cli.BoolFlag{Name: "keep", Usage: "leave the sandbox up"})
}

func benchAbortCommand() *cli.Command {
	return command("bench-abort", "how long a version that answers 500 is sent to", func(c *cli.Context) error {
		stage, err := newStage(c)
		if err != nil {
			return err
		}
		return demo.BenchAbort(c.Context, stage, c.Int("runs"), c.Int("rate"))
	}, nameFlag(), sourceFlag(), &cli.IntFlag{Name: "runs", Value: 20, Usage: "rollbacks to measure"},
		&cli.IntFlag{Name: "rate", Value: 200, Usage: "tool calls a second"})
}

func sourceFlag() cli.Flag {
	return &cli.StringFlag{Name: "source", Value: "testdata/repository", Usage: "kustomize tree of the demo's repository"}
}

// newStage finds the programs beside this one.
func newStage(c *cli.Context) (*demo.Stage, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return &demo.Stage{Bin: filepath.Dir(self), Name: c.String("name"), Source: c.String("source"), Out: os.Stdout}, nil
}
