package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
)

// longestLine is what a terminal hands over of one line (N_TTY_BUF_SIZE of
// Linux less the line break; macOS: MAX_CANON, 1024): a longer one is cut.
const longestLine = 4095

// terminalOf is the terminal behind a stream.
func terminalOf(stream any) (*os.File, bool) {
	file, ok := stream.(*os.File)
	return file, ok && term.IsTerminal(int(file.Fd()))
}

// askSecret asks for one line without showing it. Beside openTerminal it is the
// one place of the workbench that switches a mode of the terminal (echo off),
// and it switches it back on an interrupt too.
func askSecret(ctx context.Context, s console.Streams, terminal *os.File, name string) ([]byte, error) {
	fd := int(terminal.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return nil, fault.Unable("asking for the value of %s: %w", name, err)
	}
	fmt.Fprintf(s.Err, "value of %s (not shown): ", name)
	type line struct {
		text []byte
		err  error
	}
	typed := make(chan line, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		typed <- line{text, err}
	}()
	select {
	case <-ctx.Done():
		term.Restore(fd, before)
		fmt.Fprintln(s.Err)
		return nil, context.Cause(ctx)
	case got := <-typed:
		fmt.Fprintln(s.Err)
		switch {
		case got.err != nil && got.err != io.EOF:
			return nil, fault.Unable("asking for the value of %s: %w", name, got.err)
		case len(got.text) >= longestLine:
			return nil, fault.Usage("the value of %s is longer than the %d bytes that a terminal takes", name, longestLine).
				Hint("give it on stdin: clawql-vault-session put %s < FILE", name)
		}
		return got.text, nil
	}
}

// agrees asks a question that only "yes" or "y" agrees to.
func agrees(s console.Streams, question string) bool {
	fmt.Fprintf(s.Err, "%s [y/N] ", question)
	var answer strings.Builder
	one := make([]byte, 1)
	for answer.Len() < 64 {
		if n, err := s.In.Read(one); n == 0 || err != nil || one[0] == '\n' {
			break
		}
		answer.WriteByte(one[0])
	}
	word := strings.ToLower(strings.TrimSpace(answer.String()))
	return word == "y" || word == "yes"
}
