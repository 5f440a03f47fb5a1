package vaultauth

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// automaton reads a text with all patterns at once.
type automaton struct {
	patterns []pattern
	fresh    rune           // in none of the patterns
	globs    []int          // of the patterns, those with a *
	next     []map[rune]int // the tree of the others: what follows each of its nodes
	ends     [][]int        // patterns that end at a node
}

// gone is the node of a text that begins none of the patterns without a *.
const gone = -1

func newAutomaton(patterns []pattern) *automaton {
	a := &automaton{patterns: patterns, fresh: freshRune(patterns), next: []map[rune]int{{}}, ends: [][]int{nil}}
	for i, p := range patterns {
		if p.starred() {
			a.globs = append(a.globs, i)
		} else {
			a.plant(i, p.text)
		}
	}
	return a
}

func (a *automaton) plant(index int, text string) {
	at := 0
	for _, r := range text {
		if _, has := a.next[at][r]; !has {
			a.next[at][r] = len(a.next)
			a.next, a.ends = append(a.next, map[rune]int{}), append(a.ends, nil)
		}
		at = a.next[at][r]
	}
	a.ends[at] = append(a.ends[at], index)
}

func freshRune(patterns []pattern) rune {
	fresh := 'o'
	for slices.ContainsFunc(patterns, func(p pattern) bool { return strings.ContainsRune(p.text, fresh) }) {
		fresh++
	}
	return fresh
}

// follows are the runes that lead to different states; every other one leads
// where the fresh one leads.
func (a *automaton) follows(s state) []rune {
	runes := []rune{}
	if s.node != gone {
		runes = slices.AppendSeq(runes, maps.Keys(a.next[s.node]))
	}
	for i, index := range a.globs {
		text := a.patterns[index].text
		for _, at := range s.globs[i] {
			if at < len(text) && text[at] != '*' {
				r, _ := utf8.DecodeRuneInString(text[at:])
				runes = append(runes, r)
			}
		}
	}
	slices.Sort(runes)
	return append([]rune{a.fresh}, slices.Compact(runes)...)
}

// state is a node of the tree, and the positions of each glob that can be
// reached.
type state struct {
	node  int
	globs [][]int
}

// key is the state as text, with how many runes are there of those needed.
func (s state) key(runes int) string {
	key := strconv.AppendInt(append(strconv.AppendInt(nil, int64(runes), 10), ':'), int64(s.node), 10)
	for _, positions := range s.globs {
		key = append(key, ';')
		for _, at := range positions {
			key = append(strconv.AppendInt(key, int64(at), 36), ',')
		}
	}
	return string(key)
}

func (a *automaton) start() state {
	s := state{globs: make([][]int, len(a.globs))}
	for i, index := range a.globs {
		s.globs[i] = a.patterns[index].closed([]int{0})
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

func (p pattern) starAt(at int) bool { return at < len(p.text) && p.text[at] == '*' }

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
	next := state{node: gone, globs: make([][]int, len(s.globs))}
	if s.node != gone {
		if node, has := a.next[s.node][r]; has {
			next.node = node
		}
	}
	for i, index := range a.globs {
		next.globs[i] = a.patterns[index].step(s.globs[i], r)
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

// matched says which patterns match what was read.
func (a *automaton) matched(s state) []bool {
	matched := make([]bool, len(a.patterns))
	if s.node != gone {
		for _, index := range a.ends[s.node] {
			matched[index] = true
		}
	}
	for i, index := range a.globs {
		matched[index] = slices.Contains(s.globs[i], len(a.patterns[index].text))
	}
	return matched
}

// walked is a state with a text that leads to it.
type walked struct {
	state state
	text  string
	runes int
}

// shortest walks over all states, breadth first.
func (a *automaton) shortest(least int, yes decision) (string, reach) {
	queue, seen, taken := []walked{{state: a.start()}}, map[string]bool{}, 0
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		if n.runes >= least && yes(a.matched(n.state)) {
			return n.text, found
		}
		for _, r := range a.follows(n.state) {
			taken += 1 + len(a.globs)
			next := walked{a.step(n.state, r), n.text + string(r), n.runes + 1}
			if key := next.state.key(min(next.runes, least)); !seen[key] {
				seen[key] = true
				queue = append(queue, next)
			}
		}
		if taken > steps {
			return "", toomany
		}
	}
	return "", none
}
