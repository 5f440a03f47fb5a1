package secretscan

import (
	"regexp/syntax"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Why windows give the same matches as the whole text.
//
// Every match has a place at which the search looks: a keyword that it
// contains, a keyword at which a part of it begins, or its own first byte.
// From each such place a window reaches so far to both sides that it holds all
// of every match over that place, and one rune more:
//   - by a trail: to the right as far as the walk ends, to the left as far as
//     the parts before it can reach. A place where the walk does not reach its
//     end has no match, and needs no window.
//   - by counting: let free be the bytes that parts of unbounded length can
//     match, and budget the most bytes that the other parts can match together.
//     Then no match holds more than budget bytes that are not free.
//
// Windows that touch become one. So all matches of the whole text lie strictly
// inside windows, where they see the same neighbours. A window alone could
// have another match only where an assertion (\b, $) sees the window's edge
// for the text's, that is a match that begins or ends at the edge. Where the
// regex gives such a one, wider windows are made, at last the whole text
// (matches.go). Without one, all places in a window have the same matches
// there as in the whole text, preference between them too; and since each
// match ends in its window, so is the sequence that FindAll gives.

// bound is how far a part of a regex can reach.
type bound struct {
	budget int
	free   [256]bool
	odd    bool // unusual runes count too; else they are looked for apart
}

func (p *bound) measureAll(parts []*syntax.Regexp) {
	for _, part := range parts {
		p.budget += p.measure(part)
	}
}

// measure adds up the bytes of the bounded parts and notes the free ones.
func (p *bound) measure(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		return p.literalBytes(re)
	case syntax.OpCharClass:
		return p.classBytes(re.Rune)
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
func (p *bound) release(re *syntax.Regexp) {
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
func (p *bound) freeRange(low, high rune) {
	for r := low; r <= min(high, 0x7f); r++ {
		p.free[r] = true
	}
	if high >= 0x80 {
		for b := 0x80; b < 256; b++ {
			p.free[b] = true
		}
	}
}

func (p *bound) literalBytes(re *syntax.Regexp) int {
	total := 0
	for _, r := range re.Rune {
		longest := utf8.RuneLen(r)
		if re.Flags&syntax.FoldCase != 0 {
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
				if p.odd || !strings.ContainsRune(unusual, f) {
					longest = max(longest, utf8.RuneLen(f))
				}
			}
		}
		total += longest
	}
	return total
}

// classBytes is the longest rune of a class, unusual ones that stand alone in
// it left out.
func (p *bound) classBytes(ranges []rune) int {
	longest := 1
	for i := 0; i+1 < len(ranges); i += 2 {
		if p.odd || ranges[i] != ranges[i+1] || !strings.ContainsRune(unusual, ranges[i]) {
			longest = max(longest, utf8.RuneLen(ranges[i+1]))
		}
	}
	return longest
}
