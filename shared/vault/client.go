package vault

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Client speaks to the server as the holder of one token.
type Client struct{ api *api.Client }

// Open makes a client on a unix socket, without a token. The variables VAULT_*
// of this process do not count.
func Open(socket string) (*Client, error) {
	config := api.DefaultConfig()
	if config.Error != nil {
		return nil, fault.Unable("preparing the Vault client: %w", config.Error)
	}
	config.Address = "unix://" + socket
	config.AgentAddress = ""
	config.MaxRetries = 0
	config.Timeout = 20 * time.Second
	made, err := api.NewClient(config)
	if err != nil {
		return nil, fault.Unable("preparing the Vault client: %w", err)
	}
	made.ClearToken()
	made.ClearNamespace()
	return &Client{made}, nil
}

// with is the same connection with another token.
func (c *Client) with(token string) (*Client, error) {
	other, err := c.api.Clone()
	if err != nil {
		return nil, fault.Unable("preparing the Vault client: %w", err)
	}
	other.SetToken(token)
	return &Client{other}, nil
}

// ErrDenied says that Vault's policies do not allow it.
var ErrDenied = errors.New("denied by the session's Vault policy")

// ErrAbsent says that there is nothing at a path.
var ErrAbsent = errors.New("not there")

// refused turns an error of the API into one without request or response
// bodies: those could repeat a value.
func refused(doing string, err error) error {
	var response *api.ResponseError
	if !errors.As(err, &response) {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return fault.Unable("%s: %w", doing, err)
		}
		return fault.Unable("%s: Vault does not answer", doing).Hint("the session's Vault may have ended; `clawql-vault-session status` tells")
	}
	switch response.StatusCode {
	case http.StatusForbidden:
		return fault.No("%s: %w", doing, ErrDenied)
	case http.StatusNotFound:
		return fault.No("%s: %w", doing, ErrAbsent)
	}
	return fault.Unable("%s: Vault answers %d", doing, response.StatusCode)
}

// upgrading is the answer of a KV mount in its first moments.
func upgrading(err error) bool {
	var response *api.ResponseError
	return errors.As(err, &response) && response.StatusCode == http.StatusBadRequest &&
		strings.Contains(strings.Join(response.Errors, " "), "pgrading from non-versioned")
}
