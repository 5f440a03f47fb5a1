package session

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
	"time"
)

// firstThreadEnds is a program whose first thread ends and whose second goes
// on: the system shows it as a zombie.
const firstThreadEnds = `
import ctypes, threading, time
threading.Thread(target=lambda: time.sleep(300)).start()
ctypes.CDLL(None).pthread_exit(None)
`

func TestAttackProcessLooksDead(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3")
	}
	except := map[int]bool{}
	for _, pid := range descendants(os.Getpid(), nil) {
		except[pid] = true
	}
	command := exec.Command(python, "-c", firstThreadEnds)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	for until := time.Now().Add(20 * time.Second); !looksDead(command.Process.Pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("the program does not come to look dead")
		}
	}
	if left := (ender{except, make(chan change), func(change) {}}).end(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		command.Process.Kill()
		t.Error("a process that looks dead was left running")
	}
}

func looksDead(pid int) bool {
	text, _ := os.ReadFile("/proc/" + itoa(pid) + "/stat")
	return bytes.Contains(text, []byte(") Z "))
}
