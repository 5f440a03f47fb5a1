package nest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Launch starts the keeper: `PROGRAM keep --dir DIR` in a session of its own, with nothing of the
// caller's open; a nested one in new process and mount namespaces (root on Linux). env is its
// whole environment. The caller ends it by its process id.
func Launch(program, dir string, nested bool, env []string) (pid int, err error) {
	log, err := os.OpenFile(filepath.Join(dir, "logs", "keeper.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return 0, fmt.Errorf("opening the keeper's log: %w", err)
	}
	defer log.Close()
	cmd := exec.Command(program, "keep", "--dir", dir, fmt.Sprintf("--nested=%t", nested))
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.Dir = env, log, log, dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if nested {
		separate(cmd.SysProcAttr)
	}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("starting the keeper: %w", err)
	}
	pid = cmd.Process.Pid
	go func() { _ = cmd.Wait() }() // no zombie while the caller lives
	return pid, nil
}

// A Client talks to the keeper of the sandbox in Dir.
type Client struct{ Dir string }

// Await returns when the keeper answers.
func (c Client) Await(ctx context.Context) error {
	for {
		_, err := c.List(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the keeper: %w", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Start runs a program (args[0] is its absolute path) under a name, with env added.
func (c Client) Start(ctx context.Context, name string, env []string, args ...string) error {
	_, err := c.send(ctx, Command{Op: "start", Name: name, Args: args, Env: env})
	return err
}

// Stop ends the program of that name; grace is what it has between SIGTERM and SIGKILL.
func (c Client) Stop(ctx context.Context, name string, grace time.Duration) error {
	_, err := c.send(ctx, Command{Op: "stop", Name: name, Grace: int(grace.Milliseconds())})
	return err
}

// List gives all the programs that were started, ended ones included.
func (c Client) List(ctx context.Context) ([]Daemon, error) {
	reply, err := c.send(ctx, Command{Op: "list"})
	return reply.Daemons, err
}

func (c Client) send(ctx context.Context, command Command) (Reply, error) {
	var reply Reply
	conn, err := new(net.Dialer).DialContext(ctx, "unix", filepath.Join(c.Dir, Socket))
	if err != nil {
		return reply, fmt.Errorf("reaching the sandbox's keeper: %w", err)
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	if err := json.NewEncoder(conn).Encode(command); err != nil {
		return reply, fmt.Errorf("asking the sandbox's keeper: %w", err)
	}
	if err := json.NewDecoder(conn).Decode(&reply); err != nil {
		return reply, fmt.Errorf("asking the sandbox's keeper: %w", err)
	}
	if reply.Error != "" {
		return reply, errors.New(reply.Error)
	}
	return reply, nil
}
