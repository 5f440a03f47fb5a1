package nest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sort"
	"sync"
	"syscall"
	"time"
)

// keeper starts, counts and reaps the daemons. As the first process of its namespace it also
// inherits orphans (containerd's shims), so one loop waits for all children; os/exec, which
// waits for its own, would fight with it.
type keeper struct {
	dir string

	mu      sync.Mutex
	daemons map[string]*Daemon
	ended   map[string]chan struct{}
}

// Keep is the keeper's life: it serves the socket in dir until it is told to end (SIGTERM) or is
// killed. A nested one furnishes its namespaces first, of which it must be the first process. It
// fails when it cannot set itself up.
func Keep(dir string, nested bool) error {
	if nested && os.Getpid() != 1 {
		return errors.New("the keeper must be the first process of a namespace; start it with `sandbox up`")
	}
	if nested {
		if err := furnish(dir); err != nil {
			return err
		}
	}
	k := &keeper{dir: dir, daemons: map[string]*Daemon{}, ended: map[string]chan struct{}{}}
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	signal.Ignore(syscall.SIGHUP, syscall.SIGPIPE)
	listener, err := net.Listen("unix", filepath.Join(dir, Socket))
	if err != nil {
		return fmt.Errorf("opening the keeper's socket: %w", err)
	}
	go k.serve(listener)
	for {
		select {
		case <-children:
			k.reap()
		case <-stop:
			return nil
		}
	}
}

func (k *keeper) serve(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go k.answer(conn)
	}
}

func (k *keeper) answer(conn net.Conn) {
	defer conn.Close()
	var command Command
	reply := Reply{}
	if err := json.NewDecoder(conn).Decode(&command); err != nil {
		reply.Error = err.Error()
	} else if err := k.do(command); err != nil {
		reply.Error = err.Error()
	}
	reply.Daemons = k.list()
	_ = json.NewEncoder(conn).Encode(reply)
}

func (k *keeper) do(c Command) error {
	switch c.Op {
	case "start":
		return k.start(c)
	case "stop":
		return k.stop(c)
	case "list":
		return nil
	}
	return fmt.Errorf("op %q is not start, stop or list", c.Op)
}

// start runs a program whose output goes to logs/NAME.log. A name is taken while it runs.
func (k *keeper) start(c Command) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if d := k.daemons[c.Name]; d != nil && d.Running {
		return fmt.Errorf("%s runs already", c.Name)
	}
	log, err := os.OpenFile(filepath.Join(k.dir, "logs", c.Name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer null.Close()
	process, err := os.StartProcess(c.Args[0], c.Args, &os.ProcAttr{
		Dir: k.dir, Env: append(os.Environ(), c.Env...), Files: []*os.File{null, log, log},
		Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return fmt.Errorf("starting %s: %w", c.Name, err)
	}
	k.daemons[c.Name] = &Daemon{Name: c.Name, PID: process.Pid, Running: true}
	k.ended[c.Name] = make(chan struct{})
	return nil
}

// stop ends a daemon, gently first. One that does not run is no error.
func (k *keeper) stop(c Command) error {
	k.mu.Lock()
	d, ended := k.daemons[c.Name], k.ended[c.Name]
	k.mu.Unlock()
	if d == nil {
		return nil
	}
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		k.signal(d, sig)
		select {
		case <-ended:
			return nil
		case <-time.After(time.Duration(c.Grace)*time.Millisecond + 100*time.Millisecond):
		}
	}
	return fmt.Errorf("%s does not end", c.Name)
}

func (k *keeper) signal(d *Daemon, sig syscall.Signal) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if d.Running {
		_ = syscall.Kill(d.PID, sig)
	}
}

// reap collects every child that has ended, known or inherited. It holds the lock from before
// wait4 so that a daemon's id cannot be given away between its end and its entry here.
func (k *keeper) reap() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		k.note(pid, status)
	}
}

func (k *keeper) note(pid int, status syscall.WaitStatus) {
	for name, d := range k.daemons {
		if d.PID != pid || !d.Running {
			continue
		}
		d.Running, d.Exit = false, fmt.Sprintf("exit %d", status.ExitStatus())
		if status.Signaled() {
			d.Exit = status.Signal().String()
		}
		close(k.ended[name])
	}
}

func (k *keeper) list() []Daemon {
	k.mu.Lock()
	defer k.mu.Unlock()
	all := make([]Daemon, 0, len(k.daemons))
	for _, d := range k.daemons {
		all = append(all, *d)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all
}
