package main

import (
	"github.com/clawql/clawql-workbench/testdata/sandbox/nest"
	"github.com/clawql/clawql-workbench/testdata/sandbox/node"
	"github.com/clawql/clawql-workbench/testdata/sandbox/registry"
	"github.com/urfave/cli/v2"
)

// hidden commands are the sandbox's own daemons: `up` starts them.
func hidden(name string, action cli.ActionFunc, flags ...cli.Flag) *cli.Command {
	c := command(name, "(started by up)", action, flags...)
	c.Hidden = true
	return c
}

func keepCommand() *cli.Command {
	return hidden("keep", func(c *cli.Context) error { return nest.Keep(c.String("dir"), c.Bool("nested")) },
		&cli.StringFlag{Name: "dir", Required: true}, &cli.BoolFlag{Name: "nested"})
}

func registryCommand() *cli.Command {
	return hidden("registry-run", func(c *cli.Context) error {
		return registry.Serve(c.String("listen"), c.String("dir"))
	}, &cli.StringFlag{Name: "listen", Required: true}, &cli.StringFlag{Name: "dir", Required: true})
}

func frontCommand() *cli.Command {
	return hidden("front-run", func(c *cli.Context) error {
		return node.Front(c.StringSlice("listen"), c.String("to"))
	}, &cli.StringSliceFlag{Name: "listen", Required: true}, &cli.StringFlag{Name: "to", Required: true})
}
