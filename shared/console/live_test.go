package console

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

// fakeTerminal is a screen of a fixed width that understands what Live may
// use: line feed, carriage return, cursor up, erase down. Any other control
// byte is an error, so that no mode can ever be switched.
type fakeTerminal struct {
	t             *testing.T
	columns, rows int
	lines         [][]rune
	row, column   int
}

func (f *fakeTerminal) streams() Streams {
	return Streams{Out: f, Err: f, Size: func(io.Writer) (int, int, bool) { return f.columns, f.rows, true }}
}

func (f *fakeTerminal) Write(p []byte) (int, error) {
	text := []rune(string(p))
	for i := 0; i < len(text); i++ {
		switch r := text[i]; {
		case r == '\r':
			f.column = 0
		case r == '\n':
			f.row, f.column = f.row+1, 0
		case r == 0x1b:
			n := 0
			rest := string(text[i:])
			if _, err := fmt.Sscanf(rest, "\x1b[%dA", &n); err == nil {
				i += len(fmt.Sprintf("[%dA", n))
				f.row -= n
			} else if strings.HasPrefix(rest, "\x1b[J") {
				i += 2
				f.lines = f.lines[:min(f.row, len(f.lines))]
			} else {
				f.t.Errorf("a sequence that Live may not use: %q", rest[:min(8, len(rest))])
			}
		case r < 0x20:
			f.t.Errorf("control byte %q", r)
		default:
			f.put(r)
		}
		if f.row < 0 {
			f.t.Fatal("the cursor left the screen at the top")
		}
	}
	return len(p), nil
}

func (f *fakeTerminal) put(r rune) {
	if f.column == f.columns { // autowrap
		f.row, f.column = f.row+1, 0
	}
	for len(f.lines) <= f.row {
		f.lines = append(f.lines, nil)
	}
	line := f.lines[f.row]
	for len(line) <= f.column {
		line = append(line, ' ')
	}
	line[f.column] = r
	f.lines[f.row] = line
	f.column++
}

func (f *fakeTerminal) screen() string {
	var b strings.Builder
	for _, line := range f.lines {
		b.WriteString(string(line) + "\n")
	}
	return b.String()
}

func (f *fakeTerminal) expect(want string) {
	f.t.Helper()
	if got := f.screen(); got != want {
		f.t.Errorf("the screen shows\n%s\nwant\n%s", got, want)
	}
}

func TestLiveRedrawsInPlace(t *testing.T) {
	f := &fakeTerminal{t: t, columns: 20, rows: 10}
	live := f.streams().Live(f)
	live.Update("a", []string{"phase shift", "5 %", "third"})
	live.Update("a", []string{"phase observe"})
	f.expect("phase observe\n")
	live.Print("gate ok")
	live.Update("b", []string{"phase observe", "10 s"})
	f.expect("gate ok\nphase observe\n10 s\n")
	live.Close()
	live.Close()
	live.Update("c", []string{"too late"})
	f.expect("gate ok\nphase observe\n10 s\n")
	if f.column != 0 || f.row != 3 {
		t.Errorf("the cursor rests at row %d, column %d", f.row, f.column)
	}
}

func TestLiveCutsWhileItRunsAndShowsAllAtTheEnd(t *testing.T) {
	f := &fakeTerminal{t: t, columns: 10, rows: 4}
	live := f.streams().Live(f)
	block := []string{"a line of more than ten", "2", "3", "4", "5"}
	live.Update("", block)
	f.expect("a line of…\n2\n… 3 more …\n")
	live.Update("", block)
	f.expect("a line of…\n2\n… 3 more …\n")
	f.columns = 40 // or the fake wraps
	live.Close()
	f.expect(strings.Join(block, "\n") + "\n")
}

func TestLiveCountsRowsOfANarrowedTerminal(t *testing.T) {
	f := &fakeTerminal{t: t, columns: 12, rows: 10}
	live := f.streams().Live(f)
	live.Print("kept")
	live.Update("", []string{"abcdefghij", "short"})
	// The terminal is made narrower and wraps what stands on it.
	f.columns = 4
	f.lines = [][]rune{[]rune("kept"), []rune("abcd"), []rune("efgh"), []rune("ij"), []rune("shor"), []rune("t")}
	f.row, f.column = 6, 0
	live.Update("", []string{"new"})
	f.expect("kept\nnew\n")
}

func TestLiveWithABreakInsideALine(t *testing.T) {
	f := &fakeTerminal{t: t, columns: 20, rows: 10}
	live := f.streams().Live(f)
	live.Update("", []string{"a\nb"})
	live.Update("", []string{"c"})
	f.expect("c\n")
}

func TestLiveSurvivesTheEchoOfAnInterrupt(t *testing.T) {
	f := &fakeTerminal{t: t, columns: 20, rows: 10}
	live := f.streams().Live(f)
	live.Update("", []string{"one", "two"})
	io.WriteString(f, "^C")
	live.Update("", []string{"rolling back"})
	f.expect("rolling back\n")
}

func TestOffATerminalOneLineAChangeOfState(t *testing.T) {
	var b bytes.Buffer
	live := Streams{Err: &b}.Live(&b)
	for second := range 5 {
		live.Update("canary at 5 %", []string{fmt.Sprint(second, " s")})
	}
	live.Update("promoted", []string{"all"})
	live.Update("", nil)
	live.Print("done")
	live.Close()
	if b.String() != "canary at 5 %\npromoted\ndone\n" {
		t.Errorf("%q", b.String())
	}
}

func TestDumbTerminalGetsLines(t *testing.T) {
	f := &fakeTerminal{t: t, columns: 20, rows: 10}
	s := f.streams()
	s.Env = func(name string) string { return map[string]string{"TERM": "dumb"}[name] }
	live := s.Live(f)
	live.Update("observing", []string{"block"})
	live.Close()
	f.expect("observing\n")
}
