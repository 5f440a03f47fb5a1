package signals

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

const (
	prefix = "[clawql-mcp-http] POST /mcp error:"
	stamp  = "2026-11-23T01:02:03.123456789Z"
)

func collect(t *testing.T, log io.Reader) []ErrorLine {
	t.Helper()
	var lines []ErrorLine
	if err := Errors(log, prefix, func(l ErrorLine) { lines = append(lines, l) }); err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestErrorLines(t *testing.T) {
	at, _ := time.Parse(time.RFC3339Nano, stamp)
	for name, c := range map[string]struct {
		log  string
		want []ErrorLine
	}{
		"none":                     {stamp + " listening\n", nil},
		"one":                      {stamp + " " + prefix + " boom\n", []ErrorLine{{at, prefix + " boom"}}},
		"at the end, not ended":    {stamp + " " + prefix, []ErrorLine{{at, prefix}}},
		"in the middle of a line":  {stamp + " user said " + prefix + "\n", nil},
		"Windows line ends":        {stamp + " " + prefix + "\r\n" + stamp + " x\r\n", []ErrorLine{{at, prefix}}},
		"stamp that does not read": {"yesterday " + prefix + "\n", []ErrorLine{{time.Time{}, prefix}}},
		"no stamp at all":          {prefix + "\n", nil},
		"empty lines":              {"\n\n \n" + stamp + "\n" + stamp + " \n", nil},
		"zone of its own":          {"2026-11-23T02:02:03.123456789+01:00 " + prefix + "\n", []ErrorLine{{at, prefix}}},
	} {
		t.Run(name, func(t *testing.T) {
			got := collect(t, iotest.OneByteReader(strings.NewReader(c.log)))
			if len(got) != len(c.want) {
				t.Fatalf("%v, want %v", got, c.want)
			}
			for i := range got {
				if !got[i].At.Equal(c.want[i].At) || got[i].Text != c.want[i].Text {
					t.Errorf("%v, want %v", got[i], c.want[i])
				}
			}
		})
	}
}

// A line of gigabytes costs one mebibyte, and the lines behind it count.
func TestGiantLineIsSkippedAndBounded(t *testing.T) {
	giant := io.LimitReader(endless('x'), 64<<20)
	log := io.MultiReader(strings.NewReader(stamp+" "+prefix+" "), giant, strings.NewReader("\n"+stamp+" "+prefix+" second\n"))
	got := collect(t, log)
	if len(got) != 2 || len(got[0].Text) != maxText || got[1].Text != prefix+" second" {
		t.Errorf("%d lines, the first of %d bytes", len(got), len(got[0].Text))
	}
}

type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func TestACutConnectionIsAnError(t *testing.T) {
	cut := errors.New("connection reset")
	found := 0
	err := Errors(io.MultiReader(strings.NewReader(stamp+" "+prefix+"\n"+stamp+" "+prefix+" half"), iotest.ErrReader(cut)), prefix, func(ErrorLine) { found++ })
	if !errors.Is(err, cut) || found != 2 {
		t.Errorf("%v after %d lines", err, found)
	}
}

func FuzzErrors(f *testing.F) {
	f.Add(stamp + " " + prefix + " boom\n")
	f.Add("\x00\n \n" + prefix)
	f.Fuzz(func(t *testing.T, log string) {
		want := 0
		for _, line := range strings.Split(log, "\n") {
			if _, text, _ := strings.Cut(line, " "); strings.HasPrefix(text, prefix) {
				want++
			}
		}
		found := 0
		err := Errors(iotest.HalfReader(strings.NewReader(log)), prefix, func(l ErrorLine) {
			if found++; len(l.Text) > maxText {
				panic(fmt.Sprint("text of ", len(l.Text), " bytes"))
			}
		})
		if err != nil || found != want {
			t.Errorf("%d lines, %v; want %d", found, err, want)
		}
	})
}
