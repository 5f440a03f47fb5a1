package touchwait

import "syscall"

// attributes end the child with its parent: nothing is left waiting for a touch.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} }
