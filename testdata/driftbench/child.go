package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// childWord makes this program run one command and tell what it cost. A
// process hands its own peak of memory down to those it starts (the kernel
// keeps it over exec), so that the bench, which makes large inputs, must not
// start what it measures itself.
const childWord = "run-one"

// cost is what one run of a command took: wall and processor time, and the peak
// of memory of the largest process of its tree. A command that was still running
// at the cap was ended there.
type cost struct {
	Wall, CPU time.Duration
	RSSKB     int64
	Exit      int
	Capped    bool
}

// runOne is the other end of run: limit, the file for standard output, and the
// command.
func runOne(limit, out string, argv []string) error {
	most, err := time.ParseDuration(limit)
	if err != nil {
		return err
	}
	file, err := os.Create(out)
	if err != nil {
		return err
	}
	defer file.Close()
	// The first start of a child costs a Go program more than the next ones,
	// which is no cost of the command.
	if err := exec.Command("true").Run(); err != nil {
		return err
	}
	c := exec.Command(argv[0], argv[1:]...)
	var diag bytes.Buffer
	c.Stdout, c.Stderr, c.SysProcAttr = file, &diag, &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	var one cost
	start := time.Now()
	if err := c.Start(); err != nil {
		return err
	}
	timer := time.AfterFunc(most, func() { one.Capped = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) == nil })
	err = c.Wait()
	one.Wall = time.Since(start)
	timer.Stop()
	if ended := (*exec.ExitError)(nil); err != nil && !errors.As(err, &ended) {
		return fmt.Errorf("%v: %w", argv, err)
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &usage); err != nil {
		return err
	}
	one.RSSKB, one.Exit = usage.Maxrss, c.ProcessState.ExitCode()
	one.CPU = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	if one.Capped && most == hanging {
		return fmt.Errorf("%v: ended after %s", argv[0], most)
	}
	if one.Exit > 1 && !one.Capped {
		return fmt.Errorf("%v: exit %d: %.2000s", argv[0], one.Exit, diag.String())
	}
	return json.NewEncoder(os.Stdout).Encode(one)
}

// run measures one run of a command, whose standard output goes to a file. An
// exit code above 1 is an error: all that is measured here says with 1 that
// something differs.
func run(limit time.Duration, out string, argv []string) (cost, error) {
	self, err := os.Executable()
	if err != nil {
		return cost{}, err
	}
	c := exec.Command(self, append([]string{childWord, limit.String(), out}, argv...)...)
	c.Stderr = os.Stderr
	text, err := c.Output()
	if err != nil {
		return cost{}, err
	}
	var one cost
	return one, json.Unmarshal(text, &one)
}
