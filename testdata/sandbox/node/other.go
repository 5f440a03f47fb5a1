//go:build !linux

package node

import (
	"context"
	"errors"
)

var errLinux = errors.New("a real node needs Linux")

func MakeBridge(context.Context, string, ...string) error { return errLinux }

func DropLink(context.Context, string) error { return errLinux }

func MakeCgroup(string) error { return errLinux }

func DropCgroup(context.Context, string) error { return errLinux }

// Unmount: there are no mounts where there is no real node.
func Unmount(string) error { return nil }
