package alert

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/project"
)

// Sender posts messages. Its zero value asks four times over half a minute.
type Sender struct {
	Timeout time.Duration // of one attempt; 0 is 10 s
	Pauses  []time.Duration
}

// pauses lie between the attempts.
var pauses = []time.Duration{time.Second, 4 * time.Second, 15 * time.Second}

// longestPause is what a server may ask for by Retry-After.
const longestPause = 30 * time.Second

// Send tells the route. Nothing to tell is no request. The error is
// fault.Unable; it names the route and what went wrong, never the URL nor
// anything that the server said.
func (s Sender) Send(ctx context.Context, r Route, m Message) error {
	body, err := r.body(m)
	if err != nil {
		return fault.Unable("alert route %s: write the message: %w", r.Name, err)
	}
	if body == nil {
		return nil
	}
	if r.broken != nil {
		return r.broken
	}
	between := s.Pauses
	if between == nil {
		between = pauses
	}
	for attempt := 0; ; attempt++ {
		wait, err := s.post(ctx, r, body)
		if err == nil {
			return nil
		}
		if wait < 0 || attempt >= len(between) {
			return fault.Unable("alert route %s: %w, after %d attempts", r.Name, err, attempt+1)
		}
		select {
		case <-ctx.Done():
			return fault.Unable("alert route %s: %w, and there was no time for another attempt", r.Name, err)
		case <-time.After(max(wait, between[attempt])):
		}
	}
}

// never says that another attempt would not help.
const never = -1

// post is one attempt; wait is what the server asks for, or never.
func (s Sender) post(ctx context.Context, r Route, body []byte) (wait time.Duration, err error) {
	timeout := s.Timeout
	if timeout == 0 {
		timeout = 10 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.endpoint(), bytes.NewReader(body))
	if err != nil {
		return never, errors.New("no request can be made to its URL")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "clawql-drift")
	answer, err := client.Do(request)
	if err != nil {
		return 0, reason(err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection can be used again
	return judge(answer)
}

// client follows no redirect: an alert is for the one who was named.
var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// endpoint is the URL to post to.
func (r Route) endpoint() string {
	if r.Type == project.AlertAlertmanager {
		return r.url.value.JoinPath("api", "v2", "alerts").String()
	}
	return r.url.value.String()
}

// judge says what an answer means.
func judge(answer *http.Response) (wait time.Duration, err error) {
	code := answer.StatusCode
	if code >= 200 && code < 300 {
		return 0, nil
	}
	err = fault.Unable("the server answered %d %s", code, http.StatusText(code))
	if code != http.StatusTooManyRequests && code < 500 {
		return never, err
	}
	seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
	return min(max(0, time.Duration(seconds)*time.Second), longestPause), err
}

// reason says what went wrong, without what names the host: the texts of
// net/http do.
func reason(err error) error {
	var dns *net.DNSError
	var timeout net.Error
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &unknown), errors.As(err, &host), errors.As(err, &certificate):
		return errors.New("the server's certificate is not to be trusted")
	case errors.As(err, &dns):
		return errors.New("its host name is not known, or no name server answers")
	case errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("no answer in time")
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("the connection was refused")
	case errors.Is(err, context.Canceled):
		return context.Canceled
	}
	return errors.New("the connection broke")
}
