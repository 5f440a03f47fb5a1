//go:build !linux

package agentthreat

import (
	"os/exec"
	"syscall"
)

// isolate makes the child the leader of a group that ends as a whole. There is
// no network namespace here: the preload is what keeps it from the network.
func isolate(c *exec.Cmd, network bool) bool {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	return !network
}
