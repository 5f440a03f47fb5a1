package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// way is one way in which a session ends.
type way struct {
	name  string
	flags []string
	argv  func(front []string) []string
	end   func(*running) error
	// stays says that processes of the command may stay, without a Vault:
	// both guards were killed at once.
	stays bool
}

func direct(front []string) []string { return front }

// behindShell runs the front as a child of a shell, as a terminal does.
func behindShell(front []string) []string {
	return append([]string{"/bin/sh", "-c", `"$@"; true`, "sh"}, front...)
}

func signalTo(which func(*running) int, signal syscall.Signal) func(*running) error {
	return func(r *running) error { return kill(which(r), signal) }
}

func (r *running) supervisor() int { one, _ := r.parents(); return one }
func (r *running) front() int      { _, one := r.parents(); return one }

func (w *world) ways() []way {
	socket := "trial" + strconv.Itoa(os.Getpid())
	tmux := func(front []string) []string {
		return append([]string{"tmux", "-L", socket, "-f", "/dev/null", "new-session", "-d", "-s", "trial"}, front...)
	}
	return []way{
		{name: "the command exits", argv: direct, end: func(r *running) error { return r.writeTo(r.release, "go\n") }},
		{name: "stop", argv: direct, end: func(r *running) error {
			return w.command(w.dir("project"), "clawql-vault-session", "stop").Run()
		}},
		{name: "TTL", flags: []string{"--ttl", "5s"}, argv: direct, end: func(r *running) error { return r.end(15 * time.Second) }},
		{name: "SIGTERM to the wrapper", argv: direct, end: signalTo((*running).front, syscall.SIGTERM)},
		{name: "kill -9 of the wrapper", argv: direct, end: signalTo((*running).front, syscall.SIGKILL)},
		{name: "kill -9 of the supervisor", argv: direct, end: signalTo((*running).supervisor, syscall.SIGKILL)},
		{name: "kill -9 of Vault", argv: direct, end: signalTo((*running).vault, syscall.SIGKILL)},
		{name: "kill -ABRT of Vault", argv: direct, end: signalTo((*running).vault, syscall.SIGABRT)},
		{name: "kill -SEGV of the supervisor", argv: direct, end: signalTo((*running).supervisor, syscall.SIGSEGV)},
		{name: "kill -9 of the shell", argv: direct, end: signalTo(func(r *running) int { return r.shell }, syscall.SIGKILL)},
		{name: "kill -ABRT of the shell", argv: direct, end: signalTo(func(r *running) int { return r.shell }, syscall.SIGABRT)},
		{name: "kill -9 of the shell around it", argv: behindShell, end: func(r *running) error { return kill(r.outer.Process.Pid, syscall.SIGKILL) }},
		{name: "tmux kill-session", argv: tmux, end: func(r *running) error {
			return w.command(w.dir("project"), "tmux", "-L", socket, "kill-session", "-t", "trial").Run()
		}},
		{name: "tmux: kill -9 of its server", argv: tmux, end: func(r *running) error { return kill(parentOf(r.front()), syscall.SIGKILL) }},
		{name: "kill -9 of both guards at once", argv: direct, stays: true, end: func(r *running) error {
			supervisor, front := r.parents()
			if err := kill(front, syscall.SIGKILL); err != nil {
				return err
			}
			return kill(supervisor, syscall.SIGKILL)
		}},
	}
}

// leaks ends a session in each way and prints what was found.
func (w *world) leaks() (good bool, err error) {
	if err := w.control(); err != nil {
		return false, err
	}
	fmt.Printf("%-32s %-8s %-8s %-10s %-8s %s\n", "the session ends by", "gone in", "process", "socket", "core", "canary, token found")
	good = true
	for _, each := range w.ways() {
		if program := each.argv([]string{""})[0]; program == "tmux" && missing(program) {
			good = good && os.Getenv("CLAWQL_REQUIRE") == ""
			fmt.Printf("%-32s not tried: there is no tmux\n", each.name)
			continue
		}
		row, err := w.try(each)
		if err != nil {
			return false, fmt.Errorf("%s: %w", each.name, err)
		}
		fmt.Printf("%-32s %s\n", each.name, row.text)
		good = good && row.good
	}
	fmt.Println(swap())
	return good, nil
}

