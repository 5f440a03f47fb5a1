package secretscan

import (
	"regexp/syntax"
	"strings"
	"unicode"
)

// A trail is what can be said of a regex, from some part on, with tables of
// bytes: a sequence of steps such that every text that the parts match is a
// walk over them. It says too much rather than too little: it may walk where
// the regex does not match, never the other way round. Runes of unusual are
// left out, as in literal.go.
type trail []step

// step is one of: bytes of a class, between min and max of them; one of some
// trails; an assertion that reads no byte.
type step struct {
	class    *[256]bool
	min, max int // max from endless up: without bound
	branches []trail
	look     syntax.Op
	id       int // place among the steps without a bound; walks keep a memory for them
}

// The size of a trail is bounded: what is larger is said with less detail.
const (
	mostBranches = 48
	mostUnrolled = 6
)

// endless stands for a part without a bound.
const endless = 1 << 40

// trailMaker numbers the steps that need a memory.
type trailMaker struct{ endless int }

func (m *trailMaker) sequence(subs []*syntax.Regexp) trail {
	var t trail
	for _, sub := range subs {
		t = append(t, m.of(sub)...)
	}
	return t
}

func (m *trailMaker) of(re *syntax.Regexp) trail {
	switch re.Op {
	case syntax.OpLiteral:
		return literalTrail(re)
	case syntax.OpCharClass:
		return trail{runes(re.Rune)}
	case syntax.OpAnyChar:
		return trail{runes([]rune{0, unicode.MaxRune})}
	case syntax.OpAnyCharNotNL:
		return trail{runes([]rune{0, '\n' - 1, '\n' + 1, unicode.MaxRune})}
	case syntax.OpCapture, syntax.OpConcat:
		return m.sequence(re.Sub)
	case syntax.OpAlternate:
		return m.choice(re.Sub)
	case syntax.OpStar:
		return m.repeat(re.Sub[0], 0, endless)
	case syntax.OpPlus:
		return m.repeat(re.Sub[0], 1, endless)
	case syntax.OpQuest:
		return m.repeat(re.Sub[0], 0, 1)
	case syntax.OpRepeat:
		if re.Max < 0 {
			return m.repeat(re.Sub[0], re.Min, endless)
		}
		return m.repeat(re.Sub[0], re.Min, re.Max)
	case syntax.OpNoMatch:
		return trail{{class: &[256]bool{}, min: 1, max: 1}}
	case syntax.OpEmptyMatch:
		return nil
	}
	return trail{{look: re.Op}}
}

func literalTrail(re *syntax.Regexp) trail {
	var t trail
	for _, r := range re.Rune {
		variants := []rune{r, r}
		if re.Flags&syntax.FoldCase != 0 {
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
				variants = append(variants, f, f)
			}
		}
		t = append(t, runes(variants))
	}
	return t
}

// runes is one rune of some ranges, in bytes. Beyond ASCII a rune is one to
// four bytes from 0x80 up: one for what is no UTF-8.
func runes(ranges []rune) step {
	s := step{class: &[256]bool{}, min: 1, max: 1}
	for i := 0; i+1 < len(ranges); i += 2 {
		low, high := ranges[i], ranges[i+1]
		for r := low; r <= min(high, 0x7f); r++ {
			s.class[r] = true
		}
		if high >= 0x80 && (low != high || !strings.ContainsRune(unusual, low)) {
			for b := 0x80; b < 256; b++ {
				s.class[b] = true
			}
			s.max = 4
		}
	}
	return s
}

// choice is one of subs: one class where all are single bytes.
func (m *trailMaker) choice(subs []*syntax.Regexp) trail {
	s, single := step{}, true
	for _, sub := range subs {
		branch := m.of(sub)
		s.branches = append(s.branches, branch)
		single = single && len(branch) == 1 && branch[0].class != nil && branch[0].min == 1 && branch[0].max == 1
	}
	if t := (trail{s}); single || t.size() > mostBranches {
		return trail{m.numbered(t.flat())}
	}
	return trail{s}
}

// repeat is sub, from least to most times.
func (m *trailMaker) repeat(sub *syntax.Regexp, least, most int) trail {
	t := m.of(sub)
	simple := len(t) == 1 && t[0].class != nil
	_, longest := t.span()
	switch {
	case len(t) == 0 || most == 0:
		return nil
	case !simple && least == 0 && most == 1 && t.size() < mostBranches:
		return trail{{branches: []trail{t, nil}}}
	case !simple && least == most && longest < endless && most*t.size() <= mostUnrolled*mostBranches:
		var all trail
		for range least {
			all = append(all, t...)
		}
		return all
	}
	one := t.flat()
	one.min, one.max = times(one.min, least), times(one.max, most)
	return trail{m.numbered(one)}
}

// times multiplies, and stays at endless.
func times(a, b int) int {
	if a != 0 && b > endless/a {
		return endless
	}
	return min(a*b, endless)
}

// numbered gives a step without a bound its memory.
func (m *trailMaker) numbered(s step) step {
	if s.class != nil && s.max >= endless {
		m.endless++
		s.max, s.id = endless, m.endless
	}
	return s
}

// flat is one step that reads what t may read.
func (t trail) flat() step {
	one := step{class: &[256]bool{}}
	one.min, one.max = t.span()
	t.gather(one.class)
	return one
}

// gather notes all bytes that t may read.
func (t trail) gather(class *[256]bool) {
	for _, s := range t {
		for _, branch := range s.branches {
			branch.gather(class)
		}
		if s.class != nil {
			for b, in := range s.class {
				class[b] = class[b] || in
			}
		}
	}
}

// span is the fewest and the most bytes that t reads.
func (t trail) span() (least, most int) {
	for _, s := range t {
		low, high := s.min, s.max
		for i, branch := range s.branches {
			from, to := branch.span()
			if i == 0 {
				low = from
			}
			low, high = min(low, from), max(high, to)
		}
		least, most = least+low, min(endless, most+high)
	}
	return least, most
}

// size is how many steps t has, those of its branches too.
func (t trail) size() int {
	size := len(t)
	for _, s := range t {
		for _, branch := range s.branches {
			size += branch.size()
		}
	}
	return size
}
