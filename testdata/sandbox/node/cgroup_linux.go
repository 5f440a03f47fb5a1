package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const cgroupMount = "/sys/fs/cgroup"

// unified says whether the machine has cgroup v2 only; otherwise there is a folder per controller.
func unified() bool {
	_, err := os.Stat(filepath.Join(cgroupMount, "cgroup.controllers"))
	return err == nil
}

// MakeCgroup makes the cgroup (such as "/clawql-sandbox-demo") below which all pods will be, in
// every hierarchy, since the kubelet wants its root to exist.
func MakeCgroup(name string) error {
	hierarchies, err := hierarchies()
	if err != nil {
		return err
	}
	if unified() {
		if err := delegate(cgroupMount); err != nil {
			return err
		}
	}
	for _, h := range hierarchies {
		dir := filepath.Join(h, name)
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("making the sandbox's cgroup: %w", err)
		}
		if err := inheritCPUs(h, dir); err != nil {
			return err
		}
	}
	if unified() {
		return delegate(filepath.Join(cgroupMount, name))
	}
	return nil
}

// hierarchies lists the mounted cgroup hierarchies: one folder with v2, one a controller with v1.
func hierarchies() ([]string, error) {
	if unified() {
		return []string{cgroupMount}, nil
	}
	entries, err := os.ReadDir(cgroupMount)
	if err != nil {
		return nil, fmt.Errorf("listing cgroup hierarchies: %w", err)
	}
	var found []string
	for _, e := range entries {
		dir := filepath.Join(cgroupMount, e.Name())
		if _, err := os.Stat(filepath.Join(dir, "cgroup.procs")); err == nil && e.Type() != fs.ModeSymlink {
			found = append(found, dir)
		}
	}
	return found, nil
}

// delegate passes all controllers of a v2 cgroup on to its children.
func delegate(dir string) error {
	have, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	if err != nil {
		return fmt.Errorf("reading cgroup controllers: %w", err)
	}
	for _, controller := range strings.Fields(string(have)) {
		file := filepath.Join(dir, "cgroup.subtree_control")
		if err := os.WriteFile(file, []byte("+"+controller), 0o644); err != nil {
			return fmt.Errorf("passing cgroup controller %s on: %w", controller, err)
		}
	}
	return nil
}

// inheritCPUs fills a new v1 cpuset: it starts empty, and no process may enter an empty one.
func inheritCPUs(parent, dir string) error {
	for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
		value, err := os.ReadFile(filepath.Join(parent, name))
		if errors.Is(err, fs.ErrNotExist) || unified() {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), value, 0o644); err != nil {
			return fmt.Errorf("filling %s: %w", name, err)
		}
	}
	return nil
}

// DropCgroup ends what still runs in the cgroup and removes it in every hierarchy, deepest
// first. One that is not there is no error. The kernel refuses a cgroup whose processes are
// still on their way out, so it is tried again until the context ends.
func DropCgroup(ctx context.Context, name string) error {
	hierarchies, err := hierarchies()
	if err != nil {
		return err
	}
	for _, h := range hierarchies {
		if err := dropTree(ctx, filepath.Join(h, name)); err != nil {
			return err
		}
	}
	return nil
}

func dropTree(ctx context.Context, root string) error {
	for {
		err := removeTree(root)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("removing cgroup %s: %w", root, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func removeTree(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			if err := removeTree(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	endAll(filepath.Join(dir, "cgroup.procs"))
	if err := syscall.Rmdir(dir); err != nil && err != syscall.ENOENT {
		return err
	}
	return nil
}

func endAll(procs string) {
	data, _ := os.ReadFile(procs)
	for _, field := range strings.Fields(string(data)) {
		if pid, err := strconv.Atoi(field); err == nil && pid > 1 {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}
