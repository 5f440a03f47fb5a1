package main

import (
	"io"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/clawql/clawql-workbench/shared/session"
)

const auditDescription = `Who read, wrote or listed which secret, and when; never a value. The same table
is shown when the session ends. Vault's own clients are in it too: VAULT_ADDR
leads through the session. With -o json each access has the process (id, user,
program) and the one that started it; of arguments nothing, they may be secret.`

func auditCommand() *cli.Command {
	return &cli.Command{
		Name: "audit", Usage: "show who asked for which secret so far", Description: auditDescription,
		Flags:  []cli.Flag{cmdline.OutputFlag(output.Table, output.JSON, output.YAML), sessionFlag()},
		Action: showAudit,
	}
}

// auditObject is the object of `audit -o json`.
type auditObject struct {
	output.Header `json:",inline"`
	session.Audit `json:",inline"`
}

func showAudit(c *cli.Context) error {
	client, err := theSession(c)
	if err != nil {
		return err
	}
	audit, err := client.Audit(c.Context)
	if err != nil {
		return err
	}
	out := cmdline.Streams(c).Out
	if format := cmdline.Format(c); format.Structured() {
		return output.Encode(out, format, auditObject{output.Head("VaultSessionAudit"), audit})
	}
	text := audit.Summary(0)
	if text == "" {
		text = "nobody has asked for a secret in this session\n"
	}
	_, err = io.WriteString(out, text)
	return err
}

// absolute is the path of --audit-file as the supervisor needs it.
func absolute(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	whole, err := filepath.Abs(path)
	if err != nil {
		return "", fault.Unable("reading the current folder: %w", err)
	}
	return whole, nil
}
