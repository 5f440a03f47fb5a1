package console

import (
	"bufio"
	"os"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// openPTY gives both ends of a real pseudo-terminal of 30 columns and 5 rows.
func openPTY(t *testing.T) (outer, inner *os.File) {
	t.Helper()
	outer, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { outer.Close() })
	fd := int(outer.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 5, Col: 30}); err != nil {
		t.Fatal(err)
	}
	inner, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { inner.Close() })
	return outer, inner
}

func TestRealTerminal(t *testing.T) {
	outer, inner := openPTY(t)
	s := Standard()
	s.Env = nil
	if !s.IsTerminal(inner) || s.Width(inner) != 30 {
		t.Fatalf("terminal %v, %d columns; want 30", s.IsTerminal(inner), s.Width(inner))
	}
	before, err := unix.IoctlGetTermios(int(inner.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	live := s.Live(inner)
	live.Update("", []string{"one"})
	live.Update("", []string{s.Paint(inner).Good("two")})
	live.Close()
	after, err := unix.IoctlGetTermios(int(inner.Fd()), unix.TCGETS)
	if err != nil || *before != *after {
		t.Errorf("the terminal's modes changed: %+v, %+v, %v", before, after, err)
	}
	reader := bufio.NewReader(outer)
	for _, want := range []string{"\r\x1b[Jone\r\n", "\r\x1b[1A\x1b[J\x1b[32mtwo\x1b[0m\r\n", "\r\x1b[1A\x1b[J\x1b[32mtwo\x1b[0m\r\n"} {
		if got, err := reader.ReadString('\n'); err != nil || got != want {
			t.Errorf("the terminal received %q (%v), want %q", got, err, want)
		}
	}
}
