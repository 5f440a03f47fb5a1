// Package console is where the workbench meets a terminal: the three streams,
// width, colour, and a live region.
//
// The rules, for every binary:
//
//   - Results go to Out. Progress, questions and errors go to Err, so that
//     `tool -o json | jq .` works while the progress stays visible.
//   - Colour carries only what the words already say. It is on for a terminal,
//     off when NO_COLOR is set (no-color.org) or TERM is "dumb", and --color
//     always|never has the last word.
//   - The live region is redrawn on a terminal only; elsewhere there is one
//     line a change of state.
//   - No mode of the terminal is ever switched (no raw mode, no hidden cursor,
//     no alternate screen). So nothing has to be restored, after an interrupt
//     or a kill -9 either.
//   - Text that comes from outside (logs, commit subjects, names in a cluster)
//     goes through Clean or CleanLines before it is written.
package console

import (
	"io"
	"os"

	"golang.org/x/term"
)

// fallbackColumns is the width where there is no terminal to ask.
const fallbackColumns = 80

// Streams are the ends of one run of a command. The zero values of Env and
// Size mean an empty environment and no terminal, so a test is written as
// Streams{Out: &out, Err: &errOut}.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer

	// Color is what --color says; the zero value is Auto.
	Color Color
	// Env looks up an environment variable; unset is "".
	Env func(name string) string
	// Size tells columns and rows of the terminal behind w, ok false when
	// there is none.
	Size func(w io.Writer) (columns, rows int, ok bool)
}

// Standard gives the streams of this process.
func Standard() Streams {
	return Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.Getenv, Size: terminalSize}
}

// IsTerminal says whether w is a terminal.
func (s Streams) IsTerminal(w io.Writer) bool {
	_, _, ok := s.size(w)
	return ok
}

// Width is the number of columns of w, 80 where w is no terminal.
func (s Streams) Width(w io.Writer) int {
	if columns, _, ok := s.size(w); ok && columns > 0 {
		return columns
	}
	return fallbackColumns
}

func (s Streams) size(w io.Writer) (columns, rows int, ok bool) {
	if s.Size == nil {
		return 0, 0, false
	}
	return s.Size(w)
}

func (s Streams) env(name string) string {
	if s.Env == nil {
		return ""
	}
	return s.Env(name)
}

// dumb says that the terminal understands no escape sequence.
func (s Streams) dumb() bool { return s.env("TERM") == "dumb" }

func terminalSize(w io.Writer) (columns, rows int, ok bool) {
	file, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(file.Fd())) {
		return 0, 0, false
	}
	// A terminal that will not tell its size is a terminal all the same.
	columns, rows, _ = term.GetSize(int(file.Fd()))
	return columns, rows, true
}
