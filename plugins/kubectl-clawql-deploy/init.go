package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/deploy"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/project"
	"github.com/urfave/cli/v2"
)

func initCommand() *cli.Command {
	c := command{}
	flags := append([]cli.Flag{
		&cli.BoolFlag{Name: "stdout", Usage: "print clawql.yaml, write nothing"},
		&cli.StringSliceFlag{Name: "image", Usage: "map an image of the overlay, as `IMAGE`=REGISTRY/NAME@sha256:...; may be given again"},
	}, c.flags()[1:]...)
	return &cli.Command{Name: "init", Usage: "write a clawql.yaml from what is in repository and cluster",
		Flags: flags, Action: c.init}
}

func (c *command) init(ctx *cli.Context) error {
	streams := cmdline.Streams(ctx)
	if ctx.NArg() > 0 {
		return fault.Usage("unexpected argument %q: init looks for environments itself", ctx.Args().First())
	}
	dir, err := os.Getwd()
	if err != nil {
		return fault.Unable("finding the working directory: %w", err)
	}
	found, err := deploy.Discover(ctx.Context, deploy.Search{Dir: dir, Getter: c.kube.Getter(), KubeContext: c.kube.Context(), Images: ctx.StringSlice("image")})
	if err != nil {
		return err
	}
	text := found.Text()
	if _, err := project.Parse([]byte(text)); err != nil {
		return err
	}
	if ctx.Bool("stdout") {
		_, err := fmt.Fprint(streams.Out, text)
		return err
	}
	target := filepath.Join(found.Root, project.FileName)
	if err := writeNew(target, text); err != nil {
		return err
	}
	fmt.Fprintf(streams.Out, "wrote %s: %s\n", project.FileName, strings.Join(found.Summary(), "; "))
	for _, step := range found.NextSteps() {
		fmt.Fprintf(streams.Out, "  next  %s\n", step)
	}
	return nil
}

// writeNew never overwrites.
func writeNew(path, text string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if os.IsExist(err) {
		return fault.Usage("%s is already there", path).Hint("--stdout prints a new one to compare with")
	}
	if err != nil {
		return fault.Unable("writing %s: %w", path, err)
	}
	if _, err := file.WriteString(text); err != nil {
		_ = file.Close()
		return fault.Unable("writing %s: %w", path, err)
	}
	return file.Close()
}
