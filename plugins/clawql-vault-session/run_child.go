package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/redact"
)

// firstDescriptor is that of the first file a program inherits beyond its
// three streams.
const firstDescriptor = 3

// become replaces this process by the program: nothing stays in between, so
// exit code, signals and terminal are its own.
func (r *runner) become() error {
	if err := r.moveFiles(); err != nil {
		return err
	}
	err := syscall.Exec(r.program, r.argv, r.environ)
	return r.cannotRun(err)
}

func (r *runner) cannotRun(err error) error {
	if errors.Is(err, syscall.E2BIG) {
		return fault.Usage("running %s: the values are too large for an environment", r.argv[0]).Hint("--as-file hands them over as files")
	}
	return fault.Unable("running %s: %w", r.argv[0], err)
}

// pause is after which silence of the program what waits is shown: short
// enough for a prompt, longer than the gap between two writes of one line.
const pause = 50 * time.Millisecond

// redacted runs the program with its output filtered and returns its exit
// code, 128 and the signal's number where a signal ended it.
func (r *runner) redacted(s console.Streams, values map[string][]byte) (int, error) {
	hideMemory()
	patterns, short := redact.New(values)
	for _, name := range short {
		io.WriteString(s.Err, "clawql-vault-session: "+console.Clean(name)+" is shorter than 4 bytes and is not redacted\n")
	}
	command := exec.Command(r.program)
	command.Args, command.Env, command.Stdin, command.ExtraFiles = r.argv, r.environ, s.In, r.files
	var filters sync.WaitGroup
	for _, each := range []struct {
		from func() (io.ReadCloser, error)
		to   io.Writer
	}{{command.StdoutPipe, s.Out}, {command.StderrPipe, s.Err}} {
		from, err := each.from()
		if err != nil {
			return 0, fault.Unable("running %s: %w", r.argv[0], err)
		}
		filters.Go(func() { filter(from, patterns.Writer(each.to)) })
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT)
	if err := command.Start(); err != nil {
		return 0, r.cannotRun(err)
	}
	go passOn(signals, command.Process)
	filters.Wait() // before Wait, which closes the pipes
	return codeOf(command.Wait())
}

// passOn hands on what only this process got. ctrl-C and ctrl-\ of a terminal
// reach the program by themselves, and must not end this process before it.
func passOn(signals <-chan os.Signal, to *os.Process) {
	for got := range signals {
		if got == syscall.SIGTERM || got == syscall.SIGHUP {
			to.Signal(got)
		}
	}
}

func codeOf(err error) (int, error) {
	var ended *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case !errors.As(err, &ended):
		return 0, fault.Unable("waiting for the command: %w", err)
	}
	if status, ok := ended.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return ended.ExitCode(), nil
}

// filter copies from the program to the person until the program's end of it
// is closed. When the person's end is gone, so is the program's: its next
// write fails, as without a filter.
func filter(from io.ReadCloser, to *redact.Writer) {
	defer from.Close()
	defer to.Close()
	chunks := make(chan []byte)
	go func() {
		defer close(chunks)
		for {
			chunk := make([]byte, 32<<10)
			n, err := from.Read(chunk)
			if n > 0 {
				chunks <- chunk[:n]
			}
			if err != nil {
				return
			}
		}
	}()
	for {
		select {
		case chunk, ok := <-chunks:
			if !ok {
				return
			}
			if _, err := to.Write(chunk); err != nil {
				from.Close()
				for range chunks { // so that the reader ends
				}
				return
			}
		case <-time.After(pause):
			to.Flush()
		}
	}
}