func missing(program string) bool {
	_, err := exec.LookPath(program)
	return err != nil
}

// control shows that the search finds what is there, and that a core would be
// written where the session did not forbid it.
func (w *world) control() error {
	planted := fresh()
	file := filepath.Join(w.dir("home"), ".planted")
	if err := os.WriteFile(file, []byte("x"+planted), 0o600); err != nil {
		return err
	}
	sleeper := w.command(w.dir("project"), "sleep", "100")
	sleeper.Env = append(sleeper.Env, "PLANTED="+planted)
	if err := sleeper.Start(); err != nil {
		return err
	}
	time.Sleep(100 * time.Millisecond)
	found := w.find(planted)
	kill(sleeper.Process.Pid, syscall.SIGABRT)
	sleeper.Wait()
	cores := w.cores()
	for _, each := range append(cores, file) {
		os.Remove(each)
	}
	if len(found) != 2 {
		return fmt.Errorf("the search does not work: of a file and an environment it finds %q", found)
	}
	pattern, _ := os.ReadFile("/proc/sys/kernel/core_pattern")
	fmt.Printf("control: the search finds a value in a file and in an environment; a core outside a session: %d (core_pattern %s)\n",
		len(cores), strings.TrimSpace(string(pattern)))
	return nil
}

// row is one line of the table.
type row struct {
	text string
	good bool
}

// try runs one session, looks during it, ends it, and looks again.
func (w *world) try(each way) (row, error) {
	r, err := w.start(each.argv, each.flags...)
	if err != nil {
		return row{}, err
	}
	if !r.reads() {
		return row{}, fmt.Errorf("the copied token does not read the canary while the session lives")
	}
	found := w.find(r.canary, r.token)
	began := time.Now()
	if err := each.end(r); err != nil {
		return row{}, err
	}
	if each.name == "TTL" {
		began = time.Now()
	}
	gone := w.awaitGone(began, each.stays)
	return w.judge(r, each, gone, append(found, w.find(r.canary, r.token)...)), nil
}

// awaitGone waits until no process and no socket is left, 2 s at most. (A
// process looks dead when its first thread is; its sockets go with the last.)
func (w *world) awaitGone(began time.Time, stays bool) time.Duration {
	for time.Since(began) < 2*time.Second {
		left := w.left()
		if quiet := len(left) == 0 || stays && !guarded(left); quiet && len(w.sockets()) == 0 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(began)
}

// guarded says whether a process of the session itself is among them.
func guarded(all []proc) bool {
	for _, one := range all {
		if one.name == "vault" || strings.HasPrefix(one.name, "clawql-vault") {
			return true
		}
	}
	return false
}

// judge looks at what a session has left.
func (w *world) judge(r *running, each way, gone time.Duration, found []string) row {
	left, sockets, cores := w.left(), w.sockets(), w.cores()
	good := len(sockets) == 0 && len(cores) == 0 && len(found) == 0 && !r.reads() && (len(left) == 0 || each.stays && !guarded(left))
	note := "nowhere"
	if len(found) > 0 {
		note = strings.Join(found, " ")
	}
	if _, err := os.Lstat(r.folder); err == nil {
		w.command(w.dir("project"), "clawql-vault-session", "--", "true").Run()
		if _, err := os.Lstat(r.folder); err == nil {
			note, good = note+"; its folder stays", false
		} else {
			note += "; dead sockets removed by the next session"
		}
	}
	names := "none"
	if len(left) > 0 {
		names = strconv.Itoa(len(left))
		note += fmt.Sprintf("; without Vault: %v", left)
		for _, one := range left {
			kill(one.pid, syscall.SIGKILL)
		}
	}
	verdict := map[bool]string{true: "", false: "   LEAK"}[good]
	return row{fmt.Sprintf("%-8s %-8s %-10d %-8d %s%s", fmt.Sprintf("%d ms", gone.Milliseconds()), names, len(sockets), len(cores), note, verdict), good}
}

// swap says what can be said of it.
func swap() string {
	text, err := os.ReadFile("/proc/swaps")
	if err == nil && strings.Count(string(text), "\n") <= 1 {
		return "swap: this machine has none"
	}
	return "swap: in use here, and not searched"
}
