package dataplane

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"os"
	"sync/atomic"
	"time"

	"github.com/clawql/clawql-workbench/testdata/sandbox/dataplane/count"
	"github.com/clawql/clawql-workbench/testdata/sandbox/dataplane/envelope"
	"github.com/clawql/clawql-workbench/testdata/sandbox/dataplane/route"
)

const (
	sessionHeader = "Mcp-Session-Id"

	// replayable is the largest body, in bytes, that is kept in memory so that
	// a request can go out again when a connection turned out dead unused.
	replayable = 64 << 10

	// dialAttempts is how many pods a request is offered to: only a connection
	// that could not be made sends it on, never one that had begun.
	dialAttempts = 3

	// statusClientGone is nginx's code for a client that hung up; it is only counted.
	statusClientGone = 499
)

// Proxy serves requests by the table in force.
type Proxy struct {
	table   atomic.Pointer[route.Table]
	sticky  atomic.Bool
	book    *count.Book
	orphans *count.Series // requests that belong to no route
	reverse *httputil.ReverseProxy
}

// NewProxy starts with an empty table (everything is 404) and sticky sessions.
func NewProxy(book *count.Book, dial dialFunc) *Proxy {
	p := &Proxy{book: book, orphans: book.Series(count.Key{})}
	p.table.Store(&route.Table{})
	p.sticky.Store(true)
	p.reverse = &httputil.ReverseProxy{
		Rewrite:        rewrite,
		Transport:      &dialer{next: newTransport(dial)},
		ModifyResponse: p.answered,
		ErrorHandler:   failed,
		BufferPool:     &buffers{},
		ErrorLog:       log.New(os.Stderr, "dataplane: ", 0),
	}
	return p
}

// Use puts a table in force: requests that come after it see it.
func (p *Proxy) Use(t *route.Table) { p.table.Store(t) }

// exchange is one request on its way.
type exchange struct {
	rule    *route.Rule
	target  route.Target
	session bool // the client came with a session id
}

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange { return ctx.Value(exchangeKey{}).(*exchange) }

// Handler serves a listener's port.
func (p *Proxy) Handler(port int32) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rule := p.table.Load().Find(port, r)
		if rule == nil {
			refuse(w, http.StatusNotFound, p.orphans)
			return
		}
		p.serve(w, r, rule)
	})
}

func (p *Proxy) serve(w http.ResponseWriter, r *http.Request, rule *route.Rule) {
	x := &exchange{rule: rule, session: r.Header.Get(sessionHeader) != ""}
	x.target = rule.Pick(p.unseal(r.Header))
	if x.target.Status != 0 {
		refuse(w, x.target.Status, x.target.Local)
		return
	}
	if err := keepBody(r); err != nil {
		refuse(w, http.StatusBadRequest, rule.Local)
		return
	}
	p.reverse.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x)))
}

// unseal strips the envelope and returns the address in it; empty when there
// is none or sessions are not kept.
func (p *Proxy) unseal(header http.Header) string {
	value := header.Get(sessionHeader)
	if value == "" || !p.sticky.Load() {
		return ""
	}
	address, id, ok := envelope.Open(value)
	if !ok {
		return ""
	}
	header.Set(sessionHeader, id)
	return address
}

// answered counts an upstream's answer and seals a session id in it.
func (p *Proxy) answered(resp *http.Response) error {
	x := exchangeOf(resp.Request.Context())
	series := x.target.Endpoint.Series
	series.Answered(resp.StatusCode, time.Now())
	id := resp.Header.Get(sessionHeader)
	if id == "" {
		return nil
	}
	if !x.session {
		series.SessionOpened()
	}
	if p.sticky.Load() {
		resp.Header.Set(sessionHeader, envelope.Seal(x.target.Endpoint.Address, id))
	}
	return nil
}

// failed answers for a pod that did not: 502, counted under the pod.
func failed(w http.ResponseWriter, r *http.Request, err error) {
	x := exchangeOf(r.Context())
	status := http.StatusBadGateway
	if errors.Is(err, context.Canceled) {
		status = statusClientGone
	}
	refuse(w, status, x.target.Endpoint.Series)
}

func refuse(w http.ResponseWriter, status int, series *count.Series) {
	now := time.Now()
	series.Began(now)
	series.Answered(status, now)
	series.Ended()
	text := http.StatusText(status)
	http.Error(w, text, status)
}

// rewrite keeps the client's Host and tells the pod who asked.
func rewrite(r *httputil.ProxyRequest) {
	r.Out.URL.Scheme = "http"
	r.Out.URL.Host = exchangeOf(r.In.Context()).target.Endpoint.Address
	r.Out.Host = r.In.Host
	r.SetXForwarded()
}

// keepBody makes a small body replayable for the transport's own retry.
func keepBody(r *http.Request) error {
	if r.ContentLength <= 0 || r.ContentLength > replayable {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body, err = r.GetBody()
	return err
}
