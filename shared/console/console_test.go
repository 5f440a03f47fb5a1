package console

import (
	"bytes"
	"io"
	"testing"
)

func TestPaint(t *testing.T) {
	terminal := func(io.Writer) (int, int, bool) { return 80, 24, true }
	none := func(io.Writer) (int, int, bool) { return 0, 0, false }
	cases := []struct {
		name  string
		color Color
		size  func(io.Writer) (int, int, bool)
		env   map[string]string
		on    bool
	}{
		{"terminal", Auto, terminal, nil, true},
		{"zero value on a terminal", "", terminal, nil, true},
		{"pipe", Auto, none, nil, false},
		{"NO_COLOR", Auto, terminal, map[string]string{"NO_COLOR": "1"}, false},
		{"empty NO_COLOR", Auto, terminal, map[string]string{"NO_COLOR": ""}, true},
		{"dumb", Auto, terminal, map[string]string{"TERM": "dumb"}, false},
		{"never", Never, terminal, nil, false},
		{"always on a pipe", Always, none, nil, true},
		{"flag beats environment", Always, terminal, map[string]string{"NO_COLOR": "1"}, true},
	}
	for _, c := range cases {
		s := Streams{Color: c.color, Size: c.size, Env: func(name string) string { return c.env[name] }}
		want := "ok"
		if c.on {
			want = "\x1b[32mok\x1b[0m"
		}
		if got := s.Paint(nil).Good("ok"); got != want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
	for name, paint := range map[string]func(Paint, string) string{"Bad": Paint.Bad, "Warn": Paint.Warn, "Dim": Paint.Dim, "Bold": Paint.Bold} {
		if painted := paint(Paint{on: true}, "x"); Clean(painted) != "x" || painted == "x" {
			t.Errorf("%s writes %q", name, painted)
		}
	}
}

func TestWidthWithoutATerminal(t *testing.T) {
	var b bytes.Buffer
	s := Standard()
	if s.IsTerminal(&b) || s.Width(&b) != 80 {
		t.Errorf("a buffer is a terminal of %d columns", s.Width(&b))
	}
}

func TestColumns(t *testing.T) {
	cases := map[string]int{"": 0, "abc": 3, "\x1b[1;31mabc\x1b[0m": 3, "5 % · …": 7, "世界": 4, "e\u0301": 1, "ｗ": 2}
	for text, want := range cases {
		if got := Columns(text); got != want {
			t.Errorf("Columns(%q) = %d, want %d", text, got, want)
		}
	}
}

func TestTruncate(t *testing.T) {
	cases := []struct {
		text    string
		columns int
		want    string
	}{
		{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"世界世", 4, "世…"}, {"abc", 0, ""}, {"abc", 1, "…"},
		{"\x1b[32mabcd\x1b[0m", 3, "\x1b[32mab…\x1b[0m"}, {"\x1b[32mabc\x1b[0m", 3, "\x1b[32mabc\x1b[0m"},
	}
	for _, c := range cases {
		if got := Truncate(c.text, c.columns); got != c.want {
			t.Errorf("Truncate(%q, %d) = %q, want %q", c.text, c.columns, got, c.want)
		}
	}
}

func TestPad(t *testing.T) {
	if got := Pad("\x1b[32mok\x1b[0m", 4) + "|" + PadLeft("世", 4) + "|" + Pad("long", 2); got != "\x1b[32mok\x1b[0m  |  世|long" {
		t.Errorf("%q", got)
	}
}
