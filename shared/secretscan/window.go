package secretscan

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plan says how a rule may be run in windows around its keywords.
//
// Let every match contain a keyword (literal.go proves it from the regex), let
// free be the bytes that parts of unbounded length can match, and let budget
// be the most bytes that the other parts can match together. Then no match
// holds more than budget bytes that are not free, whatever its assertions
// (\b, $) say. The window of a keyword reaches to both sides until budget+1
// such bytes have passed, so a match over that keyword lies strictly inside:
// it sees the same neighbours as in the full text. Windows that touch become
// one; so all matches that begin in one window, in the full text and in the
// window alone, are the same, preference between them too, and since each
// match ends in its window, so is the sequence that FindAll gives.
//
// Where the keyword begins a part of the regex, each match has that part at a
// keyword, and the parts behind it there: keywords behind which these do not
// follow need no window (anchor.go).
type plan struct {
	windows bool
	budget  int
	free    [256]bool
	anchor  func() *regexp.Regexp // nil for none
}

// planOf reads a regex; a plan without windows runs on the whole text.
func planOf(pattern string, keywords []string) plan {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil || !provesKeyword(re, keywords) {
		return plan{}
	}
	p := plan{windows: true, anchor: anchorOf(re, keywords)}
	p.budget = p.measure(re)
	return p
}

// measure adds up the bytes of the bounded parts and notes the free ones.
func (p *plan) measure(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		return literalBytes(re)
	case syntax.OpCharClass:
		return classBytes(re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return utf8.UTFMax
	case syntax.OpStar, syntax.OpPlus:
		p.release(re.Sub[0])
		return 0
	case syntax.OpRepeat:
		if re.Max < 0 {
			p.release(re.Sub[0])
			return 0
		}
		return re.Max * p.measure(re.Sub[0])
	}
	total := 0
	for _, sub := range re.Sub {
		one := p.measure(sub)
		if re.Op == syntax.OpAlternate {
			total = max(total, one)
		} else {
			total += one
		}
	}
	return total
}

// release marks all that re can match as free.
func (p *plan) release(re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			p.freeRange(r, r)
			if re.Flags&syntax.FoldCase != 0 {
				for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
					p.freeRange(f, f)
				}
			}
		}
	case syntax.OpCharClass:
		for i := 0; i+1 < len(re.Rune); i += 2 {
			p.freeRange(re.Rune[i], re.Rune[i+1])
		}
	case syntax.OpAnyChar:
		p.freeRange(0, unicode.MaxRune)
	case syntax.OpAnyCharNotNL:
		p.freeRange(0, '\n'-1)
		p.freeRange('\n'+1, unicode.MaxRune)
	}
	for _, sub := range re.Sub {
		p.release(sub)
	}
}

// freeRange: runes beyond ASCII are made of bytes from 0x80 up, as are bytes
// that are no UTF-8 at all.
func (p *plan) freeRange(low, high rune) {
	for r := low; r <= min(high, 0x7f); r++ {
		p.free[r] = true
	}
	if high >= 0x80 {
		for b := 0x80; b < 256; b++ {
			p.free[b] = true
		}
	}
}

func literalBytes(re *syntax.Regexp) int {
	total := 0
	for _, r := range re.Rune {
		longest := utf8.RuneLen(r)
		if re.Flags&syntax.FoldCase != 0 {
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
				if !strings.ContainsRune(unusual, f) {
					longest = max(longest, utf8.RuneLen(f))
				}
			}
		}
		total += longest
	}
	return total
}

// classBytes is the longest rune of a class, unusual ones left out: in texts
// that have them no windows are used.
func classBytes(ranges []rune) int {
	longest := 1
	for i := 0; i+1 < len(ranges); i += 2 {
		if ranges[i] == ranges[i+1] && strings.ContainsRune(unusual, ranges[i]) {
			continue
		}
		longest = max(longest, utf8.RuneLen(ranges[i+1]))
	}
	return longest
}

// span is a piece of text, from a byte to before a byte.
type span struct{ from, to int }

// around gives the windows of the keywords at hits (sorted, disjoint), as
// disjoint spans in order. Each byte is passed at most twice to a side,
// however dense the hits are.
func (p *plan) around(text string, hits []span) []span {
	var windows []span
	ahead, spent := 0, 0 // the right end of the last hit's window, and what was spent on the way
	for i, hit := range hits {
		if i > 0 && ahead > hit.to {
			spent -= p.bound(text[hits[i-1].to:hit.to])
		} else {
			ahead, spent = hit.to, 0
		}
		for ; ahead < len(text) && spent <= p.budget; ahead++ {
			if !p.free[text[ahead]] {
				spent++
			}
		}
		to := ahead
		for to < len(text) && !utf8.RuneStart(text[to]) {
			to++
		}
		n := len(windows)
		if n > 0 && hit.from <= windows[n-1].to {
			windows[n-1].to = max(windows[n-1].to, to)
			continue
		}
		floor := 0
		if n > 0 {
			floor = windows[n-1].to
		}
		if from := p.left(text, hit.from, floor); n > 0 && from <= floor {
			windows[n-1].to = to
		} else {
			windows = append(windows, span{from, to})
		}
	}
	return windows
}

// bound counts the bytes that are not free.
func (p *plan) bound(text string) int {
	count := 0
	for i := range len(text) {
		if !p.free[text[i]] {
			count++
		}
	}
	return count
}

// left is where the window before at begins, not before floor.
func (p *plan) left(text string, at, floor int) int {
	for spent := 0; at > floor && spent <= p.budget; {
		at--
		if !p.free[text[at]] {
			spent++
		}
	}
	for at > floor && !utf8.RuneStart(text[at]) {
		at--
	}
	return at
}
