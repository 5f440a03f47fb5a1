package session

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// stubborn starts a process that takes neither a hang-up nor a request, and
// has a child that is stopped.
func stubborn(t *testing.T) (all []int) {
	command := exec.Command("sh", "-c", `trap '' HUP TERM; sleep 600 & kill -STOP $!; echo $!; while :; do sleep 1; done`)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { command.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	return []int{command.Process.Pid, child}
}

func TestStubbornAndStoppedProcessesEnd(t *testing.T) {
	except := map[int]bool{}
	for _, pid := range descendants(os.Getpid(), nil) {
		except[pid] = true
	}
	all := stubborn(t)
	if left := (ender{except, make(chan change), func(change) {}}).end(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	for _, pid := range all {
		if _, _, state, ok := stat(pid); ok && state != 'Z' && state != 'X' {
			t.Errorf("process %d is still there, state %c", pid, state)
		}
	}
}

// What was there before the session stays.
func TestProcessesFromBeforeStay(t *testing.T) {
	child, _ := grandchild(t)
	if left := (ender{map[int]bool{child: true}, make(chan change), func(change) {}}).end(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if err := syscall.Kill(child, 0); err != nil {
		t.Errorf("it was ended: %v", err)
	}
}

func TestSignalsGetHarder(t *testing.T) {
	if signalAfter(0) != syscall.SIGHUP || signalAfter(untilTerm) != syscall.SIGTERM || signalAfter(untilKill) != syscall.SIGKILL || signalAfter(untilQuit) != syscall.SIGKILL {
		t.Error("the order is wrong")
	}
}
