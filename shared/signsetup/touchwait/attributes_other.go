//go:build !linux

package touchwait

import "syscall"

func attributes() *syscall.SysProcAttr { return nil }
