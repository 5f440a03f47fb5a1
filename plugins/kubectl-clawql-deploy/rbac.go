package main

import (
	_ "embed"
	"fmt"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/urfave/cli/v2"
)

// rights is the least that a deploy needs; the cluster tests deploy with
// exactly this.
//
//go:embed rbac.yaml
var rights string

func rbacCommand() *cli.Command {
	return &cli.Command{Name: "rbac", Usage: "print the rights that a deploy needs, as YAML", Action: func(ctx *cli.Context) error {
		_, err := fmt.Fprint(cmdline.Streams(ctx).Out, rights)
		return err
	}}
}
