package vault

import (
	"context"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// orphan makes a token that no other token's end or life touches, that cannot
// be renewed, and that Vault itself ends after ttl.
func (c *Client) orphan(ctx context.Context, ttl time.Duration, policies []string) (*Client, error) {
	never := false
	made, err := c.api.Auth().Token().CreateOrphanWithContext(ctx, &api.TokenCreateRequest{
		Policies: policies, NoDefaultPolicy: true, NoParent: true, Renewable: &never, Type: "service",
		TTL: seconds(ttl), ExplicitMaxTTL: seconds(ttl), DisplayName: policies[0],
	})
	if err != nil {
		return nil, refused("making a token", err)
	}
	if made.Auth == nil || made.Auth.ClientToken == "" {
		return nil, fault.Unable("making a token: Vault's answer holds none")
	}
	return c.with(made.Auth.ClientToken)
}

// Token is the token itself. It is a secret: it goes over the control socket
// and nowhere else.
func (c *Client) Token() string { return c.api.Token() }

// RevokeSelf ends the client's own token.
func (c *Client) RevokeSelf(ctx context.Context) error {
	if err := c.api.Auth().Token().RevokeSelfWithContext(ctx, ""); err != nil {
		return refused("revoking a token", err)
	}
	return nil
}
