package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Client speaks to a running session over its control socket.
type Client struct {
	Socket string // path
	http   http.Client
}

// Dial makes a client of the session at socket, and checks that the other end
// is this user's own process: nobody else is told a secret.
func Dial(ctx context.Context, socket string) (*Client, error) {
	c := &Client{Socket: socket}
	c.http.Transport = &http.Transport{DialContext: c.connect}
	connection, err := c.connect(ctx, "", "")
	if err != nil {
		return nil, err
	}
	connection.Close()
	return c, nil
}

// ErrOver says that a session was there and is no more.
var ErrOver = errors.New("is over")

// errOver says that there is nobody at a socket.
func errOver(socket string) error {
	return fault.Unable("the session at %s %w", socket, ErrOver).Hint("`clawql-vault-session` starts a new one")
}

func (c *Client) connect(ctx context.Context, _, _ string) (net.Conn, error) {
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "unix", c.Socket)
	if errors.Is(err, os.ErrPermission) {
		return nil, fault.Unable("the session at %s belongs to somebody else", c.Socket)
	}
	if err != nil {
		return nil, errOver(c.Socket)
	}
	if peer, err := peerBehind(connection); err != nil || peer.UID != os.Getuid() {
		connection.Close()
		return nil, fault.Unable("the session at %s belongs to somebody else", c.Socket)
	}
	return connection, nil
}

// Do sends one request and returns the body of the answer. A refusal comes
// back as the fault that the supervisor made of it.
func (c *Client) Do(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://session"+path, bytes.NewReader(body))
	if err != nil {
		return nil, fault.Usage("asking the session: %w", err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		var known *fault.Error
		if errors.As(err, &known) {
			return nil, known
		}
		return nil, errOver(c.Socket)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, longestAnswer))
	if err != nil {
		return nil, fault.Unable("asking the session: its answer broke off")
	}
	if response.StatusCode == http.StatusOK {
		return answer, nil
	}
	var problem Problem
	if json.Unmarshal(answer, &problem) != nil || problem.Message == "" {
		return nil, fault.Unable("asking the session: it answers %d", response.StatusCode)
	}
	return nil, problem.err()
}

// longestAnswer bounds what is read of an answer, in bytes.
const longestAnswer = 64 << 20

func (c *Client) into(ctx context.Context, path string, value any) error {
	answer, err := c.Do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer, value); err != nil {
		return fault.Unable("asking the session: its answer to %s cannot be read", path)
	}
	return nil
}

// Status is what the session says of itself.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var status Status
	return status, c.into(ctx, "/v1/status", &status)
}

// Token is the command's Vault token; inside the session only.
func (c *Client) Token(ctx context.Context) ([]byte, error) {
	return c.Do(ctx, http.MethodGet, "/v1/token", nil)
}

// secretPath writes a secret's name into a path: each byte that could mean
// something else is escaped, the slashes between its steps stay.
func secretPath(name string) string {
	steps := strings.Split(name, "/")
	for i, step := range steps {
		steps[i] = url.PathEscape(step)
	}
	return "/v1/secrets/" + strings.Join(steps, "/")
}

// Put keeps a secret for as long as the session lives. A value that is marked
// as not secret is kept just so, but no commit is refused for it.
func (c *Client) Put(ctx context.Context, name string, value []byte, notSecret bool) error {
	path := secretPath(name)
	if notSecret {
		path += "?" + notSecretParameter
	}
	_, err := c.Do(ctx, http.MethodPut, path, value)
	return err
}

// Get reads a secret, inside the session only: the value that Put kept, or the
// named field of one that another program wrote.
func (c *Client) Get(ctx context.Context, name, field string) ([]byte, error) {
	path := secretPath(name)
	if field != "" {
		path += "?field=" + url.QueryEscape(field)
	}
	return c.Do(ctx, http.MethodGet, path, nil)
}

// Values gives all values that the session's command may read, by name; inside
// the session only.
func (c *Client) Values(ctx context.Context) (map[string][]byte, error) {
	values := map[string][]byte{}
	return values, c.into(ctx, "/v1/values", &values)
}

// Audit is what was asked of the session so far.
func (c *Client) Audit(ctx context.Context) (Audit, error) {
	var audit Audit
	return audit, c.into(ctx, "/v1/audit", &audit)
}

// Delete takes a secret away for good.
func (c *Client) Delete(ctx context.Context, name string) error {
	_, err := c.Do(ctx, http.MethodDelete, secretPath(name), nil)
	return err
}

// List gives the names of the session's secrets, in order.
func (c *Client) List(ctx context.Context) ([]string, error) {
	var names []string
	return names, c.into(ctx, "/v1/secrets", &names)
}

// stopTimeout is how long Stop waits for the end: a session ends within two
// seconds, unless the machine is overloaded.
const stopTimeout = 30 * time.Second

// Stop ends the session and waits until it is over: its folder is gone.
func (c *Client) Stop(ctx context.Context) error {
	if _, err := c.Do(ctx, http.MethodPost, "/v1/stop", nil); err != nil {
		return err
	}
	deadline := time.Now().Add(stopTimeout)
	for time.Now().Before(deadline) && ctx.Err() == nil {
		if _, err := os.Lstat(filepath.Dir(c.Socket)); errors.Is(err, os.ErrNotExist) {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fault.Unable("the session at %s was asked to stop and is still there after %s", c.Socket, stopTimeout)
}
