package secretscan

import (
	"regexp/syntax"
	"slices"
)

// search is how the matches of a rule are looked for.
type search int

const (
	// overall runs the regex on the whole text.
	overall search = iota
	// nearKeywords runs it in windows around keywords: every match contains
	// one, and holds no more than budget bytes that are not free.
	nearKeywords
	// fromKeywords: a part of the regex begins with a keyword in every match.
	// From each keyword the trail of that part and those behind it is walked.
	fromKeywords
	// fromStarts walks the trail of the whole regex, wherever its first byte
	// stands.
	fromStarts
)

// plan says how a rule is searched for without running its regex on all of a
// text. literal.go proves where a match must have a keyword, trail.go what
// must follow it; window.go says why windows then give the same matches.
type plan struct {
	search  search
	bound               // of what comes before the walk; of all for nearKeywords
	before  []syntax.Op // assertions that must hold where the walk begins
	trail   trail
	endless int       // steps of the trail that need a memory
	first   [256]bool // fromStarts: the bytes a match can begin with
}

// mostFirst is how many bytes may begin a match where all places that have
// one of them are tried.
const mostFirst = 40

// planOf reads a regex.
func planOf(pattern string, keywords []string) *plan {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return &plan{}
	}
	words, maker := asciiWords(keywords), trailMaker{}
	all := flatten(re)
	for i := range all {
		if len(words) == 0 || !beginsWithKeyword(all[i:], words) {
			continue
		}
		p := &plan{search: fromKeywords, before: assertionsAt(all[:i]), trail: maker.sequence(all[i:])}
		p.measureAll(all[:i])
		p.endless = maker.endless
		return p
	}
	if p := fromFirst(all); p != nil {
		return p
	}
	if provesKeyword(re, words) {
		p := &plan{search: nearKeywords}
		p.measureAll(all)
		return p
	}
	return &plan{}
}

// fromFirst is a plan for a regex whose matches begin with one of few bytes.
func fromFirst(all []*syntax.Regexp) *plan {
	maker := trailMaker{}
	p := &plan{search: fromStarts, trail: maker.sequence(all), endless: maker.endless}
	through := p.trail.first(&p.first)
	count := 0
	for _, in := range p.first {
		if in {
			count++
		}
	}
	if through || count > mostFirst {
		return nil
	}
	return p
}

// first notes the bytes with which t can begin; through says that it can also
// read none.
func (t trail) first(class *[256]bool) (through bool) {
	for _, s := range t {
		passes := s.class == nil && s.branches == nil
		for _, branch := range s.branches {
			passes = branch.first(class) || passes
		}
		if s.class != nil {
			trail{s}.gather(class)
			passes = s.min == 0
		}
		if !passes {
			return false
		}
	}
	return true
}

// asciiWords are the keywords, none when one of them has other letters.
func asciiWords(keywords []string) []string {
	for _, keyword := range keywords {
		if keyword == "" || slices.ContainsFunc([]byte(keyword), func(b byte) bool { return b >= 0x80 }) {
			return nil
		}
	}
	return keywords
}

// flatten gives the parts that stand one after the other in a regex.
func flatten(re *syntax.Regexp) []*syntax.Regexp {
	if re.Op != syntax.OpConcat && re.Op != syntax.OpCapture {
		return []*syntax.Regexp{re}
	}
	var all []*syntax.Regexp
	for _, sub := range re.Sub {
		all = append(all, flatten(sub)...)
	}
	return all
}

// beginsWithKeyword says that each text of the parts begins with a keyword.
func beginsWithKeyword(parts []*syntax.Regexp, words []string) bool {
	if isAssertion(parts[0].Op) {
		return false // it is looked at before the walk
	}
	starts := prover(words).concat(parts).starts()
	for _, text := range starts {
		if !slices.ContainsFunc(words, func(word string) bool { return len(text) >= len(word) && text[:len(word)] == word }) {
			return false
		}
	}
	return len(starts) > 0
}

// assertionsAt are the assertions at the end of the parts before a walk.
func assertionsAt(before []*syntax.Regexp) []syntax.Op {
	var all []syntax.Op
	for i := len(before); i > 0 && isAssertion(before[i-1].Op); i-- {
		all = append(all, before[i-1].Op)
	}
	return all
}

func isAssertion(op syntax.Op) bool {
	switch op {
	case syntax.OpBeginText, syntax.OpEndText, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return true
	}
	return false
}

// oddBound counts over the whole of a regex, unusual runes among the others.
func oddBound(pattern string) *bound {
	b := &bound{odd: true}
	if re, err := syntax.Parse(pattern, syntax.Perl); err == nil {
		b.budget = b.measure(re)
	}
	return b
}
