package supplychain

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// DefaultTimeout bounds all questions about one image.
const DefaultTimeout = 20 * time.Second

// Client asks registries. The credentials are Docker's (config.json and its
// helpers), looked up when a registry is first asked.
type Client struct {
	timeout  time.Duration
	keychain authn.Keychain
	base     http.RoundTripper
}

// NewClient makes a client; a timeout of zero means DefaultTimeout.
func NewClient(timeout time.Duration) *Client {
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	return &Client{timeout: timeout, keychain: authn.DefaultKeychain, base: httpsOnly{remote.DefaultTransport}}
}

func (c *Client) options(ctx context.Context) []remote.Option {
	return []remote.Option{
		remote.WithContext(ctx), remote.WithAuthFromKeychain(c.keychain), remote.WithTransport(c.base),
		remote.WithUserAgent("clawql"),
		remote.WithRetryBackoff(remote.Backoff{Duration: 200 * time.Millisecond, Factor: 3, Jitter: 0.1, Steps: 3}),
	}
}

// httpsOnly refuses plain HTTP to anything but the loopback interface, also
// after a redirect. The library alone would try it for private addresses and
// for names that end in .local, and send credentials along.
type httpsOnly struct{ next http.RoundTripper }

var errPlainHTTP = errors.New("plain HTTP is only used on the loopback interface")

func (t httpsOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !isLoopback(r.URL.Host) {
		return nil, errPlainHTTP
	}
	return t.next.RoundTrip(r)
}

// explain turns an error of the library into one for a person. Only "it is
// not there" is an answer (fault.No); all others leave the question open.
func (c *Client) explain(ctx context.Context, ref Reference, err error) error {
	var known *fault.Error
	if errors.As(err, &known) {
		return err
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fault.Unable("read image %s: registry %s gave no answer within %s", ref.Text, ref.Registry, c.timeout)
	}
	if ctx.Err() != nil {
		return fault.Unable("read image %s: %w", ref.Text, ctx.Err())
	}
	var answer *transport.Error
	if errors.As(err, &answer) {
		return explainStatus(ref, answer)
	}
	return fault.Unable("read image %s: %s", ref.Text, tidy(err)).
		Hint("see whether registry %s can be reached from here", ref.Registry)
}

func explainStatus(ref Reference, answer *transport.Error) error {
	switch answer.StatusCode {
	case http.StatusNotFound:
		return fault.No("image %s is not in its registry", ref.Text).
			Hint("push it, or correct the digest: a rebuilt image has another one")
	case http.StatusUnauthorized, http.StatusForbidden:
		return fault.Unable("read image %s: registry %s refuses access (%d)", ref.Text, ref.Registry, answer.StatusCode).
			Hint("docker login %s, or ask for the right to pull; some registries answer so for what does not exist", ref.Registry)
	case http.StatusTooManyRequests:
		return fault.Unable("read image %s: registry %s asks to wait (429, too many requests)", ref.Text, ref.Registry)
	}
	return fault.Unable("read image %s: registry %s answered %d: %s", ref.Text, ref.Registry, answer.StatusCode, tidy(answer))
}

var secretParts = regexp.MustCompile(`(https?://)[^/@\s"]*@|(\?)[^\s"]*`)

// maxText bounds what a registry may add to our errors, in bytes.
const maxText = 300

// tidy drops user names, passwords and queries from URLs, and cuts.
func tidy(err error) string {
	text := secretParts.ReplaceAllString(err.Error(), "$1$2")
	if len(text) > maxText {
		text = text[:maxText] + "..."
	}
	return text
}
