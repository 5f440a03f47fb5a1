// Package registry serves a real OCI registry on loopback: what is pushed to it has digests, and
// containerd pulls from it by digest. Blobs lie in a folder, manifests in memory, so it lives as
// a daemon of its own for as long as the sandbox.
package registry

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

// Serve answers on address (127.0.0.1:PORT) until SIGTERM; blobs go below dir.
func Serve(address, dir string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("registry address %q: %w", address, err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("registry address %q: only a loopback address is allowed, such as 127.0.0.1:5000", address)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the registry's folder: %w", err)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("opening the registry's port: %w", err)
	}
	handler := registry.New(
		registry.WithBlobHandler(registry.NewDiskBlobHandler(dir)),
		registry.WithReferrersSupport(true),
		registry.Logger(log.New(os.Stderr, "", log.LstdFlags)),
	)
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	go func() { <-stop; _ = server.Close() }()
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return fmt.Errorf("serving the registry: %w", err)
	}
	return nil
}
