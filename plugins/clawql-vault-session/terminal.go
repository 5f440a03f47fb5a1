package main

import (
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// terminal is one of our own, between the person's and a program whose output
// is filtered. The person's is in raw mode meanwhile: what is typed goes to
// ours as it is, and ours makes lines and signals of it. A kill -9 of this
// process leaves the person's terminal raw; `reset` mends it.
type terminal struct {
	person *os.File
	outer  *os.File // what the program writes comes out here
	modes  *term.State
}

// openTerminal makes a terminal of the same size as the person's and joins
// the two. inner is the program's end.
func openTerminal(person *os.File) (t *terminal, inner *os.File, err error) {
	outer, inner, err := pseudoTerminal()
	if err != nil {
		return nil, nil, err
	}
	t = &terminal{person: person, outer: outer}
	t.resize()
	if t.modes, err = term.MakeRaw(int(person.Fd())); err != nil {
		outer.Close()
		inner.Close()
		return nil, nil, err
	}
	sizes := make(chan os.Signal, 1)
	signal.Notify(sizes, syscall.SIGWINCH)
	go func() {
		for range sizes {
			t.resize()
		}
	}()
	go io.Copy(outer, person) // ends with this process
	return t, inner, nil
}

func (t *terminal) resize() {
	size, err := unix.IoctlGetWinsize(int(t.person.Fd()), unix.TIOCGWINSZ)
	control, err2 := t.outer.SyscallConn() // Fd would make it block, and Close not end a read
	if err == nil && err2 == nil {
		control.Control(func(fd uintptr) { unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, size) })
	}
}

// linger closes a terminal that nobody will write to any more.
func (t *terminal) linger() {
	if t != nil {
		time.AfterFunc(lingering, func() { t.outer.Close() })
	}
}

func (t *terminal) restore() {
	if t != nil {
		term.Restore(int(t.person.Fd()), t.modes)
	}
}
