package vaultauth

import (
	"slices"
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
	if !p.starred() {
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

// starred: there is more than one text that it matches.
func (p pattern) starred() bool { return p.glob && strings.Contains(p.text, "*") }

// steps of the automaton that are taken, times the patterns with a *. Beyond
// them the result is incomplete, never equal.
const steps = 200_000

// search finds a text for which the decision is yes: one of first, an example
// of a pattern, else the shortest there is.
func search(patterns []pattern, first []string, shortest int, yes decision) (string, reach) {
	a := newAutomaton(patterns)
	for _, p := range append(literals(append(slices.Clone(first), "other")), patterns...) {
		for _, text := range p.examples() {
			if utf8.RuneCountInString(text) >= shortest && yes(a.matched(a.read(text))) {
				return text, found
			}
		}
	}
	return a.shortest(shortest, yes)
}
