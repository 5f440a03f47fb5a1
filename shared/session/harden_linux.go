package session

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/clawql/clawql-workbench/shared/nodump"
)

// harden closes this process's memory to others (see nodump). Orphans of its
// descendants become its own children.
func harden() error {
	if err := nodump.Forbid(); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}

// lockMemory keeps this process out of swap where that is allowed without a
// limit: under a limit the next allocation would end the process.
func lockMemory() bool {
	return mayLock() && unix.Mlockall(unix.MCL_CURRENT|unix.MCL_FUTURE) == nil
}

// mayLock says whether this process, and Vault as its child, may lock all of
// its memory: no limit, or CAP_IPC_LOCK.
func mayLock() bool {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit) == nil && limit.Cur == unix.RLIM_INFINITY {
		return true
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	return unix.Capget(&header, &data[0]) == nil && data[0].Effective&(1<<unix.CAP_IPC_LOCK) != 0
}

// dieWithParent makes the system send signal to the started process when the
// thread that starts it ends: it must be started by a launcher.
func dieWithParent(command *exec.Cmd, signal syscall.Signal) {
	command.SysProcAttr.Pdeathsig = signal
}

// descriptorPath is a path by which a process opens its own descriptor anew.
func descriptorPath(fd int) string { return "/proc/self/fd/" + itoa(fd) }

// memoryFile is a file that is on no disk.
func memoryFile(name string, content []byte) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), name)
	if _, err := file.Write(content); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// firstPIDNamespace is the inode of the machine's first process namespace
// (PROC_PID_INIT_INO in the kernel's include/linux/proc_ns.h).
const firstPIDNamespace = 0xEFFFFFFC

func inOwnPIDNamespace() bool {
	var stat unix.Stat_t
	return unix.Stat("/proc/self/ns/pid", &stat) == nil && stat.Ino != firstPIDNamespace
}

// mayLockBy says whether the program at path carries CAP_IPC_LOCK itself, as
// HashiCorp's packages give it to Vault (linux/capability.h: vfs_cap_data).
func mayLockBy(path string) bool {
	data := make([]byte, 64)
	n, err := unix.Getxattr(path, "security.capability", data)
	if err != nil || n < 8 {
		return false
	}
	permitted := binary.LittleEndian.Uint32(data[4:8])
	return permitted&(1<<unix.CAP_IPC_LOCK) != 0
}

// swapIsOn says whether the machine may write memory to a swap device.
func swapIsOn() bool {
	text, err := os.ReadFile("/proc/swaps")
	return err != nil || bytes.Count(text, []byte("\n")) > 1
}
