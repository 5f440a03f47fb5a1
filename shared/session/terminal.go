package session

import (
	"os"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/clawql/clawql-workbench/shared/console"
)

// Terminal is the three streams of the front as files.
type Terminal struct{ In, Out, Err *os.File }

// TerminalOf takes the streams as files; ok is false where one is none, as in
// a test.
func TerminalOf(s console.Streams) (t Terminal, ok bool) {
	in, okIn := s.In.(*os.File)
	out, okOut := s.Out.(*os.File)
	err, okErr := s.Err.(*os.File)
	return Terminal{in, out, err}, okIn && okOut && okErr
}

// interactive says whether the command may own the terminal: all three streams
// are one, and this process is in its foreground. In a pipeline the terminal
// belongs to the others too.
func (t Terminal) interactive() bool {
	for _, file := range []*os.File{t.In, t.Out, t.Err} {
		if !term.IsTerminal(int(file.Fd())) {
			return false
		}
	}
	group, err := unix.IoctlGetInt(int(t.In.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// give puts group into the terminal's foreground. The caller ignores SIGTTOU.
func (t Terminal) give(group int) error {
	return unix.IoctlSetPointerInt(int(t.In.Fd()), unix.TIOCSPGRP, group)
}

// inForeground says whether the shell has put this process's group back into
// the foreground.
func (t Terminal) inForeground() bool {
	group, err := unix.IoctlGetInt(int(t.In.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// modes are the terminal's present modes, nil where there is none.
func (t Terminal) modes() *term.State {
	state, err := term.GetState(int(t.In.Fd()))
	if err != nil {
		return nil
	}
	return state
}

// restore sets modes back: a command that was killed cannot do it.
func (t Terminal) restore(modes *term.State) {
	if modes != nil {
		term.Restore(int(t.In.Fd()), modes)
	}
}
