package cluster

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/httpstream"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
)

// PodHTTP is an HTTP client whose connections end at a port inside the pod.
// They travel through the API server and the kubelet, so that a default-deny
// NetworkPolicy is no obstacle and nothing listens on this machine.
func (c *Cluster) PodHTTP(pod string) *http.Client {
	transport := &http.Transport{
		MaxConnsPerHost: 1, IdleConnTimeout: time.Minute, DisableCompression: true,
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			return c.dialPod(ctx, pod, port)
		},
	}
	return &http.Client{Transport: transport, Timeout: 5 * time.Second}
}

var requestNumber atomic.Int64

func (c *Cluster) dialPod(ctx context.Context, pod, port string) (net.Conn, error) {
	dialer, err := c.forwarder(pod)
	if err != nil {
		return nil, err
	}
	type dialed struct {
		connection httpstream.Connection
		err        error
	}
	result := make(chan dialed, 1)
	go func() {
		connection, _, err := dialer.Dial(portforward.PortForwardProtocolV1Name)
		result <- dialed{connection, err}
	}()
	select {
	case <-ctx.Done():
		go func() {
			if late := <-result; late.err == nil {
				_ = late.connection.Close()
			}
		}()
		return nil, ctx.Err()
	case d := <-result:
		if d.err != nil {
			return nil, fmt.Errorf("forwarding to pod %s: %w", pod, d.err)
		}
		return openPort(d.connection, port)
	}
}

// forwarder speaks SPDY through a WebSocket, as kubectl does, and falls back
// to bare SPDY for servers and proxies that cannot.
func (c *Cluster) forwarder(pod string) (httpstream.Dialer, error) {
	url := c.typed.CoreV1().RESTClient().Post().Resource("pods").Namespace(c.Namespace).Name(pod).SubResource("portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(c.config)
	if err != nil {
		return nil, err
	}
	plain := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, url)
	websocket, err := portforward.NewSPDYOverWebsocketDialer(url, c.config)
	if err != nil {
		return nil, err
	}
	return portforward.NewFallbackDialer(websocket, plain, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	}), nil
}

func openPort(connection httpstream.Connection, port string) (net.Conn, error) {
	headers := http.Header{}
	headers.Set(corev1.StreamType, corev1.StreamTypeError)
	headers.Set(corev1.PortHeader, port)
	headers.Set(corev1.PortForwardRequestIDHeader, strconv.FormatInt(requestNumber.Add(1), 10))
	failures, err := connection.CreateStream(headers)
	if err != nil {
		_ = connection.Close()
		return nil, err
	}
	_ = failures.Close() // nothing is sent on it
	headers.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := connection.CreateStream(headers)
	if err != nil {
		_ = connection.Close()
		return nil, err
	}
	pod := &podConn{Stream: data, connection: connection}
	go func() { // the kubelet's complaint ends the connection
		if message, err := io.ReadAll(failures); err == nil && len(message) > 0 {
			_ = pod.Close()
		}
	}()
	return pod, nil
}

// podConn is one forwarded stream as a net.Conn. Deadlines are the HTTP
// client's business: its timeout closes the connection.
type podConn struct {
	httpstream.Stream
	connection httpstream.Connection
}

func (p *podConn) Close() error {
	_ = p.Stream.Reset()
	return p.connection.Close()
}

type podAddr struct{}

func (podAddr) Network() string { return "pod" }
func (podAddr) String() string  { return "pod" }

func (p *podConn) LocalAddr() net.Addr              { return podAddr{} }
func (p *podConn) RemoteAddr() net.Addr             { return podAddr{} }
func (p *podConn) SetDeadline(time.Time) error      { return nil }
func (p *podConn) SetReadDeadline(time.Time) error  { return nil }
func (p *podConn) SetWriteDeadline(time.Time) error { return nil }
