package session

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// stat reads /proc/PID/stat: the parent's id and the time of birth, which
// together with the id names a process beyond reuse. A process whose first
// thread alone has ended, and which so looks dead, counts as running.
func stat(pid int) (parent int, birth string, state byte, ok bool) {
	text, err := os.ReadFile("/proc/" + itoa(pid) + "/stat")
	if err != nil {
		return 0, "", 0, false
	}
	// the name in parentheses may hold anything, also parentheses
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 20 {
		return 0, "", 0, false
	}
	parent, err = strconv.Atoi(fields[1])
	state = fields[0][0]
	if threads, _ := strconv.Atoi(fields[17]); state == 'Z' && threads > 1 {
		state = 'R'
	}
	return parent, fields[19], state, err == nil
}

func birthOf(pid int) string {
	_, birth, _, _ := stat(pid)
	return birth
}

// deepest is the longest line of parents that is followed.
const deepest = 4096

// descends says whether pid is a descendant of ancestor.
func descends(pid, ancestor int) bool {
	for range deepest {
		parent, _, _, ok := stat(pid)
		switch {
		case !ok || parent <= 1:
			return ok && parent == ancestor && ancestor == 1
		case parent == ancestor:
			return true
		}
		pid = parent
	}
	return false
}

// descendants are all living processes below ancestor, but not those below or
// at except. The list is not of one moment: a process whose parent ends just
// now can be missed, and is there the next time.
func descendants(ancestor int, except map[int]bool) []int {
	children, dead := map[int][]int{}, map[int]bool{}
	entries, _ := filepath.Glob("/proc/[0-9]*")
	for _, entry := range entries {
		pid, err := strconv.Atoi(filepath.Base(entry))
		if err != nil {
			continue
		}
		if parent, _, state, ok := stat(pid); ok {
			children[parent] = append(children[parent], pid)
			dead[pid] = state == 'Z' || state == 'X'
		}
	}
	var all []int
	var walk func(int)
	walk = func(at int) {
		for _, child := range children[at] {
			if except[child] {
				continue
			}
			if !dead[child] {
				all = append(all, child)
			}
			walk(child)
		}
	}
	walk(ancestor)
	return all
}

// programOf is the path of the program that pid runs, "" where it may not be
// known.
func programOf(pid int) string {
	path, err := os.Readlink("/proc/" + itoa(pid) + "/exe")
	if err != nil {
		return ""
	}
	return path
}

// nameOf is the short name of pid's program.
func nameOf(pid int) string {
	text, err := os.ReadFile("/proc/" + itoa(pid) + "/comm")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
