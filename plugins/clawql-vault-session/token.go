package main

import (
	"os"

	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/release"
	"github.com/clawql/clawql-workbench/shared/session"
)

const tokenDescription = `For programs that take a Vault token from their environment:

  VAULT_TOKEN=$(clawql-vault-session token) terraform plan

vault itself needs no such line: run inside, it asks the session by itself.
The token ends with the session, and can neither be renewed nor make others.`

func tokenCommand() *cli.Command {
	return &cli.Command{Name: "token", Usage: "print the command's Vault token; inside the session only", Description: tokenDescription, Action: printToken}
}

func printToken(c *cli.Context) error {
	client, err := theSession(c)
	if err != nil {
		return err
	}
	return writeToken(c, client, "\n")
}

// writeToken ends with a line break for people; Vault's CLI takes none.
func writeToken(c *cli.Context, client *session.Client, end string) error {
	token, err := client.Token(c.Context)
	if err != nil {
		return err
	}
	_, err = cmdline.Streams(c).Out.Write(append(token, end...))
	return err
}

// tokenHelper is the program as Vault's CLI calls it, by the link `token` in
// the session's folder (see Vault's "Token helpers"): `token get` prints the
// token, `store` and `erase` have nowhere to write.
func tokenHelper() *cli.App {
	return &cli.App{
		Name: "token", Usage: "Vault's token helper of a session", Version: release.Version(),
		Commands: []*cli.Command{
			{Name: "get", Usage: "print the token", Action: helperGet},
			{Name: "store", Usage: "refused: a session has one token", Action: func(*cli.Context) error {
				return fault.Usage("a session keeps no other token than its own")
			}},
			{Name: "erase", Usage: "does nothing: the token ends with the session", Action: func(*cli.Context) error { return nil }},
		},
	}
}

func helperGet(c *cli.Context) error {
	client, err := session.Find(c.Context, session.Where{Environ: os.Environ()})
	if err != nil {
		return err
	}
	return writeToken(c, client, "")
}
