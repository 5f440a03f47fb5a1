//go:build !linux

package ledger

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Marked finds the running processes of this user whose environment carries the marker id.
func Marked(id string) []Process {
	out, err := exec.Command("ps", "-axEww", "-o", "pid=,command=").Output()
	if err != nil {
		return nil
	}
	var found []Process
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || !strings.Contains(lines.Text()+" ", " "+Marker+"="+id+" ") {
			continue
		}
		pid, err := strconv.Atoi(fields[0])
		if err != nil || pid == os.Getpid() {
			continue
		}
		if p, err := Identify(pid); err == nil {
			found = append(found, p)
		}
	}
	return found
}

// stat asks ps for a process's state letter and start time.
func stat(pid int) (state string, start uint64, err error) {
	cmd := exec.Command("ps", "-o", "state=,lstart=", "-p", strconv.Itoa(pid))
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.Output()
	if err != nil {
		return "", 0, fmt.Errorf("no process %d: %w", pid, err)
	}
	state, rest, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	began, err := time.ParseInLocation("Mon Jan _2 15:04:05 2006", strings.TrimSpace(rest), time.Local)
	if err != nil || state == "" {
		return "", 0, fmt.Errorf("reading ps on process %d: %q: %w", pid, out, err)
	}
	return state[:1], uint64(began.Unix()), nil
}
