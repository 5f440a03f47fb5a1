package main

import (
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

// pause is after which silence of the program what waits is shown: short
// enough for a prompt, longer than the gap between two writes of one line.
const pause = 50 * time.Millisecond

// lingering is how long a terminal of our own is read after the program's end:
// what it left in the background may hold it open for ever.
const lingering = 300 * time.Millisecond

// filtered is a program whose output goes through a filter.
type filtered struct {
	command  *exec.Cmd
	patterns *redact.Patterns
	filters  sync.WaitGroup
	theirs   []*os.File // the program's ends, closed here once it runs
	terminal *terminal  // nil where its streams are no terminal
}

// redacted runs the program with its output filtered and returns its exit code.
func (r *runner) redacted(s console.Streams, values map[string][]byte) (int, error) {
	hideMemory()
	patterns, short := redact.New(values)
	for _, name := range short {
		io.WriteString(s.Err, "clawql-vault-session: "+console.Clean(name)+" is shorter than 4 bytes and is not redacted\n")
	}
	f := &filtered{patterns: patterns, command: &exec.Cmd{Path: r.program, Args: r.argv, Env: r.environ, Stdin: s.In, ExtraFiles: r.files}}
	if err := f.connect(s); err != nil {
		return 0, fault.Unable("running %s: %w", r.argv[0], err)
	}
	defer f.terminal.restore()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT)
	if err := f.command.Start(); err != nil {
		return 0, r.cannotRun(err)
	}
	for _, each := range f.theirs {
		each.Close()
	}
	go passOn(signals, f.command.Process)
	code, err := codeOf(f.command.Wait())
	f.terminal.linger()
	f.filters.Wait()
	return code, err
}

// connect gives the program its streams. Where a person sits at all of them,
// they are a terminal again, or there would be no prompt, no colour and no
// editor; else they are pipes.
func (f *filtered) connect(s console.Streams) error {
	in, isTerminal := terminalOf(s.In)
	if isTerminal && s.IsTerminal(s.Out) {
		made, inner, err := openTerminal(in)
		if err == nil {
			f.terminal = made
			f.theirs = append(f.theirs, inner)
			f.command.Stdin, f.command.Stdout, f.command.Stderr = inner, inner, inner
			f.command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			f.follow(made.outer, s.Out)
			if s.IsTerminal(s.Err) {
				return nil
			}
			return f.pipe(&f.command.Stderr, s.Err)
		}
	}
	if err := f.pipe(&f.command.Stdout, s.Out); err != nil {
		return err
	}
	return f.pipe(&f.command.Stderr, s.Err)
}

func (f *filtered) pipe(stream *io.Writer, to io.Writer) error {
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	*stream = write
	f.theirs = append(f.theirs, write)
	f.follow(read, to)
	return nil
}

func (f *filtered) follow(from io.ReadCloser, to io.Writer) {
	f.filters.Go(func() { filter(from, f.patterns.Writer(to)) })
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
