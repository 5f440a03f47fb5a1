//go:build !linux

package nest

import (
	"errors"
	"syscall"
)

var errLinux = errors.New("namespaces are Linux's")

// Hides: nothing is hidden where there is no namespace.
func Hides(string) bool { return false }

func separate(*syscall.SysProcAttr) {}

func furnish(string) error { return errLinux }
