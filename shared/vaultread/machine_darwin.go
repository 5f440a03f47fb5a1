package vaultread

import "golang.org/x/sys/unix"

// thisMachine is the one that this process runs on, as its kernel tells.
func thisMachine() (here machine, known bool) {
	boot, err1 := unix.SysctlTimeval("kern.boottime")
	memory, err2 := unix.SysctlUint64("hw.memsize")
	kernel, err3 := unix.Sysctl("kern.osrelease")
	if err1 != nil || err2 != nil || err3 != nil {
		return machine{}, false
	}
	return machine{boot.Sec, kernel, memory}, true
}
