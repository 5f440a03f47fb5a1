package node

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// Front passes connections that pods make to the API server on to loopback, where it listens:
// `from` are the bridge's addresses, `to` is 127.0.0.1:PORT. TLS goes through untouched. It is
// what makes kubernetes.default.svc work without kube-proxy.
func Front(from []string, to string) error {
	failed := make(chan error, len(from))
	for _, address := range from {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return fmt.Errorf("opening the API server's door for pods: %w", err)
		}
		go func() { failed <- pass(listener, to) }()
	}
	return <-failed
}

func pass(listener net.Listener, to string) error {
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		if err != nil {
			continue
		}
		go join(conn, to)
	}
}

func join(inner net.Conn, to string) {
	defer inner.Close()
	outer, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer outer.Close()
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{inner, outer}, {outer, inner}} {
		both.Go(func() {
			_, _ = io.Copy(way[0], way[1])
			if half, ok := way[0].(*net.TCPConn); ok {
				_ = half.CloseWrite()
			}
		})
	}
	both.Wait()
}
