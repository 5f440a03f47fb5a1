package main

import (
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// typed is what a person types once something is to be seen.
type typed struct{ after, text string }

// onTerminal runs a script in a session on a real terminal of 60 columns,
// types into it, and returns all that was to be seen.
func (w *world) onTerminal(t *testing.T, script string, types ...typed) string {
	t.Helper()
	outer, inner, err := pseudoTerminal()
	if err != nil {
		t.Fatal(err)
	}
	control, err := outer.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	control.Control(func(fd uintptr) {
		unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: 20, Col: 60})
	})
	command := w.command([]string{"VALUE=" + value}, w.project(t), "clawql-vault-session", "--", "sh", "-c", "trap : INT\n"+keep+"K\n"+script)
	command.Stdin, command.Stdout, command.Stderr = inner, inner, inner
	command.SysProcAttr.Setsid, command.SysProcAttr.Setctty = true, true
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	inner.Close()
	timer := time.AfterFunc(longest, func() { syscall.Kill(-command.Process.Pid, syscall.SIGKILL) })
	defer timer.Stop()
	all, from, chunk := "", 0, make([]byte, 4096)
	for {
		n, err := outer.Read(chunk)
		all += string(chunk[:n])
		if err != nil {
			break // the last of the program's ends is closed
		}
		if len(types) > 0 && strings.Contains(all[from:], types[0].after) {
			time.Sleep(100 * time.Millisecond) // a prompt comes before its read
			io.WriteString(outer, types[0].text)
			from, types = len(all), types[1:]
		}
	}
	command.Wait()
	outer.Close()
	w.nothingLeft(t)
	return all
}

// On a terminal a filtered program still has one: its size, its signals, its
// modes; and the person's is as before.
func TestRedactOnATerminal(t *testing.T) {
	w := aWorld(t)
	seen := w.onTerminal(t, `stty -g > before
		clawql-vault-session run --redact K -- sh -c 'test -t 0 && test -t 1 && test -t 2 && stty size; echo "is $K"; printf "more? "; read x; echo "got $x"; exit 6'
		echo "code $?"; stty -g > after; cmp before after && echo same modes
		clawql-vault-session run --redact K -- sh -c 'echo waiting; exec sleep 100'; echo "code $?"
		clawql-vault-session run --redact K -- sh -c 'echo "$K" >&2' 2>file; cat file`, typed{"more? ", "word\r"}, typed{"waiting", "\x03"})
	for _, want := range []string{"20 60", "is [redacted]", "more? ", "got word", "code 6", "same modes", "code 130"} {
		if !strings.Contains(seen, want) {
			t.Errorf("%q is missing in:\n%s", want, seen)
		}
	}
	if strings.Contains(seen, value) || strings.Count(seen, "[redacted]") != 2 {
		t.Errorf("seen:\n%s", seen)
	}
}

// The prompt of put shows no byte of what is typed, and an interrupt leaves
// the terminal as it was. get says what it has done to the scrollback.
func TestPutAsksOnATerminal(t *testing.T) {
	w := aWorld(t)
	seen := w.onTerminal(t, `stty -g > before
		clawql-vault-session put TYPED && test "$(clawql-vault-session get TYPED)" = typed-secret && echo kept
		clawql-vault-session put OTHER; echo "code $?"; stty -g > after; cmp before after && echo same modes
		clawql-vault-session put K < /dev/null; printf 'a\033[2Jb' | clawql-vault-session put ODD; clawql-vault-session get ODD`, typed{"value of TYPED (not shown): ", "typed-secret\r"}, typed{"value of OTHER (not shown): ", "half\x03"})
	for _, want := range []string{"value of TYPED (not shown): ", "kept", "code 130", "same modes", "zero bytes", "scrollback", "control characters were left out"} {
		if !strings.Contains(seen, want) {
			t.Errorf("%q is missing in:\n%s", want, seen)
		}
	}
	for _, never := range []string{"typed-secret", "half", "\x1b[2J"} {
		if strings.Contains(seen, never) {
			t.Errorf("%q is on the terminal:\n%s", never, seen)
		}
	}
}
