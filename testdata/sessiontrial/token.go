package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"
)

// longestAnswer is how long an answer may take where fifty sessions share two
// processors.
const longestAnswer = time.Minute

// ask sends a request to the session's Vault with the copied token, straight at
// Vault's own socket past the supervisor (the trial is root, or the user), and returns status and body; 0 for no answer.
func (r *running) ask(method, path, body string) (int, string) {
	client := http.Client{Timeout: longestAnswer, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(r.folder, "server.sock"))
		},
	}}
	request, err := http.NewRequest(method, "http://vault"+path, strings.NewReader(body))
	if err != nil {
		return 0, ""
	}
	request.Header.Set("X-Vault-Token", r.token)
	request.Header.Set("X-Vault-Request", "true")
	response, err := client.Do(request)
	if err != nil {
		return 0, ""
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(text)
}

// reads says whether the copied token still reads the canary.
func (r *running) reads() bool {
	status, body := r.ask(http.MethodGet, "/v1/secret/data/by-vault", "")
	return status == http.StatusOK && strings.Contains(body, r.canary)
}
