package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// childWord makes this program run one command and tell what it cost. A
// process hands its own peak of memory down to those it starts (the kernel
// keeps it over exec), so that the bench, which makes large files, must not
// start what it measures itself.
const childWord = "run-one"

// cost is what one run of a command took: wall time, and the peak of memory of
// the largest process of its tree, the children it waited for included.
type cost struct {
	Wall  time.Duration
	RSSKB int64
}

// runOne is the other end of start: it runs a command and writes its cost.
func runOne(argv []string) error {
	c := exec.Command(argv[0], argv[1:]...)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	// The first start of a child costs a Go program more than the next ones,
	// which is no cost of the command.
	if err := exec.Command("true").Run(); err != nil {
		return err
	}
	start := time.Now()
	err := c.Run()
	took := time.Since(start)
	if err != nil {
		return fmt.Errorf("%v: %w: %s", argv, err, out.Bytes())
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &usage); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(cost{took, usage.Maxrss})
}

// run measures one run of a command in a folder.
func run(dir string, argv []string) (cost, error) {
	self, err := os.Executable()
	if err != nil {
		return cost{}, err
	}
	c := exec.Command(self, append([]string{childWord}, argv...)...)
	c.Dir, c.Stderr = dir, os.Stderr
	text, err := c.Output()
	if err != nil {
		return cost{}, err
	}
	var one cost
	return one, json.Unmarshal(text, &one)
}
