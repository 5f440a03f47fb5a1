package session

import (
	"bufio"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// grandchild starts a shell whose child has a name with blanks and parentheses
// in it, and returns the ids of both.
func grandchild(t *testing.T) (child, grand int) {
	command := exec.Command("sh", "-c", "sleep 60 & echo $!; wait")
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	grand, err = strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		exec.Command("kill", strconv.Itoa(grand)).Run()
		command.Wait()
	})
	return command.Process.Pid, grand
}

func TestTree(t *testing.T) {
	child, grand := grandchild(t)
	self := os.Getpid()
	if !descends(grand, self) || !descends(grand, child) || descends(self, child) || descends(self, self) || descends(child, grand) {
		t.Error("who descends from whom is wrong")
	}
	if descends(1, self) || descends(0, self) || descends(-1, self) || descends(1<<30, self) {
		t.Error("a process that is nowhere below is")
	}
	all := descendants(self, nil)
	if !slices.Contains(all, child) || !slices.Contains(all, grand) || slices.Contains(all, self) {
		t.Errorf("%v lacks %d or %d, or has %d", all, child, grand, self)
	}
	if without := descendants(self, map[int]bool{child: true}); slices.Contains(without, grand) {
		t.Errorf("%v has what was left out", without)
	}
	if birthOf(child) == "" || birthOf(1<<30) != "" || nameOf(child) == "" {
		t.Errorf("birth %q, name %q", birthOf(child), nameOf(child))
	}
}

func TestOutsiderGetsNoValues(t *testing.T) {
	if err := requireInside(Peer{PID: 5, UID: os.Getuid(), Name: "x"}); err == nil {
		t.Error("a process outside of the session is given values")
	}
	if err := requireInside(Peer{PID: 5, Inside: true}); err != nil {
		t.Error(err)
	}
}
