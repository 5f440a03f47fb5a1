package ledger

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A Process is a process id together with its start time, in clock ticks since the machine's
// start (field 22 of /proc/PID/stat): the kernel gives ids out again, the pair is never repeated.
type Process struct {
	PID   int    `json:"pid,omitempty"`
	Start uint64 `json:"start,omitempty"`
}

// Identify names the process that has pid now; it fails when there is none.
func Identify(pid int) (Process, error) {
	_, start, err := stat(pid)
	return Process{PID: pid, Start: start}, err
}

// Alive says whether this very process still runs. A zombie does not.
func (p Process) Alive() bool {
	if p.PID == 0 {
		return false
	}
	state, start, err := stat(p.PID)
	return err == nil && start == p.Start && state != "Z" && state != "X"
}

// Kill ends the process at once and waits until it is gone, at most until the context ends.
// A process that is gone, or whose id now belongs to another, is left alone.
func (p Process) Kill(ctx context.Context) error {
	for p.Alive() {
		if err := syscall.Kill(p.PID, syscall.SIGKILL); err != nil && err != syscall.ESRCH {
			return fmt.Errorf("ending process %d: %w", p.PID, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("process %d does not end: %w", p.PID, ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}

// Marked finds the running processes whose environment carries the marker id, this one excepted.
func Marked(id string) []Process {
	want := []byte(Marker + "=" + id)
	var found []Process
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range files {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil || pid == os.Getpid() {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil || !hasLine(data, want) {
			continue
		}
		if p, err := Identify(pid); err == nil {
			found = append(found, p)
		}
	}
	return found
}

func hasLine(environ, want []byte) bool {
	for _, line := range bytes.Split(environ, []byte{0}) {
		if bytes.Equal(line, want) {
			return true
		}
	}
	return false
}

// stat reads a process's state letter and start time. The name in brackets may hold anything,
// brackets and blanks included, so the fields are counted from the last closing bracket.
func stat(pid int) (state string, start uint64, err error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0, err
	}
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	if len(fields) < 20 {
		return "", 0, fmt.Errorf("reading /proc/%d/stat: %d fields", pid, len(fields))
	}
	start, err = strconv.ParseUint(fields[19], 10, 64)
	return fields[0], start, err
}
