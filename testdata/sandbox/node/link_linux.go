package node

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// MakeBridge makes the sandbox's own network link with the given addresses (CIDR notation).
func MakeBridge(ctx context.Context, name string, addresses ...string) error {
	if err := ip(ctx, "link", "add", "name", name, "type", "bridge", "forward_delay", "0"); err != nil {
		return err
	}
	for _, address := range addresses {
		if err := ip(ctx, "addr", "add", address, "dev", name); err != nil {
			return err
		}
	}
	return ip(ctx, "link", "set", "dev", name, "up")
}

// DropLink deletes a network link and those that hang on it (a bridge's ports: the pods' veth
// pairs). One that is not there is no error.
func DropLink(ctx context.Context, name string) error {
	ports, _ := filepath.Glob(filepath.Join("/sys/class/net", name, "brif", "*"))
	for _, port := range ports {
		if err := dropOne(ctx, filepath.Base(port)); err != nil {
			return err
		}
	}
	return dropOne(ctx, name)
}

func dropOne(ctx context.Context, name string) error {
	err := ip(ctx, "link", "del", "dev", name)
	if err != nil && exists(name) {
		return err
	}
	return nil // gone, perhaps because the kernel dropped it with its namespace meanwhile
}

func exists(link string) bool {
	_, err := os.Stat(filepath.Join("/sys/class/net", link))
	return err == nil
}

func ip(ctx context.Context, args ...string) error {
	var complaint bytes.Buffer
	cmd := exec.CommandContext(ctx, "ip", args...)
	cmd.Stderr = &complaint
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("ip %v: %w: %s", args, err, bytes.TrimSpace(complaint.Bytes()))
	}
	return nil
}
