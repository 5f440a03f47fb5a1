package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/output"
)

func listCommand() *cli.Command {
	return &cli.Command{
		Name: "list", Usage: "list the names of the session's secrets",
		Flags:  []cli.Flag{cmdline.OutputFlag(output.Table, output.JSON, output.YAML), sessionFlag()},
		Action: list,
	}
}

// nameList is the object of `list -o json`.
type nameList struct {
	output.Header `json:",inline"`
	Names         []string `json:"names"`
}

func list(c *cli.Context) error {
	client, err := theSession(c)
	if err != nil {
		return err
	}
	names, err := client.List(c.Context)
	if err != nil {
		return err
	}
	streams := cmdline.Streams(c)
	if format := cmdline.Format(c); format.Structured() {
		return output.Encode(streams.Out, format, nameList{output.Head("VaultSecretList"), append([]string{}, names...)})
	}
	for _, name := range names {
		if _, err := fmt.Fprintln(streams.Out, console.Clean(name)); err != nil {
			return err
		}
	}
	return nil
}
