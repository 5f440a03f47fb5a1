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
// and, when they are few, all texts that it matches, in lower case, or at
// least the texts with which its matches begin.
type texts struct {
	proven bool
	all    []string // nil: unknown
	heads  []string // nil: unknown, or all is known
}

// starts are the texts of which one begins each match; nil: unknown.
func (t texts) starts() []string {
	if t.all != nil {
		return t.all
	}
	return t.heads
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
	return t.proven || p.inAll(t.starts())
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
		return texts{proven: p.holds(re.Sub[0]), heads: p.look(re.Sub[0]).starts()}
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
	current, whole := []string{""}, true
	var t texts
	for _, sub := range subs {
		one := p.look(sub)
		t.proven = t.proven || one.proven || p.inAll(current)
		if product := cross(current, one.all); product != nil {
			current = product
			continue
		}
		begun := cross(current, one.heads)
		if whole {
			if t.heads = begun; begun == nil {
				t.heads = current
			}
		}
		t.proven, whole = t.proven || p.inAll(begun), false
		if current = one.all; current == nil {
			current = []string{""}
		}
	}
	t.proven = t.proven || p.inAll(current)
	if whole {
		t.all = current
	}
	return t
}

func (p prover) alternate(subs []*syntax.Regexp) texts {
	t, all := texts{proven: true, all: []string{}, heads: []string{}}, true
	for _, sub := range subs {
		one := p.look(sub)
		t.proven = t.proven && (one.proven || p.inAll(one.starts()))
		t.all = union(t.all, one.all)
		t.heads = union(t.heads, one.starts())
		all = all && t.all != nil
	}
	if all {
		t.heads = nil
	}
	return t
}

// union is both lists; nil when one is unknown or the result too large.
func union(a, b []string) []string {
	if a == nil || b == nil || len(a)+len(b) > mostTexts {
		return nil
	}
	return append(a[:len(a):len(a)], b...)
}

func (p prover) repeat(re *syntax.Regexp) texts {
	if re.Min == 0 {
		return texts{}
	}
	t := p.look(re.Sub[0])
	if t.proven || p.inAll(t.starts()) {
		return texts{proven: true, heads: t.starts()}
	}
	if re.Max != re.Min || t.all == nil {
		return texts{heads: t.starts()}
	}
	all := []string{""}
	for i := 0; i < re.Min && all != nil; i++ {
		all = cross(all, t.all)
	}
	if all == nil {
		return texts{heads: t.all}
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
