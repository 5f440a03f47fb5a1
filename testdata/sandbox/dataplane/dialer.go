package dataplane

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/clawql/clawql-workbench/testdata/sandbox/dataplane/count"
)

// dialFunc makes a connection to a pod's address.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// dialPod is the real one. A pod is near: what takes longer is not there.
var dialPod dialFunc = (&net.Dialer{Timeout: time.Second}).DialContext

func newTransport(dial dialFunc) *http.Transport {
	return &http.Transport{
		DialContext:         dial,
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     30 * time.Second,
		DisableCompression:  true,
	}
}

// dialer sends a request to the pod of its exchange, and to another one when
// no connection could be made: a pod that is going away is noticed here before
// the API server tells.
type dialer struct{ next http.RoundTripper }

func (d *dialer) RoundTrip(req *http.Request) (*http.Response, error) {
	x := exchangeOf(req.Context())
	for attempt := 1; ; attempt++ {
		resp, err := d.once(req, x)
		if err == nil || attempt == dialAttempts || !unreached(err) {
			return resp, err
		}
		x.target.Endpoint.Series.DialFailed()
		other := x.rule.Pick("")
		if other.Endpoint == nil {
			return nil, err
		}
		x.target = other
	}
}

func (d *dialer) once(req *http.Request, x *exchange) (*http.Response, error) {
	out := req.Clone(req.Context())
	out.URL.Host = x.target.Endpoint.Address
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		out.Body = body
	}
	series := x.target.Endpoint.Series
	series.Began(time.Now())
	resp, err := d.next.RoundTrip(out)
	if err != nil {
		series.Ended()
		return nil, err
	}
	resp.Body = &countedBody{ReadCloser: resp.Body, series: series}
	return resp, nil
}

// unreached tells that no connection was made, so the pod saw nothing.
func unreached(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// countedBody ends the count in flight when the answer is through.
type countedBody struct {
	io.ReadCloser
	series *count.Series
	once   sync.Once
}

func (b *countedBody) Close() error {
	b.once.Do(b.series.Ended)
	return b.ReadCloser.Close()
}

// buffers lends the copy buffers.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if buf, ok := b.pool.Get().(*[]byte); ok {
		return *buf
	}
	return make([]byte, 16<<10)
}

func (b *buffers) Put(buf []byte) { b.pool.Put(&buf) }
