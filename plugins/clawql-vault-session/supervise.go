package main

import (
	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/session"
)

// superviseCommand is what a session starts itself; it needs descriptors that
// only the front hands over.
func superviseCommand() *cli.Command {
	return &cli.Command{
		Name: "supervise", Usage: "the inner process of a session", Hidden: true,
		Action: func(c *cli.Context) error { return session.Supervise(cmdline.Streams(c)) },
	}
}
