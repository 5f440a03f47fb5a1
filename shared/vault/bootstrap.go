package vault

import (
	"context"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Mount is where the secrets of a session live, KV version 2, as in production.
const Mount = "secret"

// between is the pause before the server is asked again while it starts.
const between = 4 * time.Millisecond

// Setup is what a fresh server is brought to.
type Setup struct {
	TTL time.Duration // of both tokens, explicit_max_ttl; whole seconds are rounded up
	// Policies of the command's token, as HCL. Empty: PolicyForCommand.
	Policies []Policy
}

// Ready is a Vault in use. The root token is revoked, and nobody has the
// unseal key any more.
type Ready struct {
	Keeper  *Client // the supervisor's own token: put, list, delete for good
	Command *Client // the token of the session's command: what its policies allow
}

// Await waits until the server answers and returns its version. It gives up
// with ctx.
func (c *Client) Await(ctx context.Context) (version string, err error) {
	for {
		status, err := c.api.Sys().SealStatusWithContext(ctx)
		if err == nil {
			return status.Version, nil
		}
		if err := pause(ctx); err != nil {
			return "", fault.Unable("waiting for Vault to answer: %w", err)
		}
	}
}

// Bootstrap initializes an empty Vault and unseals it, mounts KV v2, writes
// the policies, makes two orphan tokens without a way to renew them, and
// revokes the root token.
func (c *Client) Bootstrap(ctx context.Context, setup Setup) (*Ready, error) {
	initialized, err := c.api.Sys().InitWithContext(ctx, &api.InitRequest{SecretShares: 1, SecretThreshold: 1})
	if err != nil {
		return nil, refused("initializing Vault", err)
	}
	if _, err := c.api.Sys().UnsealWithContext(ctx, initialized.Keys[0]); err != nil {
		return nil, refused("unsealing Vault", err)
	}
	root, err := c.with(initialized.RootToken)
	if err != nil {
		return nil, err
	}
	ready, err := root.furnish(ctx, setup)
	if err != nil {
		return nil, err
	}
	if err := root.RevokeSelf(ctx); err != nil {
		return nil, err
	}
	return ready, nil
}

// furnish does what needs the root token.
func (c *Client) furnish(ctx context.Context, setup Setup) (*Ready, error) {
	if err := c.mount(ctx); err != nil {
		return nil, err
	}
	names, err := c.writePolicies(ctx, setup.Policies)
	if err != nil {
		return nil, err
	}
	keeper, err := c.orphan(ctx, setup.TTL, []string{keeperPolicyName})
	if err != nil {
		return nil, err
	}
	command, err := c.orphan(ctx, setup.TTL, names)
	if err != nil {
		return nil, err
	}
	return &Ready{Keeper: keeper, Command: command}, nil
}

// mount makes the KV v2 mount, keeps one version of each secret, and waits out
// the moment in which a fresh mount refuses everything.
func (c *Client) mount(ctx context.Context) error {
	err := c.api.Sys().MountWithContext(ctx, Mount, &api.MountInput{Type: "kv", Options: map[string]string{"version": "2"}})
	if err != nil {
		return refused("mounting "+Mount+"/", err)
	}
	for {
		_, err := c.api.Logical().WriteWithContext(ctx, Mount+"/config", map[string]any{"max_versions": 1})
		if err == nil {
			return nil
		}
		if !upgrading(err) {
			return refused("configuring "+Mount+"/", err)
		}
		if err := pause(ctx); err != nil {
			return fault.Unable("waiting for the mount %s/: %w", Mount, err)
		}
	}
}

func pause(ctx context.Context) error {
	timer := time.NewTimer(between)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
