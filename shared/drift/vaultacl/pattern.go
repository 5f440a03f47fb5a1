package vaultacl

import (
	"cmp"
	"slices"
	"strings"
)

// segment is what one part of a path may be: one word, or anything that begins
// with a word (the empty word: anything).
type segment struct {
	word string
	open bool
}

// and is false where nothing is both.
func (s segment) and(t segment) (segment, bool) {
	switch {
	case !s.open && !t.open:
		return s, s.word == t.word
	case !s.open:
		return s, strings.HasPrefix(s.word, t.word)
	case !t.open:
		return t, strings.HasPrefix(t.word, s.word)
	case strings.HasPrefix(s.word, t.word):
		return s, true
	}
	return t, strings.HasPrefix(t.word, s.word)
}

// pattern is a rule's path: as many segments, and with tail any number more.
type pattern struct {
	path     string // as the policy writes it
	segments []segment
	tail     bool
	order    []int // of its priority, compared from the first on
}

func patternOf(path string) pattern {
	p := pattern{path: path, tail: strings.HasSuffix(path, "*")}
	body := strings.TrimSuffix(path, "*")
	words := strings.Split(body, "/")
	for i, word := range words {
		last := p.tail && i == len(words)-1
		switch {
		case word == "+" && isWild(path):
			p.segments = append(p.segments, segment{open: true})
		default:
			p.segments = append(p.segments, segment{word, last})
		}
	}
	p.order = priority(path, body, p.tail)
	return p
}

// isWild: Vault looks for a + at the beginning of a segment, and takes only
// whole ones for wildcards.
func isWild(path string) bool {
	return path == "+" || strings.HasPrefix(path, "+/") || strings.Contains(path, "/+")
}

// priority: exact paths before all others; then a later first wildcard, no
// trailing *, fewer +, longer.
func priority(path, body string, tail bool) []int {
	exact, glob, wildcards, first := 1, 0, 0, len(body)
	if tail {
		exact, glob = 0, 1
	}
	if isWild(path) {
		exact, first = 0, strings.Index(path, "+")
		for _, word := range strings.Split(body, "/") {
			if word == "+" {
				wildcards++
			}
		}
	}
	return []int{exact, first, -glob, -wildcards, len(body)}
}

// byPriority sorts the deciding pattern first.
func byPriority(a, b pattern) int {
	return cmp.Or(slices.Compare(b.order, a.order), cmp.Compare(b.path, a.path))
}

func (p pattern) exact() bool { return p.order[0] == 1 }

// matches a path by its segments.
func (p pattern) matches(words []string) bool {
	if len(words) < len(p.segments) || !p.tail && len(words) > len(p.segments) {
		return false
	}
	for i, s := range p.segments {
		if s.open && !strings.HasPrefix(words[i], s.word) || !s.open && words[i] != s.word {
			return false
		}
	}
	return true
}

// ofLength is the pattern for paths of n segments, false where there are none.
func (p pattern) ofLength(n int) ([]segment, bool) {
	if n < len(p.segments) || !p.tail && n > len(p.segments) {
		return nil, false
	}
	segments := slices.Clone(p.segments)
	for len(segments) < n {
		segments = append(segments, segment{open: true})
	}
	return segments, true
}

// withSlash is the pattern for paths of n segments which, with a slash added,
// the pattern matches: a list asks for those.
func (p pattern) withSlash(n int) ([]segment, bool) {
	segments, some := p.ofLength(n + 1)
	if !some {
		return nil, false
	}
	last := segments[n]
	return segments[:n], last.word == "" // "" or anything
}
