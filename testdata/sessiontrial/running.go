package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// inside is the command of a trial's session: it keeps a value that comes over
// a pipe, with Vault's own CLI and with the product's; starts a process that
// detaches itself; tells where it is; and waits.
const inside = `#!/bin/sh
vault kv put secret/by-vault value=- <"$1" >/dev/null || exit 90
clawql-vault-session put BY_SESSION <"$4" >/dev/null || exit 91
( setsid sh -c 'exec sleep 987' >/dev/null 2>&1 & )
sleep 988 &
{ echo $$; echo "$CLAWQL_VAULT_SESSION"; clawql-vault-session token; } >"$2" || exit 92
read -r answer <"$3"
exit 7
`

// running is a session in which a canary was planted.
type running struct {
	w        *world
	canary   string
	token    string // copied out
	shell    int
	folder   string
	outer    *exec.Cmd     // what was started: the front, or what runs it
	detached bool          // outer ends at once
	release  string        // pipe: a line in it lets the command end
	ended    chan struct{} // closed when outer has ended
}

// start runs a session by argv (the front, or something that runs it) and
// plants a canary.
func (w *world) start(argv func(front []string) []string, flags ...string) (*running, error) {
	r := &running{w: w, canary: fresh(), ended: make(chan struct{})}
	var pipes [4]string
	for i, name := range []string{"value", "where", "release", "again"} {
		path, err := w.pipe(name)
		if err != nil {
			return nil, err
		}
		pipes[i] = path
	}
	r.release = pipes[2]
	front := append([]string{"clawql-vault-session"}, flags...)
	front = append(front, "--", w.dir("inside.sh"), pipes[0], pipes[1], pipes[2], pipes[3])
	started := argv(front)
	r.detached = started[0] == "tmux"
	r.outer = w.command(w.dir("project"), started...)
	var said bytes.Buffer
	r.outer.Stderr = &said
	if err := r.outer.Start(); err != nil {
		return nil, err
	}
	go func() { r.outer.Wait(); close(r.ended) }()
	for _, each := range []string{pipes[0], pipes[3]} {
		if err := r.writeTo(each, r.canary); err != nil {
			return nil, fmt.Errorf("%w; it says: %s", err, said.String())
		}
	}
	return r, r.learn(pipes[1])
}

// learn reads what the session's command says of itself.
func (r *running) learn(pipe string) error {
	file, err := r.openSoon(pipe, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer file.Close()
	var lines []string
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		lines = append(lines, scanner.Text())
	}
	if len(lines) != 3 {
		return fmt.Errorf("the session's command said %d lines, not 3", len(lines))
	}
	r.shell, err = strconv.Atoi(lines[0])
	r.folder, r.token = filepath.Dir(lines[1]), lines[2]
	return err
}

func (r *running) writeTo(pipe, text string) error {
	file, err := r.openSoon(pipe, os.O_WRONLY)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.WriteString(text)
	return err
}

// patience is how long a session may take to start where fifty do.
const patience = 2 * time.Minute

// openSoon opens a pipe as soon as its other end is there.
func (r *running) openSoon(pipe string, how int) (*os.File, error) {
	type opened struct {
		file *os.File
		err  error
	}
	came := make(chan opened, 1)
	go func() {
		file, err := os.OpenFile(pipe, how, 0)
		came <- opened{file, err}
	}()
	select {
	case one := <-came:
		return one.file, one.err
	case <-r.over():
		return nil, errors.New("the session ended before its command came to its pipe")
	case <-time.After(patience):
		return nil, errors.New("the session's command does not come to its pipe")
	}
}

// parents are the supervisor and the front: the shell's parent and the one
// above it.
func (r *running) parents() (supervisor, front int) {
	supervisor = parentOf(r.shell)
	return supervisor, parentOf(supervisor)
}

// vault is the process id of the session's Vault.
func (r *running) vault() int {
	supervisor, _ := r.parents()
	for _, one := range r.w.processes() {
		if one.name == "vault" && parentOf(one.pid) == supervisor {
			return one.pid
		}
	}
	return 0
}

// end waits until what was started has ended.
func (r *running) end(within time.Duration) error {
	select {
	case <-r.ended:
		return nil
	case <-time.After(within):
		return fmt.Errorf("still there %s after its end", within)
	}
}

// over is closed when the session cannot come to its pipe any more. What was
// started may end before it: tmux leaves its server behind.
func (r *running) over() <-chan struct{} {
	if r.detached {
		return nil
	}
	return r.ended
}

func kill(pid int, signal syscall.Signal) error {
	if pid <= 1 {
		return errors.New("no process to kill")
	}
	return syscall.Kill(pid, signal)
}

func parentOf(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	parent, _ := strconv.Atoi(fields[1])
	return parent
}
