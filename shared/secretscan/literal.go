package secretscan

import (
	"regexp/syntax"
	"strings"
	"unicode"
)

// mostTexts bounds the sets of possible texts that the proof keeps.
const mostTexts = 512

// unusual are the runes outside ASCII that lower-case or fold to ASCII
// letters: long s, the Kelvin sign, dotted capital I. Where one occurs in a
// text, windows are not used, so the proof may forget them.
const unusual = "\u017f\u212a\u0130"

// texts is what can be said of a regex: that each match contains a keyword,
// and, when they are few, all texts that it matches, in lower case.
type texts struct {
	proven bool
	all    []string // nil: unknown
}

// provesKeyword says whether every match of re, lower-cased, contains one of
// the keywords. false may also mean that the proof was too long.
func provesKeyword(re *syntax.Regexp, keywords []string) bool {
	if len(keywords) == 0 {
		return false
	}
	for _, keyword := range keywords {
		for _, r := range keyword {
			if r >= 0x80 {
				return false
			}
		}
	}
	return prover(keywords).holds(re)
}

type prover []string

func (p prover) holds(re *syntax.Regexp) bool {
	t := p.look(re)
	return t.proven || p.inAll(t.all)
}

func (p prover) inAll(all []string) bool {
	for _, text := range all {
		if !p.in(text) {
			return false
		}
	}
	return len(all) > 0
}

func (p prover) in(text string) bool {
	for _, keyword := range p {
		if strings.Contains(text, keyword) {
			return true
		}
	}
	return false
}

func (p prover) look(re *syntax.Regexp) texts {
	switch re.Op {
	case syntax.OpLiteral:
		return texts{all: []string{strings.ToLower(string(re.Rune))}}
	case syntax.OpCharClass:
		return texts{all: classTexts(re.Rune)}
	case syntax.OpCapture:
		return p.look(re.Sub[0])
	case syntax.OpConcat:
		return p.concat(re.Sub)
	case syntax.OpAlternate:
		return p.alternate(re.Sub)
	case syntax.OpQuest:
		if t := p.look(re.Sub[0]); t.all != nil {
			return texts{all: append([]string{""}, t.all...)}
		}
	case syntax.OpPlus:
		return texts{proven: p.holds(re.Sub[0])}
	case syntax.OpRepeat:
		return p.repeat(re)
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return texts{all: []string{""}}
	}
	return texts{}
}

// classTexts lists a small class in lower case; nil when it is not small.
func classTexts(ranges []rune) []string {
	seen := map[rune]bool{}
	for i := 0; i+1 < len(ranges); i += 2 {
		if ranges[i+1]-ranges[i] > 64 {
			return nil
		}
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if !strings.ContainsRune(unusual, r) {
				seen[unicode.ToLower(r)] = true
			}
		}
	}
	if len(seen) > 16 {
		return nil
	}
	var all []string
	for r := range seen {
		all = append(all, string(r))
	}
	return all
}

func (p prover) concat(subs []*syntax.Regexp) texts {
	current, whole, proven := []string{""}, true, false
	for _, sub := range subs {
		t := p.look(sub)
		proven = proven || t.proven || p.inAll(current)
		if product := cross(current, t.all); product != nil {
			current = product
			continue
		}
		whole = false
		if current = t.all; current == nil {
			current = []string{""}
		}
	}
	proven = proven || p.inAll(current)
	if !whole {
		return texts{proven: proven}
	}
	return texts{proven: proven, all: current}
}

func (p prover) alternate(subs []*syntax.Regexp) texts {
	proven, union := true, []string{}
	for _, sub := range subs {
		t := p.look(sub)
		proven = proven && (t.proven || p.inAll(t.all))
		if union != nil && t.all != nil && len(union)+len(t.all) <= mostTexts {
			union = append(union, t.all...)
		} else {
			union = nil
		}
	}
	return texts{proven: proven, all: union}
}

func (p prover) repeat(re *syntax.Regexp) texts {
	if re.Min == 0 {
		return texts{}
	}
	t := p.look(re.Sub[0])
	if t.proven || p.inAll(t.all) {
		return texts{proven: true}
	}
	if re.Max != re.Min || t.all == nil {
		return texts{}
	}
	all := []string{""}
	for i := 0; i < re.Min && all != nil; i++ {
		all = cross(all, t.all)
	}
	return texts{all: all}
}

// cross is each of a followed by each of b; nil when b is unknown or the
// result too large.
func cross(a, b []string) []string {
	if b == nil || len(a)*len(b) > mostTexts {
		return nil
	}
	var all []string
	for _, x := range a {
		for _, y := range b {
			all = append(all, x+y)
		}
	}
	return all
}
