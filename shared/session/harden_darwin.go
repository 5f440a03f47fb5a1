package session

import (
	"os"
	"os/exec"
	"syscall"

	"github.com/clawql/clawql-workbench/shared/nodump"
)

// harden closes this process's memory to others, see nodump.
func harden() error { return nodump.Forbid() }

// lockMemory: macOS has no mlockall; its swap is encrypted.
func lockMemory() bool { return false }

func mayLock() bool { return false }

// dieWithParent: macOS has no parent-death signal; the front kills Vault when
// the supervisor dies.
func dieWithParent(*exec.Cmd, syscall.Signal) {}

func descriptorPath(fd int) string { return "/dev/fd/" + itoa(fd) }

// memoryFile is a pipe, which holds a short configuration without a reader.
func memoryFile(_ string, content []byte) (*os.File, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer write.Close()
	if _, err := write.Write(content); err != nil {
		read.Close()
		return nil, err
	}
	return read, nil
}

func inOwnPIDNamespace() bool { return false }

func mayLockBy(string) bool { return false }

// swapIsOn: macOS always may swap, but encrypts what it swaps.
func swapIsOn() bool { return false }
