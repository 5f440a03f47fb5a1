package session

import (
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
)

// launcher starts processes on one thread that lives as long as this process:
// a parent-death signal is sent when the thread that started a child ends, not
// the process.
type launcher chan func()

func newLauncher() launcher {
	work := make(launcher)
	go func() {
		runtime.LockOSThread() // and never unlocked
		for each := range work {
			each()
		}
	}()
	return work
}

// start starts command. Nobody may call its Wait: the end is told by exits.
func (l launcher) start(command *exec.Cmd) error {
	done := make(chan error)
	l <- func() { done <- command.Start() }
	return <-done
}

// change is what a child did: it ended, or was stopped.
type change struct {
	pid    int
	status syscall.WaitStatus
}

// watchChildren collects all children of this process, those included that it
// inherited as a subreaper, and sends what becomes of each.
func watchChildren() <-chan change {
	changes := make(chan change, 64)
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGCHLD)
	go func() {
		for {
			collect(changes)
			<-told
		}
	}()
	return changes
}

// collect takes what is there without waiting.
func collect(changes chan<- change) {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG|syscall.WUNTRACED, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		changes <- change{pid, status}
	}
}

// exitCode is how a shell would say it: 128 and the signal's number for a
// command that a signal ended.
func exitCode(status syscall.WaitStatus) int {
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}
