package deploy

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

func linuxOnly(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("processes are told apart by /proc")
	}
}

// of is the identity that the process pid would have written.
func of(pid int) string {
	place, started := placeOf(pid)
	return fmt.Sprintf("me@here pid %d%s", pid, suffix(place, started, time.Now()))
}

func TestLivingProcessIsNotDead(t *testing.T) {
	if dead(identity(time.Now())) {
		t.Error("this process counts as dead")
	}
}

func TestEndedProcessIsDead(t *testing.T) {
	linuxOnly(t)
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	who := of(child.Process.Pid)
	if dead(who) {
		t.Errorf("%s counts as dead while it runs", who)
	}
	_ = child.Process.Kill()
	for deadline := time.Now().Add(time.Minute); !dead(who); time.Sleep(time.Millisecond) { // a zombie: nobody has waited for it yet
		if time.Now().After(deadline) {
			t.Fatalf("%s was killed, is a zombie, and counts as alive", who)
		}
	}
	_ = child.Wait()
	if !dead(who) {
		t.Errorf("%s is gone and counts as alive", who)
	}
}

func TestReusedProcessIDIsDead(t *testing.T) {
	linuxOnly(t)
	place, started := placeOf(os.Getpid())
	if who := fmt.Sprintf("me@here pid %d (%s:%s0)", os.Getpid(), place, started); !dead(who) {
		t.Errorf("%s started at another time than the process that has its number now", who)
	}
}

// What cannot be told counts as alive: the lock then expires by itself.
func TestWhatCannotBeToldIsAlive(t *testing.T) {
	place, started := placeOf(os.Getpid())
	for _, who := range []string{
		"", " ", " (", " ()", " (a:b)", "x (a:b)", "pid (a:b)", "me@here pid 1", "me@here pid -1 (" + place + ":1)", "me@here pid 0 (" + place + ":1)",
		"me@here pid x (" + place + ":" + started + ")", "me@here pid 999999 (00000000.1:77)", "me@here pid 999999 (" + place + ")", "me@here pid 999999 (" + place + ":)",
		"me@here pid 999999 at kx3", "somebody else's format", "99999999999999999999 (" + place + ":1)",
	} {
		if dead(who) {
			t.Errorf("%q counts as dead", who)
		}
	}
}

func FuzzDead(f *testing.F) {
	f.Add("me@here pid 12 (0a1b2c3d.4026531836:5)")
	f.Fuzz(func(t *testing.T, who string) {
		if place, _ := placeOf(os.Getpid()); dead(who) && (place == "" || !strings.Contains(who, place)) {
			t.Errorf("%q is of another place and counts as dead", who)
		}
	})
}
