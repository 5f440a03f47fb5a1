package vaultread

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/hashicorp/vault/api"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// errAbsent says that there is nothing at a path, which Vault also says of an
// empty list.
var errAbsent = errors.New("there is nothing")

// unread is a reason for which one path could not be read; the rest may be.
type unread string

func (u unread) Error() string { return string(u) }

// judge sorts what the API says: nil, errAbsent, an unread, or an error of
// fault that ends the reading. It repeats no text of the server.
func (c *client) judge(attempt string, err error) error {
	var response *api.ResponseError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &response):
		return c.answered(attempt, response)
	}
	return c.unreachable(attempt, err)
}

func (c *client) answered(attempt string, r *api.ResponseError) error {
	says := func(text string) bool { return strings.Contains(strings.Join(r.Errors, "\n"), text) }
	switch {
	case r.StatusCode == http.StatusNotFound && len(r.Errors) == 0:
		return errAbsent
	case r.StatusCode == http.StatusForbidden && says("invalid token"):
		return fault.Unable("Vault %s: %s: it does not know the token, which has expired, was revoked, or is another Vault's", c.address, attempt).
			Hint("environments.NAME.vault.token of clawql.yaml says where the token comes from")
	case r.StatusCode == http.StatusForbidden:
		return unread("no right to read it")
	case r.StatusCode == http.StatusServiceUnavailable && says("sealed"):
		return fault.Unable("Vault %s: %s: it is sealed", c.address, attempt).Hint("vault operator unseal")
	case r.StatusCode == http.StatusNotFound && says("unsupported path"):
		return unread("this Vault does not know the path")
	}
	return unread(fmt.Sprintf("Vault answers %d", r.StatusCode))
}

func (c *client) unreachable(attempt string, err error) error {
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		return c.noVault(attempt)
	}
	bad := fault.Unable("Vault %s: %s: %w", c.address, attempt, err)
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	switch {
	case errors.As(err, &authority), errors.As(err, &host):
		return bad.Hint("vault.caCert of the environment names the certificates that count")
	case errors.Is(err, errRedirect):
		return bad.Hint("name the address of the active server, or of a load balancer that finds it")
	}
	return bad.Hint("environments.NAME.vault.address of clawql.yaml says where it is")
}
