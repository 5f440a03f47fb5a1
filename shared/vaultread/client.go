package vaultread

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Bounds of one request.
const (
	requestTime = 20 * time.Second
	answerSize  = 16 << 20 // bytes
)

// client is a connection to one Vault.
type client struct {
	address  string
	api      *api.Client
	requests *atomic.Int64
}

// dial prepares the connection; nothing is asked yet.
func dial(s Source) (*client, error) {
	transport, address, err := transportOf(s)
	if err != nil {
		return nil, err
	}
	c := &client{address: s.Address, requests: &atomic.Int64{}}
	made, err := api.NewClient(&api.Config{
		Address: address, Timeout: requestTime, MaxRetries: 2, MinRetryWait: 200 * time.Millisecond, MaxRetryWait: time.Second,
		CheckRetry: busy, DisableRedirects: true, // a redirect would show the token to somebody else
		HttpClient: &http.Client{
			Transport:     &counted{transport, c.requests, s.Progress},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	})
	if err != nil {
		return nil, fault.Unable("prepare to read Vault %s: a variable VAULT_* of this process is broken", s.Address)
	}
	made.SetHeaders(http.Header{"X-Vault-Request": {"true"}, "User-Agent": {"clawql-drift"}}) // none of VAULT_HEADERS
	made.ClearToken()
	made.ClearNamespace()
	c.api = made
	return c, nil
}

// busy servers are asked again; one that cannot be reached is not.
func busy(ctx context.Context, response *http.Response, err error) (bool, error) {
	if err != nil || ctx.Err() != nil {
		return false, ctx.Err()
	}
	return response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests, nil
}

// transportOf is the way to the server. To this machine no proxy is used.
func transportOf(s Source) (*http.Transport, string, error) {
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: requestTime,
		MaxIdleConnsPerHost: parallel, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	t.DialContext = dialer.DialContext
	if s.Local() {
		t.Proxy = nil
		t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			return dialHere(ctx, dialer, network, address)
		}
	}
	if socket, is := strings.CutPrefix(s.Address, "unix://"); is {
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", socket)
		}
		return t, "http://localhost", nil
	}
	if s.CACert == "" {
		return t, s.Address, nil
	}
	certificates := []byte(s.CACert)
	if !s.PEM() {
		path := s.CACert
		if !filepath.IsAbs(path) {
			path = filepath.Join(s.Folder, path)
		}
		var err error
		if certificates, err = os.ReadFile(path); err != nil {
			return nil, "", fault.Usage("read caCert of Vault %s: %w", s.Address, err)
		}
	}
	t.TLSClientConfig.RootCAs = x509.NewCertPool()
	if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(certificates) {
		return nil, "", fault.Usage("caCert of Vault %s holds no certificate in PEM", s.Address)
	}
	return t, s.Address, nil
}

// dialHere refuses a name such as localhost that leads to another machine.
func dialHere(ctx context.Context, dialer *net.Dialer, network, address string) (net.Conn, error) {
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if peer, is := conn.RemoteAddr().(*net.TCPAddr); !is || !peer.IP.IsLoopback() {
		conn.Close()
		return nil, errors.New("the name leads to another machine")
	}
	return conn, nil
}

// counted counts requests, takes a redirect for an error, and bounds answers.
type counted struct {
	*http.Transport
	requests *atomic.Int64
	progress func(int)
}

// errRedirect: api takes any answer below 400 for a good one.
var errRedirect = errors.New("it answers with a redirect, which is not followed")

func (t *counted) RoundTrip(request *http.Request) (*http.Response, error) {
	n := t.requests.Add(1)
	if t.progress != nil {
		t.progress(int(n))
	}
	response, err := t.Transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= 300 && response.StatusCode < 400 {
		response.Body.Close()
		return nil, errRedirect
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{&bounded{response.Body, answerSize}, response.Body}
	return response, nil
}

// bounded fails where an answer is too long, so that none passes for whole.
type bounded struct {
	io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, errors.New("the answer is longer than 16 MiB")
	}
	return n, err
}
