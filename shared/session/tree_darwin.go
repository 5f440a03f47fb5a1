package session

import (
	"bytes"
	"fmt"

	"golang.org/x/sys/unix"
)

func stat(pid int) (parent int, birth string, state byte, ok bool) {
	found, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil || found == nil || int(found.Proc.P_pid) != pid {
		return 0, "", 0, false
	}
	born := found.Proc.P_starttime
	return int(found.Eproc.Ppid), fmt.Sprintf("%d.%06d", born.Sec, born.Usec), byte(found.Proc.P_stat), true
}

func birthOf(pid int) string {
	_, birth, _, _ := stat(pid)
	return birth
}

// deepest is the longest line of parents that is followed.
const deepest = 4096

// descends says whether pid is a descendant of ancestor. macOS has no
// subreapers: a process that detached itself does not count as inside.
func descends(pid, ancestor int) bool {
	for range deepest {
		parent, _, _, ok := stat(pid)
		if !ok || parent <= 1 {
			return false
		}
		if parent == ancestor {
			return true
		}
		pid = parent
	}
	return false
}

// descendants are all processes below ancestor, but not those at or below
// except.
func descendants(ancestor int, except map[int]bool) []int {
	all, err := unix.SysctlKinfoProcSlice("kern.proc.all")
	if err != nil {
		return nil
	}
	children := map[int][]int{}
	for _, one := range all {
		parent := int(one.Eproc.Ppid)
		children[parent] = append(children[parent], int(one.Proc.P_pid))
	}
	var found []int
	var walk func(int)
	walk = func(at int) {
		for _, child := range children[at] {
			if !except[child] {
				found = append(found, child)
				walk(child)
			}
		}
	}
	walk(ancestor)
	return found
}

func programOf(pid int) string { return nameOf(pid) }

// nameOf is the short name of pid's program.
func nameOf(pid int) string {
	found, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil || found == nil {
		return ""
	}
	name, _, _ := bytes.Cut(found.Proc.P_comm[:], []byte{0})
	return string(name)
}
