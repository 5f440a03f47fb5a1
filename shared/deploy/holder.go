package deploy

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// identity names this process: for people, and so that a later process on
// the same machine can tell that it is gone.
func identity(now time.Time) string {
	who, host := "unknown", "unknown"
	if u, err := user.Current(); err == nil {
		who = u.Username
	}
	if h, err := os.Hostname(); err == nil {
		host = h
	}
	place, started := placeOf(os.Getpid())
	return fmt.Sprintf("%s@%s pid %d%s", who, host, os.Getpid(), suffix(place, started, now))
}

func suffix(place, started string, now time.Time) string {
	if place == "" { // no /proc: a time keeps the identity unique
		return " at " + strconv.FormatInt(now.UnixNano(), 36)
	}
	return " (" + place + ":" + started + ")"
}

// dead says whether the process of identity ran here and is gone. Anything
// that cannot be told counts as alive.
func dead(identity string) bool {
	head, inner, ok := strings.Cut(strings.TrimSuffix(identity, ")"), " (")
	if !ok {
		return false
	}
	pid, err := strconv.Atoi(head[strings.LastIndexByte(head, ' ')+1:])
	place, started, ok := strings.Cut(inner, ":")
	here, mine := placeOf(os.Getpid())
	if err != nil || pid <= 0 || !ok || started == "" || mine == "" || place != here {
		return false
	}
	_, now := placeOf(pid)
	if now == "" && hidden(pid) {
		return false
	}
	return now != started
}

// hidden says whether a process is there although /proc does not show it: the
// mount option hidepid hides those of other users.
func hidden(pid int) bool {
	process, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	return errors.Is(process.Signal(syscall.Signal(0)), os.ErrPermission)
}

// placeOf gives the boot and pid namespace of this process, in which pid has
// a meaning, and the start time of pid in clock ticks since boot; empty
// where /proc does not tell.
func placeOf(pid int) (place, started string) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	space, err2 := os.Readlink("/proc/self/ns/pid")
	if err != nil || err2 != nil {
		return "", ""
	}
	place = fmt.Sprintf("%.8s", strings.TrimSpace(string(boot))) + "." + strings.Trim(space, "pid:[]")
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return place, ""
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" { // a zombie runs nothing
		return place, ""
	}
	return place, fields[19] // starttime, field 22 of proc(5)
}
