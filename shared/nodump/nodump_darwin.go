package nodump

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// denyAttach is PT_DENY_ATTACH of <sys/ptrace.h>.
const denyAttach = 31

// Forbid forbids core files and, by PT_DENY_ATTACH, tracing. An error means
// that one of them is open: read no secret then.
func Forbid() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return err
	}
	if _, _, errno := syscall.Syscall6(syscall.SYS_PTRACE, denyAttach, 0, 0, 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}
