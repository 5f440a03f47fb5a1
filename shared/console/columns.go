package console

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// Columns is the number of terminal columns that text takes: colour codes
// take none, combining marks none, wide East Asian characters two.
func Columns(text string) int {
	total := 0
	for len(text) > 0 {
		if skip := escapeLength(text); skip > 0 {
			text = text[skip:]
			continue
		}
		r, size := utf8.DecodeRuneInString(text)
		total += runeColumns(r)
		text = text[size:]
	}
	return total
}

func runeColumns(r rune) int {
	switch {
	case r < 0x7f && r >= 0x20:
		return 1
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Mn, unicode.Me):
		return 0
	}
	if kind := width.LookupRune(r).Kind(); kind == width.EastAsianWide || kind == width.EastAsianFullwidth {
		return 2
	}
	return 1
}

// Truncate cuts text to at most columns, an ellipsis in the last one when
// something was cut. Colour that is open at the cut is closed.
func Truncate(text string, columns int) string {
	if columns <= 0 {
		return ""
	}
	if Columns(text) <= columns {
		return text
	}
	var b strings.Builder
	colored, used := false, 0
	for len(text) > 0 {
		if skip := escapeLength(text); skip > 0 {
			b.WriteString(text[:skip])
			colored, text = true, text[skip:]
			continue
		}
		r, size := utf8.DecodeRuneInString(text)
		if used+runeColumns(r) > columns-1 {
			break
		}
		used += runeColumns(r)
		b.WriteString(text[:size])
		text = text[size:]
	}
	b.WriteString("…")
	if colored {
		b.WriteString("\x1b[0m")
	}
	return b.String()
}

// Pad fills text with spaces up to columns; a longer text stays as it is.
func Pad(text string, columns int) string {
	if missing := columns - Columns(text); missing > 0 {
		return text + strings.Repeat(" ", missing)
	}
	return text
}

// PadLeft is Pad with the spaces before the text, for numbers.
func PadLeft(text string, columns int) string {
	if missing := columns - Columns(text); missing > 0 {
		return strings.Repeat(" ", missing) + text
	}
	return text
}
