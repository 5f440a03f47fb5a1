package session

import (
	"context"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/vault"
)

// serverName is the socket on which Vault itself listens.
const serverName = "server.sock"

// openVault serves VAULT_ADDR: every request of Vault's own clients passes
// through the supervisor, which sees who asks, and for what. Vault itself can
// tell neither on a unix socket. The supervisor holds all secrets anyway.
func (s *supervisor) openVault() error {
	listener, err := net.Listen("unix", s.path(vaultName))
	if err != nil {
		return fault.Unable("opening Vault's socket: %w", err)
	}
	if err := os.Chmod(s.path(vaultName), 0o600); err != nil {
		listener.Close()
		return fault.Unable("closing Vault's socket to others: %w", err)
	}
	s.door = &http.Server{Handler: met(s.doorway()), ReadHeaderTimeout: headerTimeout, ConnContext: s.meets}
	go s.door.Serve(listener)
	return nil
}

func (s *supervisor) meets(ctx context.Context, connection net.Conn) context.Context {
	return meet(ctx, connection, os.Getuid(), os.Getpid())
}

func (s *supervisor) doorway() http.Handler {
	passing := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: "localhost"}) },
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", s.path(serverName))
		}},
		ModifyResponse: s.passed,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			http.Error(w, `{"errors":["the session's Vault does not answer"]}`, http.StatusBadGateway)
		},
	}
	return passing
}

// passed notes a request that Vault has answered.
func (s *supervisor) passed(response *http.Response) error {
	what, name := deedOf(response.Request)
	if what == "" {
		return nil
	}
	if what != "get" && what != "list" {
		s.known.changed(name, false)
	}
	refused := ""
	if response.StatusCode >= 400 {
		refused = response.Status
	}
	s.books.add(entryOf(response.Request, ViaVault, what, name, refused))
	return nil
}

// deedOf reads a request to the secrets' mount: what it does, and to which
// secret. Requests that touch no secret are "".
func deedOf(r *http.Request) (what, name string) {
	rest, ok := strings.CutPrefix(r.URL.Path, "/v1/"+vault.Mount+"/")
	if !ok {
		return "", ""
	}
	kind, name, _ := strings.Cut(rest, "/")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		what = "get"
		if r.URL.Query().Get("list") == "true" {
			what = "list"
		}
	case "LIST":
		what = "list"
	case http.MethodDelete:
		what = "delete"
	default:
		what = "put"
	}
	if kind != "data" && what != "list" {
		name = kind + "/" + name
	}
	return what, strings.TrimSuffix(name, "/")
}
