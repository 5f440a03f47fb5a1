package console

import (
	"slices"
	"strings"
	"testing"
)

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text    string
		columns int
		want    []string
	}{
		{"", 10, []string{""}},
		{"  one  two three ", 8, []string{"one two", "three"}},
		{"spec.containers[name].image is it", 12, []string{"spec.", "containers[n", "ame].image", "is it"}},
		{"日本語日本語", 5, []string{"日本", "語日", "本語"}},
		{"日本", 1, []string{"日", "本"}},
		{"abc", 0, []string{"a", "b", "c"}},
	} {
		if got := Wrap(c.text, c.columns); !slices.Equal(got, c.want) {
			t.Errorf("%q at %d: %q", c.text, c.columns, got)
		}
	}
}

// Whatever the text: nothing is lost, and no line is too wide unless a single
// character is.
func FuzzWrap(f *testing.F) {
	f.Add("a b.c.d/e", 3)
	f.Add("日本 語", 1)
	f.Fuzz(func(t *testing.T, text string, columns int) {
		text, columns = Clean(text), columns%100
		lines := Wrap(text, columns)
		if strings.Join(strings.Fields(text), "") != strings.ReplaceAll(strings.Join(lines, ""), " ", "") && !strings.ContainsFunc(text, func(r rune) bool { return r > 127 }) {
			t.Fatalf("%q became %q", text, lines)
		}
		for _, line := range lines {
			if Columns(line) > max(columns, 2) {
				t.Fatalf("%q is wider than %d", line, columns)
			}
		}
	})
}
