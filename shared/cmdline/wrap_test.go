package cmdline

import (
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

func TestWrap(t *testing.T) {
	cases := []struct {
		text string
		want []string
	}{
		{"", []string{""}},
		{"one two three", []string{"one two", "three"}},
		{"averyveryverylongword x", []string{"averyveryverylongword", "x"}},
		{"世界 世界 世", []string{"世界", "世界 世"}},
	}
	for _, c := range cases {
		if got := wrap(c.text, 8); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

func TestHelpKeepsToEightyColumns(t *testing.T) {
	app := deployApp()
	app.Flags = append(app.Flags, &cli.StringFlag{Name: "a-flag-with-a-name", Usage: strings.Repeat("many words ", 30)})
	_, out, _ := run(app, "--help")
	for _, line := range strings.Split(out, "\n") {
		if len(line) > helpColumns {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
	if strings.Count(out, "many") != 30 {
		t.Errorf("words were lost:\n%s", out)
	}
}
