package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// atOnce is the number of sessions that live at a time.
const atOnce = 50

// tally is what a storm has seen.
type tally struct {
	mutex    sync.Mutex
	sessions int
	ends     map[string]int
	faults   []string
	canaries []string
	worst    time.Duration
}

func (t *tally) fault(format string, args ...any) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.faults = append(t.faults, fmt.Sprintf(format, args...))
}

// storm keeps 50 sessions alive and ends each at random, for a time; then it
// looks for what is left.
func (w *world) storm(duration time.Duration) (good bool, err error) {
	t := &tally{ends: map[string]int{}}
	until := time.Now().Add(duration)
	var group sync.WaitGroup
	for range atOnce {
		group.Go(func() {
			for time.Now().Before(until) {
				w.oneOfMany(t)
			}
		})
	}
	group.Wait()
	return w.reckon(t), nil
}

// ends of a storm, by name.
func (w *world) endings() map[string]func(*running) error {
	return map[string]func(*running) error{
		"exit":              func(r *running) error { return r.writeTo(r.release, "go\n") },
		"kill supervisor":   signalTo((*running).supervisor, syscall.SIGKILL),
		"kill wrapper":      signalTo((*running).front, syscall.SIGKILL),
		"kill vault":        signalTo((*running).vault, syscall.SIGKILL),
		"kill shell":        signalTo(func(r *running) int { return r.shell }, syscall.SIGKILL),
		"terminate wrapper": signalTo((*running).front, syscall.SIGTERM),
		"stop": func(r *running) error {
			stop := w.command(w.dir("project"), "clawql-vault-session", "stop", "--session", filepath.Base(r.folder))
			if said, err := stop.CombinedOutput(); err != nil {
				return fmt.Errorf("%w: %s", err, said)
			}
			return nil
		},
	}
}

// oneOfMany lives one session of the storm. One in ten is killed at a random
// moment of its start.
func (w *world) oneOfMany(t *tally) {
	if rand.IntN(10) == 0 {
		w.killedEarly(t)
		return
	}
	r, err := w.start(direct)
	if err != nil {
		t.fault("start: %v", err)
		return
	}
	t.mutex.Lock()
	t.sessions++
	t.canaries = append(t.canaries, r.canary, r.token)
	t.mutex.Unlock()
	for range 1 + rand.IntN(4) {
		if !r.reads() {
			t.fault("session %s does not read its own canary", filepath.Base(r.folder))
		}
		time.Sleep(rand.N(500 * time.Millisecond))
	}
	w.finish(t, r)
}

// finish ends r in one of the ways and waits until its processes are gone.
func (w *world) finish(t *tally, r *running) {
	supervisor, front := r.parents()
	guarded := []int{supervisor, front, r.vault(), r.shell}
	var name string
	var end func(*running) error
	for name, end = range w.endings() { // the order of a map is random enough
		break
	}
	began := time.Now()
	if err := end(r); err != nil {
		t.fault("%s: %v", name, err)
	}
	r.end(time.Minute)
	for _, pid := range guarded {
		for lives(pid) && time.Since(began) < time.Minute {
			time.Sleep(5 * time.Millisecond)
		}
		if lives(pid) {
			t.fault("%s: process %d is still there", name, pid)
		}
	}
	if r.reads() {
		t.fault("%s: the token still reads", name)
	}
	t.mutex.Lock()
	t.ends[name]++
	t.worst = max(t.worst, time.Since(began))
	t.mutex.Unlock()
}

// killedEarly kills a wrapper while the session is being made.
func (w *world) killedEarly(t *tally) {
	command := w.command(w.dir("project"), "clawql-vault-session", "--", "sleep", "986")
	if err := command.Start(); err != nil {
		t.fault("start: %v", err)
		return
	}
	time.Sleep(rand.N(time.Second))
	syscall.Kill(command.Process.Pid, syscall.SIGKILL)
	command.Wait()
	t.mutex.Lock()
	t.ends["kill wrapper early"]++
	t.mutex.Unlock()
}

// lives says whether a process is there and no zombie.
func lives(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && len(text) > 0 && !zombie(text)
}

func zombie(stat []byte) bool {
	for i := len(stat) - 1; i > 0; i-- {
		if stat[i] == ')' {
			return i+2 < len(stat) && (stat[i+2] == 'Z' || stat[i+2] == 'X')
		}
	}
	return false
}

// reckon looks for what is left, and prints the sum.
func (w *world) reckon(t *tally) bool {
	gone := w.awaitGone(time.Now(), false) // each session was waited for already
	left, sockets := w.left(), w.sockets()
	dead, _ := filepath.Glob(filepath.Join(w.dir("runtime"), "clawql", "*", "*"))
	w.command(w.dir("project"), "clawql-vault-session", "--", "true").Run()
	folders, _ := filepath.Glob(filepath.Join(w.dir("runtime"), "clawql", "*", "*"))
	found := w.find(t.canaries...)
	fmt.Printf("%d sessions, %d at once, ended by %v\n", t.sessions, atOnce, t.ends)
	fmt.Printf("slowest end %s; at the end gone after %s\n", t.worst.Round(time.Millisecond), gone.Round(time.Millisecond))
	fmt.Printf("left: %d processes, %d sockets, %d folders (%d before the next session), values and tokens found in %d places\n",
		len(left), len(sockets), len(folders), len(dead), len(found))
	for _, one := range t.faults {
		fmt.Println("FAULT", one)
	}
	for _, one := range left {
		fmt.Println("LEFT", one)
	}
	for _, one := range folders {
		inside, _ := filepath.Glob(filepath.Join(one, "*"))
		fmt.Println("FOLDER", one, inside)
	}
	return len(t.faults)+len(left)+len(sockets)+len(folders)+len(found) == 0
}
