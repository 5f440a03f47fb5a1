package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/urfave/cli/v2"
)

// parsed runs a command line up to the environment's name, without acting.
func parsed(args ...string) (name string, dryRun bool, code int, message string) {
	a := app()
	a.Commands = nil
	a.Action = func(ctx *cli.Context) (err error) {
		name, err = environmentName(ctx)
		dryRun = ctx.Bool("dry-run")
		return err
	}
	var out, errs bytes.Buffer
	code = cmdline.Run(a, append([]string{"kubectl-clawql-deploy"}, args...), console.Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
	return name, dryRun, code, errs.String()
}

func TestEnvironmentName(t *testing.T) {
	for _, c := range []struct {
		args string
		name string
		dry  bool
	}{
		{"production", "production", false},
		{"--env production", "production", false},
		{"--env=production --dry-run", "production", true},
		{"production --env production", "production", false},
		{"production --dry-run", "production", true}, // flags behind the argument count too
		{"--dry-run production", "production", true},
		{"--dry-run=false production", "production", false},
		{"-o json production --context x", "production", false},
	} {
		name, dry, code, message := parsed(strings.Fields(c.args)...)
		if code != fault.CodeYes || name != c.name || dry != c.dry {
			t.Errorf("%s: %q, dry run %t, exit %d: %s", c.args, name, dry, code, message)
		}
	}
}

func TestWrongCommandLines(t *testing.T) {
	for args, message := range map[string]string{
		"": "no environment given", "a b": "argument \"b\"", "a --env b": `environment is "a" as argument and "b" as --env`,
		"a --nope": "--nope", "a -o xml": "xml", "a --dry-run=maybe": "maybe", "a --token x": "--token", "a --namespace x": "--namespace",
	} {
		if _, _, code, got := parsed(strings.Fields(args)...); code != fault.CodeUsage || !strings.Contains(got, message) {
			t.Errorf("%q: exit %d, %s; want %q", args, code, got, message)
		}
	}
}
