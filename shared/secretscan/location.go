package secretscan

import (
	"sort"
	"strings"
)

// place is where a match lies, as gitleaks counts it: lines from 0; columns
// from 1, on every line but the first with the line break counted in; the
// line's text begins with that break.
type place struct {
	startLine, endLine, startColumn, endColumn int
	lineFrom, lineTo                           int
}

// lineBreaks are the positions of all line breaks.
func lineBreaks(text string) []int {
	breaks := make([]int, 0, strings.Count(text, "\n"))
	for at := 0; ; {
		i := strings.IndexByte(text[at:], '\n')
		if i < 0 {
			return breaks
		}
		breaks = append(breaks, at+i)
		at += i + 1
	}
}

// locate gives the answer of gitleaks' location(), oddities included, by two
// binary searches instead of a walk over all lines.
func locate(breaks []int, text string, m span) place {
	if len(breaks) == 0 {
		breaks = []int{len(text)}
	}
	before := func(i int) int {
		if i == 0 {
			return 0
		}
		return breaks[i-1]
	}
	var p place
	if i := sort.SearchInts(breaks, m.from+1); i < len(breaks) {
		p = place{startLine: i, endLine: i, startColumn: m.from - before(i) + 1, lineFrom: before(i), lineTo: breaks[i]}
		if j := sort.SearchInts(breaks, m.to); j < len(breaks) && before(j) < m.to {
			p.endLine, p.endColumn, p.lineTo = j, m.to-before(j), breaks[j]
		}
		return p
	}
	last := breaks[len(breaks)-1]
	p = place{startLine: len(breaks), endLine: len(breaks), startColumn: m.from - last + 1, endColumn: m.to - last}
	p.lineTo = len(text)
	if i := strings.IndexAny(text[m.to:], "\n\r"); i >= 0 {
		p.lineTo = m.to + i
	}
	return p
}
