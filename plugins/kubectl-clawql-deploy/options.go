package main

import (
	"os"
	"time"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/deploy"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/kubeflags"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/urfave/cli/v2"
)

// command holds the flags that every verb has.
type command struct{ kube *kubeflags.Flags }

func (c *command) flags(own ...cli.Flag) []cli.Flag {
	c.kube = kubeflags.New()
	own = append(own, cmdline.OutputFlag(output.Table, output.JSON, output.YAML))
	return append(own, c.kube.CLI()...)
}

// options is what a command line asks for.
type options struct {
	inputs  deploy.Inputs
	streams console.Streams
	format  output.Format
}

// complete reads the environment's name, from the argument or from --env,
// and everything else that the verbs share.
func (c *command) complete(ctx *cli.Context) (options, error) {
	o := options{streams: cmdline.Streams(ctx), format: cmdline.Format(ctx)}
	name, err := environmentName(ctx)
	if err != nil {
		return o, err
	}
	dir, err := os.Getwd()
	if err != nil {
		return o, fault.Unable("finding the working directory: %w", err)
	}
	o.inputs = deploy.Inputs{Dir: dir, Environment: name, Getter: c.kube.Getter(), KubeContext: c.kube.Context(), Now: time.Now}
	return o, nil
}

func environmentName(ctx *cli.Context) (string, error) {
	argument, flag := ctx.Args().First(), ctx.String("env")
	switch {
	case ctx.NArg() > 1:
		return "", fault.Usage("unexpected argument %q: one environment is deployed at a time", ctx.Args().Get(1))
	case argument == "" && flag == "":
		return "", fault.Usage("no environment given").Hint("kubectl clawql deploy production")
	case argument != "" && flag != "" && argument != flag:
		return "", fault.Usage("environment is %q as argument and %q as --env", argument, flag)
	case argument != "":
		return argument, nil
	}
	return flag, nil
}

func envFlag() cli.Flag {
	return &cli.StringFlag{Name: "env", Usage: "environment, instead of the argument"}
}

func deployFlags() []cli.Flag {
	return []cli.Flag{envFlag(),
		&cli.BoolFlag{Name: "dry-run", Usage: "ask the gates and show the plan; write nothing"}}
}

// noDryRun refuses the outer command's flag where it would be ignored: an
// abort that somebody believes to be a rehearsal is none.
func noDryRun(ctx *cli.Context) error {
	if ctx.Bool("dry-run") {
		return fault.Usage("--dry-run belongs to a deploy, not to %s", ctx.Command.Name).Hint("nothing was done")
	}
	return nil
}
