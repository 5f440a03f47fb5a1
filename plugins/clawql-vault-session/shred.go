package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
)

// honest is what overwriting cannot do; it is said wherever a file is shredded.
const honest = `overwritten and deleted
  on an SSD, btrfs, ZFS or APFS, in snapshots and backups old copies can remain:
  replace the secrets that matter`

// disposeOf shreds the imported files where the person wants it.
func disposeOf(c *cli.Context, streams console.Streams, files []string) error {
	var failed []error
	for _, path := range files {
		info, err := os.Lstat(path)
		if err != nil || !info.Mode().IsRegular() {
			if c.Bool("shred") {
				failed = append(failed, fault.Unable("shredding %s: it is no regular file", path))
			}
			continue
		}
		if inGit(c.Context, path) {
			fmt.Fprintf(streams.Err, "%s is in git, whose history keeps the values, shredded or not: replace them\n", console.Clean(path))
		}
		if c.Bool("keep") || !c.Bool("shred") && !wantsShred(streams, path) {
			continue
		}
		if err := shred(path); err != nil {
			failed = append(failed, err)
			continue
		}
		fmt.Fprintf(streams.Err, "%s: %s\n", console.Clean(path), honest)
	}
	return errors.Join(failed...)
}

// wantsShred asks on a terminal; elsewhere it says how.
func wantsShred(streams console.Streams, path string) bool {
	if _, ok := terminalOf(streams.In); ok && streams.IsTerminal(streams.Err) {
		return agrees(streams, "shred "+console.Clean(path)+" now?")
	}
	fmt.Fprintf(streams.Err, "%s still holds the values; --shred overwrites and deletes it\n", console.Clean(path))
	return false
}

// inGit asks git whether it tracks the file. No git, no repository: no.
func inGit(ctx context.Context, path string) bool {
	ctx, stop := context.WithTimeout(ctx, 2*time.Second)
	defer stop()
	command := exec.CommandContext(ctx, "git", "-c", "core.fsmonitor=false", "ls-files", "--error-unmatch", "--", filepath.Base(path))
	command.Dir = filepath.Dir(path)
	return command.Run() == nil
}

// shred overwrites the file with random bytes, makes the disk write them, and
// deletes it. It never follows a link; other names of the same file hold the
// random bytes then.
func shred(path string) error {
	err := overwrite(path)
	if err == nil {
		err = os.Remove(path)
	}
	if err != nil {
		return fault.Unable("shredding the file: %w; it still holds the values, in part at least", err)
	}
	return nil
}

func overwrite(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if _, err := io.CopyN(file, rand.Reader, info.Size()); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := file.Truncate(0); err != nil {
		return err
	}
	return file.Sync()
}
