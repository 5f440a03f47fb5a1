package console

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes a string from outside safe to write on one line of a terminal.
// Escape sequences, control characters and invisible format characters (bidi
// overrides, zero-width marks) are taken out, line breaks and tabs become one
// space, and bytes that are not UTF-8 become U+FFFD.
//
// The payload of an operating system command (a window title, a clipboard
// write) stays as plain text: it is harmless without its introducer, and an
// attacker must not be able to hide a line of evidence in it.
func Clean(text string) string {
	lines := strings.FieldsFunc(CleanLines(strings.ReplaceAll(text, "\t", " ")), func(r rune) bool { return r == '\n' })
	return strings.TrimSpace(strings.Join(lines, " "))
}

// CleanLines is Clean for a text of more than one line: line breaks and tabs
// stay, a carriage return (which would overwrite the line) becomes a break.
func CleanLines(text string) string {
	if isPlain(text) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	for len(text) > 0 {
		if skip := escapeLength(text); skip > 0 {
			text = text[skip:]
			continue
		}
		r, size := utf8.DecodeRuneInString(text)
		if r == '\r' && strings.HasPrefix(text, "\r\n") {
			size = 2
		}
		if kept, ok := visible(r); ok {
			b.WriteRune(kept)
		}
		text = text[size:]
	}
	return b.String()
}

// isPlain is the short way for what nearly every string is: printable ASCII.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; (c < 0x20 && c != '\n' && c != '\t') || c >= 0x7f {
			return false
		}
	}
	return true
}

// visible maps a rune to what is written for it, false for nothing.
func visible(r rune) (rune, bool) {
	switch {
	case r == '\n' || r == '\t':
		return r, true
	case r == '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029' || r == '\v' || r == '\f':
		return '\n', true
	case unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r):
		return 0, false
	}
	return r, true
}

// escapeLength is the number of bytes of the escape sequence at the start of
// text, 0 when there is none. Control sequences (ECMA-48 5.4: parameters
// 30-3F, intermediates 20-2F, final 40-7E) go as a whole; of a string (OSC,
// DCS, APC, PM, SOS) only the introducer goes, see Clean.
func escapeLength(text string) int {
	switch {
	case strings.HasPrefix(text, "\x1b["):
		return 2 + controlLength(text[2:])
	case strings.HasPrefix(text, "\u009b"):
		return 2 + controlLength(text[2:])
	case text[0] != 0x1b:
		return 0
	}
	n := 1
	for n < len(text) && text[n] >= 0x20 && text[n] <= 0x2f {
		n++
	}
	if n < len(text) && text[n] >= 0x30 && text[n] <= 0x7e {
		n++
	}
	return n
}

// controlLength is the length of parameters, intermediates and final byte. A
// sequence that breaks off ends where it breaks.
func controlLength(rest string) int {
	n := 0
	for n < len(rest) && rest[n] >= 0x20 && rest[n] <= 0x3f {
		n++
	}
	if n < len(rest) && rest[n] >= 0x40 && rest[n] <= 0x7e {
		n++
	}
	return n
}
