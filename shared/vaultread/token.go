package vaultread

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/project"
)

// longestToken is a bound, in bytes; a batch token may have some kilobytes.
const longestToken = 32 << 10

// identify gives the client its token and namespace. ended gives up a token
// that it logged in for.
func (c *client) identify(ctx context.Context, s Source) (ended func(), err error) {
	ended = func() {}
	if s.Namespace != "" {
		c.api.SetNamespace(s.Namespace)
	}
	var token []byte
	switch from := s.Token; {
	case from.Kubernetes != nil:
		return c.login(ctx, *from.Kubernetes)
	case from.Env != "":
		if s.Getenv != nil {
			token = []byte(s.Getenv(from.Env))
		}
		if len(token) == 0 {
			return ended, fault.Usage("read Vault %s: variable %s, which should hold its token, is not set", s.Address, from.Env).
				Hint("a token that may only read: `kubectl clawql drift rbac SIDE` prints its policy")
		}
	default:
		if token, err = tokenFile(from.File); err != nil {
			return ended, err
		}
	}
	return ended, c.use(token)
}

// use takes a token that can stand in a header.
func (c *client) use(token []byte) error {
	token = bytes.TrimSpace(token)
	for _, b := range token {
		if b <= ' ' || b > '~' {
			return fault.Usage("the token for Vault %s is none: it has blanks or characters that no token has", c.address)
		}
	}
	if len(token) == 0 {
		return fault.Usage("the token for Vault %s is empty", c.address)
	}
	c.api.SetToken(string(token))
	return nil
}

// tokenFile reads a file that nobody else may read.
func tokenFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fault.Usage("read Vault's token: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, fault.Usage("read Vault's token: %w", err)
	case !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0:
		return nil, fault.Usage("Vault's token, %s, has mode %s; others must not read it", path, info.Mode()).Hint("chmod 600 %s", path)
	}
	return bounding(file, path)
}

func bounding(file io.Reader, path string) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(file, longestToken+1))
	if err != nil || len(text) > longestToken {
		return nil, fault.Usage("the token in %s cannot be read, or is longer than %d bytes", path, longestToken)
	}
	return text, nil
}

// login gets a token for a service account. The kubelet writes that one's token
// for the pod's group, so its mode is not asked for.
func (c *client) login(ctx context.Context, k project.VaultKubernetes) (ended func(), err error) {
	ended = func() {}
	file, err := os.Open(k.TokenFile)
	if err != nil {
		return ended, fault.Usage("log in to Vault %s: read the service account's token: %w", c.address, err).Hint("outside of a pod name another way: token: {env: NAME} or {file: PATH}")
	}
	defer file.Close()
	text, err := bounding(file, k.TokenFile)
	if err != nil {
		return ended, err
	}
	attempt := "log in at auth/" + k.Mount + " as role " + k.Role
	secret, err := c.api.Logical().WriteWithContext(ctx, "auth/"+k.Mount+"/login", map[string]any{"role": k.Role, "jwt": string(bytes.TrimSpace(text))})
	if refused := c.judge(attempt, err); refused != nil {
		return ended, c.noLogin(attempt, refused)
	}
	if secret == nil || secret.Auth == nil || secret.Auth.ClientToken == "" {
		return ended, fault.Unable("Vault %s: %s: it gives no token", c.address, attempt)
	}
	return func() { c.giveUp(ctx, secret.Auth) }, c.use([]byte(secret.Auth.ClientToken))
}

func (c *client) noLogin(attempt string, refused error) error {
	var reason unread
	if errors.As(refused, &reason) || errors.Is(refused, errAbsent) {
		return fault.Unable("Vault %s: %s: it refuses", c.address, attempt).
			Hint("the role has to be bound to this service account, its namespace and the audience of its token")
	}
	return refused
}

// giveUp revokes the token; one that may not do that ends by itself.
func (c *client) giveUp(ctx context.Context, auth *api.SecretAuth) {
	if auth.LeaseDuration == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_ = c.api.Auth().Token().RevokeSelfWithContext(ctx, "")
}
