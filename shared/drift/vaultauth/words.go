package vaultauth

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// reach says how a search ended.
type reach int

const (
	none    reach = iota // there is surely nothing
	found                // there is something
	toomany              // more cases than are looked at
)

// typed begins the text of a claim that is no string; a * does not match it.
const typed = "\x00"

// pattern is a text; in a glob each * is any text.
type pattern struct {
	text string
	glob bool
}

func globs(list []string) []pattern {
	var patterns []pattern
	for _, text := range list {
		patterns = append(patterns, pattern{text, true})
	}
	return patterns
}

func literals(list []string) []pattern {
	var patterns []pattern
	for _, text := range list {
		patterns = append(patterns, pattern{text, false})
	}
	return patterns
}

// examples are texts that the pattern matches, likely ones first.
func (p pattern) examples() []string {
	if !p.glob || !strings.Contains(p.text, "*") {
		return []string{p.text}
	}
	return []string{
		strings.ReplaceAll(p.text, "*", "other"), strings.ReplaceAll(p.text, "*", ""),
		strings.ReplaceAll(p.text, "*", "x"), strings.ReplaceAll(p.text, "*", "-x"),
	}
}

// decision says of a text, by which of the patterns match it, whether it is
// looked for.
type decision func(matched []bool) bool

// states of the automaton of all patterns that are looked at. Beyond it the
// result is incomplete, never equal.
const states = 20_000

// search finds a text for which the decision is yes: one of first, an example
// of a pattern, else the shortest there is.
func search(patterns []pattern, first []string, shortest int, yes decision) (string, reach) {
	a := &automaton{patterns: patterns, runes: alphabet(patterns)}
	for _, p := range append(literals(append(slices.Clone(first), "other")), patterns...) {
		for _, text := range p.examples() {
			if utf8.RuneCountInString(text) >= shortest && yes(a.matched(a.read(text))) {
				return text, found
			}
		}
	}
	return a.shortest(shortest, yes)
}

// automaton reads a text with all patterns at once. A state has the positions
// of each pattern that can be reached.
type automaton struct {
	patterns []pattern
	runes    []rune
}

// alphabet is every rune of a pattern, and one that is in none.
func alphabet(patterns []pattern) []rune {
	var runes []rune
	for _, p := range patterns {
		runes = append(runes, []rune(strings.ReplaceAll(p.text, "*", ""))...)
	}
	slices.Sort(runes)
	runes = slices.Compact(runes)
	for fresh := 'o'; ; fresh++ {
		if !slices.Contains(runes, fresh) && fresh != '*' {
			return append([]rune{fresh}, runes...)
		}
	}
}

type state [][]int

// key is the state as text, with how many runes are still missing.
func (s state) key(runes int) string {
	key := strconv.AppendInt(nil, int64(runes), 10)
	for _, positions := range s {
		key = append(key, ';')
		for _, at := range positions {
			key = append(strconv.AppendInt(key, int64(at), 36), ',')
		}
	}
	return string(key)
}

func (a *automaton) start() state {
	s := make(state, len(a.patterns))
	for i, p := range a.patterns {
		s[i] = p.closed([]int{0})
	}
	return s
}

// closed adds what a * lets pass over.
func (p pattern) closed(positions []int) []int {
	for i := 0; i < len(positions); i++ {
		if at := positions[i]; p.starAt(at) && !slices.Contains(positions, at+1) {
			positions = append(positions, at+1)
		}
	}
	slices.Sort(positions)
	return slices.Compact(positions)
}

func (p pattern) starAt(at int) bool { return p.glob && at < len(p.text) && p.text[at] == '*' }

func (p pattern) step(positions []int, r rune) []int {
	var next []int
	for _, at := range positions {
		switch {
		case p.starAt(at):
			if r != 0 {
				next = append(next, at)
			}
		case at < len(p.text):
			if have, size := utf8.DecodeRuneInString(p.text[at:]); have == r {
				next = append(next, at+size)
			}
		}
	}
	return p.closed(next)
}

func (a *automaton) step(s state, r rune) state {
	next := make(state, len(s))
	for i, p := range a.patterns {
		next[i] = p.step(s[i], r)
	}
	return next
}

func (a *automaton) read(text string) state {
	s := a.start()
	for _, r := range text {
		s = a.step(s, r)
	}
	return s
}

func (a *automaton) matched(s state) []bool {
	matched := make([]bool, len(s))
	for i, p := range a.patterns {
		matched[i] = slices.Contains(s[i], len(p.text))
	}
	return matched
}

// shortest walks over all states, breadth first.
func (a *automaton) shortest(least int, yes decision) (string, reach) {
	type node struct {
		state state
		text  string
		runes int
	}
	queue, seen := []node{{a.start(), "", 0}}, map[string]bool{}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		if n.runes >= least && yes(a.matched(n.state)) {
			return n.text, found
		}
		for _, r := range a.runes {
			next := node{a.step(n.state, r), n.text + string(r), n.runes + 1}
			key := next.state.key(min(next.runes, least))
			if !seen[key] {
				seen[key] = true
				queue = append(queue, next)
			}
		}
		if len(seen) > states {
			return "", toomany
		}
	}
	return "", none
}
