package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/session"
)

const shareDescription = `Opens two more sockets in a folder of their own and prints what a container has to
be started with. Whatever runs there as your own user id (dev containers: with
updateRemoteUserUID, the default on Linux) is then a part of the session: it reads
values, and its accesses are in the audit. Other ids get nothing.`

// mounted is where a container finds what is shared.
const mounted = "/run/clawql-session"

func shareCommand() *cli.Command {
	return &cli.Command{
		Name: "share", Usage: "open the session to a container of yours; inside the session only", Description: shareDescription,
		Action: shareSession,
	}
}

func shareSession(c *cli.Context) error {
	client, err := theSession(c)
	if err != nil {
		return err
	}
	folder, err := client.Share(c.Context)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmdline.Streams(c).Out, "--mount=type=bind,source=%s,target=%s\n--env=%s=%s/%s\n--env=%s=unix://%s/vault.sock\n",
		folder, mounted, session.EnvSocket, mounted, session.ControlName, session.EnvAddress, mounted)
	return err
}
