package livesecrets

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// undo reads one escape at the start of text: the bytes it stands for, and
// how many it takes; 0 where it is none.
type undo func(text []byte) (meaning []byte, size int)

// rewrite is a reading that takes escapes away. A value that has one in it is
// near one, so only the surroundings of escapes are read, in stretches: what
// stands within a short stretch is told more narrowly.
//
// A value that begins before the last escape of a stretch ends in its tail; one
// that begins behind that escape lies in the next stretch as a whole.
func rewrite(mark byte, one undo) func(*matcher, []byte, func([]byte, kind, span)) {
	return func(m *matcher, text []byte, hand func([]byte, kind, span)) {
		around := 2*m.longest + 32 // base64 within has 4 characters for 3 bytes
		tail := 16*m.longest + 32  // ... and an escape at most 12 for one
		end := 0
		for at := nextEscape(text, 0, mark, one); at < len(text); {
			from, first, ahead := max(end, at-around), at, around
			for at < len(text) && at <= max(first, end)+around {
				if at > first+4*tail {
					ahead = tail
					break
				}
				_, size := one(text[at:])
				end = at + size
				at = nextEscape(text, end, mark, one)
			}
			w := walker{text: text[from:min(len(text), end+ahead)], mark: mark, undo: one}
			decoded, within := w.all()
			hand(decoded, within, func(a, b int) (int, int) {
				start := w.place(a)
				return from + start, from + w.end(b)
			})
		}
	}
}

// nextEscape is the place of the first escape from at on, len(text) for none.
func nextEscape(text []byte, at int, mark byte, one undo) int {
	for at < len(text) {
		next := bytes.IndexByte(text[at:], mark)
		if next < 0 {
			break
		}
		at += next
		if _, size := one(text[at:]); size > 0 {
			return at
		}
		at++
	}
	return len(text)
}

// walker goes along a stretch and its decoded text in step.
type walker struct {
	text []byte
	mark byte
	undo undo

	at, decoded int // where it stands
}

// step reads what stands at w.at: the bytes it means and how many it takes.
func (w *walker) step() ([]byte, int) {
	if w.text[w.at] == w.mark {
		if meaning, size := w.undo(w.text[w.at:]); size > 0 {
			return meaning, size
		}
	}
	return w.text[w.at : w.at+1], 1
}

// all is the decoded text, and what may stand within it: base64 does, and
// another kind of escape where this one has hidden its mark.
func (w *walker) all() ([]byte, kind) {
	decoded, within := make([]byte, 0, len(w.text)), isBase64
	for at := 0; at < len(w.text); {
		next := nextEscape(w.text, at, w.mark, w.undo)
		decoded = append(decoded, w.text[at:next]...)
		if next < len(w.text) {
			meaning, size := w.undo(w.text[next:])
			decoded = append(decoded, meaning...)
			within |= w.hidden(meaning)
			next += size
		}
		at = next
	}
	return decoded, within
}

// hidden are the kinds of escape that have a byte of meaning in them.
func (w *walker) hidden(meaning []byte) (all kind) {
	for _, b := range meaning {
		switch {
		case b == '%':
			all |= isPercent
		case b == '&':
			all |= isEntity
		case b == '\'':
			all |= isQuote
		case b == '\\', b == '"' && w.mark != '\\':
			all |= isEscape
		}
	}
	return all
}

// place is where decoded byte n stands. Asked in order it goes on from the
// place before.
func (w *walker) place(n int) int {
	if n < w.decoded {
		w.at, w.decoded = 0, 0
	}
	for w.at < len(w.text) {
		meaning, size := w.step()
		if w.decoded+len(meaning) > n {
			break
		}
		w.at, w.decoded = w.at+size, w.decoded+len(meaning)
	}
	return w.at
}

// end is where the last byte before decoded byte n ends.
func (w *walker) end(n int) int {
	at := w.place(n - 1)
	_, size := w.step()
	return at + size
}

// percent reads %XX (RFC 3986, 2.1).
func percent(text []byte) ([]byte, int) {
	if len(text) < 3 || nibbles[text[1]] >= lineBreak || nibbles[text[2]] >= lineBreak {
		return nil, 0
	}
	return []byte{nibbles[text[1]]<<4 | nibbles[text[2]]}, 3
}

// quotes reads the doubled single quote of YAML and SQL.
func quotes(text []byte) ([]byte, int) {
	if len(text) > 1 && text[1] == '\'' {
		return []byte{'\''}, 2
	}
	return nil, 0
}

// named are the entities of XML.
var named = map[string]byte{"amp": '&', "lt": '<', "gt": '>', "quot": '"', "apos": '\''}

// entity reads the five entities of XML and numbers.
func entity(text []byte) ([]byte, int) {
	end := bytes.IndexByte(text[:min(len(text), 12)], ';')
	if end < 2 {
		return nil, 0
	}
	name := string(text[1:end])
	if meaning, ok := named[name]; ok {
		return []byte{meaning}, end + 1
	}
	number, ok := strings.CutPrefix(name, "#")
	base := 10
	if hex, isHex := strings.CutPrefix(strings.ToLower(number), "x"); isHex {
		number, base = hex, 16
	}
	if value, err := strconv.ParseUint(number, base, 21); ok && err == nil && utf8.ValidRune(rune(value)) {
		return utf8.AppendRune(nil, rune(value)), end + 1
	}
	return nil, 0
}

// short are the one-letter escapes of JSON, YAML, C, Go and the shell's $”.
var short = map[byte]byte{
	'n': '\n', 't': '\t', 'r': '\r', 'b': '\b', 'f': '\f', 'v': '\v', 'a': '\a', '0': 0, 'e': 0x1b,
	'"': '"', '\'': '\'', '\\': '\\', '/': '/', ' ': ' ', '`': '`', '$': '$',
}

func backslash(text []byte) ([]byte, int) {
	if len(text) < 2 {
		return nil, 0
	}
	switch text[1] {
	case 'x':
		if value, ok := hexNumber(text, 2, 2); ok {
			return []byte{byte(value)}, 4
		}
	case 'u':
		return unicodeEscape(text)
	case 'U':
		if value, ok := hexNumber(text, 2, 8); ok && utf8.ValidRune(rune(value)) {
			return utf8.AppendRune(nil, rune(value)), 10
		}
	case '\n':
		return nil, 2 // the line goes on
	}
	if meaning, ok := short[text[1]]; ok {
		return []byte{meaning}, 2
	}
	return nil, 0
}

// unicodeEscape reads \uXXXX, and two of them where they are a pair.
func unicodeEscape(text []byte) ([]byte, int) {
	first, ok := hexNumber(text, 2, 4)
	if !ok {
		return nil, 0
	}
	if utf16.IsSurrogate(rune(first)) && len(text) >= 12 && text[6] == '\\' && text[7] == 'u' {
		if second, ok := hexNumber(text, 8, 4); ok {
			return utf8.AppendRune(nil, utf16.DecodeRune(rune(first), rune(second))), 12
		}
	}
	return utf8.AppendRune(nil, rune(first)), 6
}

func hexNumber(text []byte, from, digits int) (uint32, bool) {
	if len(text) < from+digits {
		return 0, false
	}
	value := uint32(0)
	for _, b := range text[from : from+digits] {
		if nibbles[b] >= lineBreak {
			return 0, false
		}
		value = value<<4 | uint32(nibbles[b])
	}
	return value, true
}
