package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/session"
	"github.com/clawql/clawql-workbench/shared/vault"
)

const putDescription = `On a terminal it asks for the value and does not show it; else the value is what
comes on stdin. It is never an argument: those stand in the process list and in
the shell's history.

One line break at the end of a single line of text does not count, so that
` + "`printf`, `echo` and `pass show`" + ` give the same; --exact keeps every byte.

A commit that contains the value is refused while the session lives, unless it
is put with --not-secret (a host name, a region) or is too short or too common
to tell.`

func putCommand() *cli.Command {
	return &cli.Command{
		Name: "put", ArgsUsage: "NAME", Usage: "keep a secret for as long as the session lives", Description: putDescription,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "exact", Usage: "keep a line break at the end of stdin"},
			&cli.BoolFlag{Name: "allow-empty", Usage: "keep a value of zero bytes"},
			&cli.BoolFlag{Name: "not-secret", Usage: "let commits contain the value"},
			sessionFlag(),
		},
		Action: put,
	}
}

func put(c *cli.Context) error {
	name := c.Args().First()
	if err := checkName(name); err != nil {
		return err
	}
	client, err := theSession(c) // before the person types
	if err != nil {
		return err
	}
	value, err := readValue(c, name)
	if err != nil {
		return err
	}
	if len(value) == 0 && !c.Bool("allow-empty") {
		return fault.Usage("the value of %s has zero bytes; often a command before the pipe failed", name).Hint("if it is meant: --allow-empty")
	}
	return client.Put(c.Context, name, value, c.Bool("not-secret"))
}

// checkName refuses what Vault would take apart, and NAME=VALUE without
// repeating what may be a value.
func checkName(name string) error {
	if before, _, found := strings.Cut(name, "="); found {
		if vault.CheckPath(before) != nil {
			before = "NAME"
		}
		return fault.Usage("a secret's name has no \"=\", and a value is never an argument: the process list and the shell's history show it").
			Hint("clawql-vault-session put %s    (it asks for the value)", before).
			Hint("if a value stood there: take the line out of the shell's history, and replace the secret")
	}
	return vault.CheckPath(name)
}

func readValue(c *cli.Context, name string) ([]byte, error) {
	streams := cmdline.Streams(c)
	if terminal, ok := terminalOf(streams.In); ok {
		return askSecret(c.Context, streams, terminal, console.Clean(name))
	}
	value, err := io.ReadAll(io.LimitReader(streams.In, session.LongestValue+1))
	switch {
	case err != nil:
		return nil, fault.Unable("reading the value of %s from stdin: %w", name, err)
	case len(value) > session.LongestValue:
		return nil, fault.Usage("the value of %s has more than %d bytes", name, session.LongestValue)
	case c.Bool("exact"):
		return value, nil
	}
	return withoutEnd(value), nil
}

// withoutEnd drops the line break behind a single line of text.
func withoutEnd(value []byte) []byte {
	line := bytes.TrimSuffix(bytes.TrimSuffix(value, []byte("\n")), []byte("\r"))
	if len(line) == len(value) || bytes.ContainsAny(line, "\n\r\x00") || value[len(value)-1] != '\n' {
		return value
	}
	return line
}

func deleteCommand() *cli.Command {
	return &cli.Command{
		Name: "delete", ArgsUsage: "NAME", Usage: "take a secret away for good",
		Flags: []cli.Flag{sessionFlag()},
		Action: func(c *cli.Context) error {
			if err := vault.CheckPath(c.Args().First()); err != nil {
				return err
			}
			client, err := theSession(c)
			if err != nil {
				return err
			}
			return client.Delete(c.Context, c.Args().First())
		},
	}
}

func renewCommand() *cli.Command {
	return &cli.Command{
		Name: "renew", Hidden: true, ArgsUsage: "[ARGS...]",
		Action: func(*cli.Context) error {
			return fault.Usage("a session cannot be renewed: its %s are the longest that a key may live on a workstation", fmt.Sprintf("%.0f hours", session.LongestTTL.Hours())).
				Hint("start a new one when this is over, and put its secrets anew: clawql-vault-session import")
		},
	}
}
