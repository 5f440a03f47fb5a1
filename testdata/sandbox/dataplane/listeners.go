package dataplane

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"
)

// loopback is the only address that anything here binds.
const loopback = "127.0.0.1"

// Listeners are the ports that are open, each served by a handler of its port.
type Listeners struct {
	handler func(port int32) http.Handler
	open    map[int32]*http.Server
}

// NewListeners opens nothing yet.
func NewListeners(handler func(port int32) http.Handler) *Listeners {
	return &Listeners{handler: handler, open: map[int32]*http.Server{}}
}

// Set opens the ports that are missing and closes those that are not wanted.
// It returns the ports that could not be opened; calling again tries again.
func (l *Listeners) Set(ports []int32) map[int32]error {
	failures := map[int32]error{}
	for _, port := range ports {
		if l.open[port] != nil {
			continue
		}
		if err := l.listen(port); err != nil {
			failures[port] = err
		}
	}
	for port, server := range l.open {
		if !slices.Contains(ports, port) {
			shutdown(server)
			delete(l.open, port)
		}
	}
	return failures
}

// Close ends all listeners.
func (l *Listeners) Close() { l.Set(nil) }

func (l *Listeners) listen(port int32) error {
	listener, err := net.Listen("tcp", fmt.Sprintf("%s:%d", loopback, port))
	if err != nil {
		return err
	}
	server := &http.Server{Handler: l.handler(port), ReadHeaderTimeout: 10 * time.Second}
	l.open[port] = server
	go server.Serve(listener) // ends with ErrServerClosed when the port is given up
	return nil
}

// shutdown gives requests in flight a second; streams are cut.
func shutdown(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		server.Close()
	}
}
