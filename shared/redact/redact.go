// Package redact takes known secret values out of a stream of bytes.
//
// It looks for each value as it is and as base64, base64url (at every
// alignment; across line breaks too), hex of both cases, percent-encoded and
// as a JSON string. A value may be cut into any chunks; what is not a value
// goes through unchanged. Values that overlap are all taken out.
//
// The stream waits only where its last bytes are the beginning of a value.
// Flush lets go of up to three such bytes, so that a prompt shows; whoever
// writes a value with a pause behind its first bytes thus shows at most three
// of them.
//
// What it cannot do: a program that means to show a value can write it
// backwards, compress it, or change a letter. Redaction saves people from
// accidents, not from their programs.
package redact

import (
	"bytes"
	"encoding/binary"
	"io"
)

// Mark is written where a value was.
const Mark = "[redacted]"

// The bounds of what is looked for, in bytes.
const (
	Shortest        = 4 // a shorter value would black out half of any text
	shortestEncoded = 6 // of a value whose encodings are looked for
)

// Patterns are the values made ready. They may be shared.
type Patterns struct {
	all     []pattern
	width   int              // bytes of the shortest pattern, at most 8: the window
	buckets map[uint64][]int // window -> patterns
	firsts  [256][]int       // first byte -> patterns
	filter  [1024]uint64     // a bit for each hash of a window
	longest int
}

// pattern is one written form of a value.
type pattern struct {
	text []byte
	// wraps: line breaks may stand between its bytes.
	wraps bool
}

// New makes patterns of the values, by name. The names of those that are too
// short to redact come back, in order.
func New(values map[string][]byte) (*Patterns, []string) {
	all, short := patternsOf(values)
	p := &Patterns{all: all, width: 8, buckets: map[uint64][]int{}}
	for _, one := range all {
		p.width = min(p.width, len(one.text))
		p.longest = max(p.longest, len(one.text))
	}
	for i, one := range all {
		here := p.window(one.text)
		p.buckets[here] = append(p.buckets[here], i)
		p.firsts[one.text[0]] = append(p.firsts[one.text[0]], i)
		p.filter[hash(here)/64] |= 1 << (hash(here) % 64)
	}
	return p, short
}

// hash maps a window to 16 bits.
func hash(window uint64) uint64 { return window * 0x9e3779b97f4a7c15 >> 48 }

// window is the first bytes of text, which has at least p.width.
func (p *Patterns) window(text []byte) uint64 {
	if len(text) >= 8 {
		return binary.BigEndian.Uint64(text) >> (8 * (8 - p.width))
	}
	here := uint64(0)
	for _, b := range text[:p.width] {
		here = here<<8 | uint64(b)
	}
	return here
}

// begins compares text with the pattern: how many bytes of text it takes, and
// whether it is there as a whole. 0 means that text begins otherwise; a text
// that ends too early, while all of it agrees, takes all of it.
func (p pattern) begins(text []byte) (size int, whole bool) {
	if !p.wraps {
		n := min(len(p.text), len(text))
		if !bytes.Equal(p.text[:n], text[:n]) {
			return 0, false
		}
		return n, n == len(p.text)
	}
	at := 0
	for _, b := range p.text {
		for at > 0 && at < len(text) && (text[at] == '\n' || text[at] == '\r') {
			at++
		}
		if at == len(text) {
			return at, false
		}
		if text[at] != b {
			return 0, false
		}
		at++
	}
	return at, true
}

// match is what stands at the start of text: the length of the longest value,
// 0 for none, and whether text ends within a longer one.
func (p *Patterns) match(text []byte) (size int, pending bool) {
	candidates := p.firsts[text[0]]
	if len(candidates) == 0 {
		return 0, false
	}
	if len(text) >= 8 && !breaks(text) {
		here := p.window(text)
		if p.filter[hash(here)/64]&(1<<(hash(here)%64)) == 0 {
			return 0, false
		}
		candidates = p.buckets[here]
	}
	for _, i := range candidates {
		size, pending = p.try(p.all[i], text, size, pending)
	}
	return size, pending
}

func (p *Patterns) try(one pattern, text []byte, size int, pending bool) (int, bool) {
	n, whole := one.begins(text)
	if whole {
		return max(size, n), pending
	}
	return size, pending || n > 0
}

// breaks says that a line break stands in the window of text, so that it is
// not the window of a wrapped pattern.
func breaks(text []byte) bool {
	for _, b := range text[:8] {
		if b == '\n' || b == '\r' {
			return true
		}
	}
	return false
}

// Writer returns a stream that writes on to w what it is given, without the
// values.
func (p *Patterns) Writer(w io.Writer) *Writer { return &Writer{patterns: p, to: w} }
