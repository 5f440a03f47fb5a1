package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// bulk is how many objects a side make some 100 MB of manifests.
const bulk = 87_000

// scale compares two folders that are one file of 100 MB each, and gives a
// folder that is one document of 100 MB, which has to be refused in words.
func (b *bench) scale() error {
	dir := filepath.Join(b.dir, "scale")
	defer os.RemoveAll(dir)
	in := generate(bulk, 0.01, rendered)
	var folders [2]string
	for side, documents := range in.sides {
		folders[side] = filepath.Join(dir, sideNames[side])
		if err := os.MkdirAll(folders[side], 0o755); err != nil {
			return err
		}
		if err := writeWhole(filepath.Join(folders[side], "all.yaml"), documents); err != nil {
			return err
		}
	}
	ours := &outcome{Input: "1 file", Objects: bulk, Changed: 1, Command: "kubectl clawql drift", argv: [][]string{b.ours("dir:"+folders[0], "dir:"+folders[1])}}
	judged := func(out string) error {
		got, err := judge(out, in.want)
		ours.truth = &got
		return err
	}
	if err := measure(b.dir, 1, []*outcome{ours}, judged); err != nil {
		return err
	}
	b.keep([]*outcome{ours})
	return b.refused(filepath.Join(dir, "document"), folders[1])
}

// ours is the command between two sides.
func (b *bench) ours(from, to string) []string {
	return []string{filepath.Join(b.bin, "kubectl-clawql-drift"), "--from", from, "--to", to, "-o", "json"}
}

// refused sees that one document of 100 MB is one error, exit 3, in bounded
// memory.
func (b *bench) refused(dir, other string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(dir, "large.yaml"))
	if err != nil {
		return err
	}
	out := bufio.NewWriter(file)
	fmt.Fprint(out, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: large}\ndata:\n")
	for i := range 1_500_000 {
		fmt.Fprintf(out, "  key-%07d: %s\n", i, strings.Repeat("x", 50)) // Flush tells
	}
	if err := errors.Join(out.Flush(), file.Close()); err != nil {
		return err
	}
	argv := b.ours("dir:"+dir, "dir:"+other)
	c := exec.Command(argv[0], argv[1:]...)
	var said bytes.Buffer
	c.Stderr = &said
	_ = c.Run() // its exit code is looked at
	usage, _ := c.ProcessState.SysUsage().(*syscall.Rusage)
	if c.ProcessState.ExitCode() != 3 || strings.Count(said.String(), "error:") != 1 || !strings.Contains(said.String(), "larger than") {
		return fmt.Errorf("one document of 100 MB: exit %d: %.500s", c.ProcessState.ExitCode(), &said)
	}
	fmt.Printf("one document of 100 MB: exit 3, %d MB: %s", usage.Maxrss/1024, &said)
	return nil
}
