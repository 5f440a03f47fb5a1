package vaultread

import (
	"context"
	"errors"
	"strings"

	"github.com/hashicorp/vault/api"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// state asks what anybody may ask: whether the server can answer at all.
func (c *client) state(ctx context.Context) (*api.SealStatusResponse, error) {
	const attempt = "ask whether it is unsealed"
	state, err := c.api.Sys().SealStatusWithContext(ctx)
	if err = c.judge(attempt, err); err != nil {
		return nil, c.ending(attempt, err)
	}
	switch {
	case state.Version == "":
		return nil, c.noVault(attempt)
	case !state.Initialized:
		return nil, fault.Unable("Vault %s: it was never initialized", c.address).Hint("vault operator init")
	case state.Sealed:
		return nil, fault.Unable("Vault %s: it is sealed", c.address).Hint("vault operator unseal")
	}
	return state, nil
}

// ending makes an error of one path the end of the reading.
func (c *client) ending(attempt string, err error) error {
	var reason unread
	switch {
	case errors.As(err, &reason):
		return fault.Unable("Vault %s: %s: %s", c.address, attempt, reason)
	case errors.Is(err, errAbsent):
		return c.noVault(attempt)
	}
	return err
}

func (c *client) noVault(attempt string) error {
	return fault.Unable("Vault %s: %s: what answers there is no Vault", c.address, attempt).Hint("environments.NAME.vault.address of clawql.yaml says where it is")
}

// extra looks for what only Vault Enterprise has, and restricts what the ACL
// policies allow.
func (r *reader) extra(ctx context.Context) error {
	if !strings.Contains(r.reading.Version, "+ent") {
		return nil
	}
	for _, kind := range []string{"rgp", "egp"} {
		names, err := r.names(ctx, "sys/policies/"+kind, AllPolicies)
		if err != nil {
			return err
		}
		for _, name := range names {
			r.note("sys/policies/" + kind + "/" + name + ": Sentinel policies are not compared")
		}
	}
	return nil
}
