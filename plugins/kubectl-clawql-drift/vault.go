package main

import (
	"context"
	"os"
	"strconv"
	"strings"

	"github.com/clawql/clawql-workbench/shared/clusterread"
	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/driftcheck"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/vaultread"
	"github.com/urfave/cli/v2"
)

// readVault reads the Vault of an environment beside its cluster.
func (s side) readVault(ctx context.Context, reader *driftcheck.Reader, into *driftcheck.Side, at clusterread.Place, progress func(string)) error {
	_, folder, err := nearestAt()
	if err != nil {
		return err
	}
	progress("reading " + s.name + ": Vault")
	return reader.Vault(ctx, into, vaultread.Source{
		Vault: *s.vault, Folder: folder, Getenv: os.Getenv,
		Progress: func(requests int) {
			progress("reading " + s.name + ": Vault, " + console.Count(requests, "request"))
		},
	}, s.name, at)
}

// vaultSays counts what of a side's Vault was read.
func vaultSays(s driftcheck.Side) string {
	var parts []string
	if n := len(s.Policies); n == 1 {
		parts = append(parts, "1 policy")
	} else if n > 1 {
		parts = append(parts, strconv.Itoa(n)+" policies")
	}
	if s.Auth != nil {
		parts = append(parts, console.Count(len(s.Auth.Mounts), "auth method"), console.Count(len(s.Auth.Roles), "role"))
	}
	if len(parts) == 0 {
		return ""
	}
	return "of Vault: " + strings.Join(parts, ", ") + "\n"
}

// vaultRights prints the policy alone, for `vault policy write NAME -`.
func vaultRights(c *cli.Context, s side) error {
	if s.vault == nil {
		return fault.Usage("%s names no Vault", s.name).Hint("environments.NAME.vault of clawql.yaml names one")
	}
	return write(cmdline.Streams(c).Out, vaultread.Rights)
}

// vaultNote is the policy as it stands below the manifests, where every line
// has to be a comment.
func vaultNote(s side) string {
	if s.vault == nil {
		return ""
	}
	text := "Vault policy of the token for " + s.vault.Address + ", alone with --vault:\n" + vaultread.Rights +
		"where it is Vault Enterprise, also:\n" + vaultread.EnterpriseRights
	return "# " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n# ") + "\n"
}
