// Package livesession fetches the digests of the live secrets from the vault
// session around this process, over its socket.
package livesession

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/livesecrets"
)

// Variable names the socket of the session around a process.
const Variable = "CLAWQL_VAULT_SESSION"

const (
	path    = "/v1/live-digests"
	patient = 5 * time.Second // a session answers in milliseconds
	largest = 32 << 20        // bytes of an answer
)

// Fetch asks the session whose socket getenv names. Without the variable there
// is no session and nil is the answer. A session that is named and cannot be
// asked, or whose answer cannot be used, is a fault.Unable: what it would have
// blocked is not known.
func Fetch(ctx context.Context, getenv func(string) string) (*livesecrets.Set, error) {
	socket := getenv(Variable)
	if socket == "" {
		return nil, nil
	}
	if !filepath.IsAbs(socket) {
		return nil, unable(socket, errors.New("it is no absolute path"))
	}
	ctx, stop := context.WithTimeout(ctx, patient)
	defer stop()
	text, err := get(ctx, socket)
	if err != nil {
		return nil, unable(socket, err)
	}
	var set livesecrets.Set
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, unable(socket, err)
	}
	return &set, nil
}

func unable(socket string, err error) error {
	return fault.Unable("ask the vault session at %s (%s) for its live secrets: %w", socket, Variable, err).
		Hint("has the session ended? leave its shell, or unset %s in this one", Variable)
}

func get(ctx context.Context, socket string) ([]byte, error) {
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://session"+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := transport.RoundTrip(request) // no proxy, no redirect
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New("it answers " + response.Status)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, largest+1))
	if err == nil && len(text) > largest {
		err = errors.New("its answer is too large")
	}
	return text, err
}
