package secretscan

import (
	"slices"
	"strings"
)

// aim is where one rule has to look in one text.
type aim struct {
	touched bool // one of its keywords occurs, which gitleaks asks for
	how     *plan
	walker  walker
	last    int    // where the last walk began, and one more
	places  []span // of keywords, or of walks that reached their end; sorted by their ends
}

// take finds the keywords, and walks from them where the rule's plan says so.
func (p *Policy) take(look *pass, skip func(*rule) bool) {
	look.aims = make([]aim, len(p.rules))
	usable := make([]int8, len(p.rules)) // 0: not asked yet
	p.words.find(look.text, func(h hit) {
		for _, i := range p.byWord[h.word] {
			if usable[i] == 0 {
				usable[i] = -1
				if !skip(p.rules[i]) || p.requires {
					usable[i] = 1
				}
			}
			if usable[i] > 0 {
				look.aims[i].at(p.rules[i], look.text, h.span)
			}
		}
	})
	look.odd = oddRunes(look.text)
	p.touchOdd(look)
	p.touchFolded(look)
}

// at takes a keyword's place.
func (a *aim) at(r *rule, text string, place span) {
	if !a.touched {
		a.begin(r, text)
	}
	switch a.how.search {
	case nearKeywords:
		a.places = merged(a.places, place)
	case fromKeywords:
		if a.last != place.from+1 {
			a.last = place.from + 1
			a.walk(place.from)
		}
	}
}

func (a *aim) begin(r *rule, text string) {
	a.touched, a.how = true, r.plan()
	a.walker = walker{text: text, runs: make([]span, a.how.endless+1)}
}

func (a *aim) walk(at int) {
	for _, look := range a.how.before {
		if !a.walker.holds(look, at) {
			return
		}
	}
	if end, ok := a.walker.from(a.how.trail, at); ok {
		a.places = append(a.places, span{at, end})
	}
}

// windows are the pieces of the text that hold all matches of the rule.
func (a *aim) windows(r *rule, look *pass, margin int) []span {
	text := look.text
	var windows []span
	switch a.how.search {
	case overall:
		return []span{{0, len(text)}}
	case nearKeywords:
		windows = a.how.around(text, a.places, margin)
	default:
		windows = a.how.spread(text, a.places, margin)
	}
	if len(look.odd) > 0 {
		windows = bothOf(windows, r.oddBound().around(text, look.odd, margin))
	}
	return windows
}

// starts walks from each byte that can begin a match.
func (a *aim) starts(text string) {
	for at := range len(text) {
		if a.how.first[text[at]] {
			a.walk(at)
		}
	}
}

// bothOf merges two lists of windows.
func bothOf(a, b []span) []span {
	var all []span
	for len(a)+len(b) > 0 {
		if len(b) == 0 || (len(a) > 0 && a[0].from <= b[0].from) {
			a, b = b, a
		}
		all, b = merged(all, b[0]), b[1:]
	}
	return all
}

// oddRunes are the places of unusual runes, in order.
func oddRunes(text string) []span {
	var all []span
	for _, r := range unusual {
		rune := string(r)
		for at := 0; ; {
			i := strings.Index(text[at:], rune)
			if i < 0 {
				break
			}
			at += i + len(rune)
			all = append(all, span{at - len(rune), at})
		}
	}
	slices.SortFunc(all, func(a, b span) int { return a.from - b.from })
	return all
}

// touchOdd touches the rules whose keywords occur only when an unusual rune is
// lower-cased, as gitleaks does.
func (p *Policy) touchOdd(look *pass) {
	var near []span
	reach := 3 * p.longestWord
	for _, place := range look.odd {
		near = merged(near, span{max(0, place.from-reach), min(len(look.text), place.to+reach)})
	}
	for _, piece := range near {
		p.words.find(strings.ToLower(look.text[piece.from:piece.to]), func(h hit) {
			for _, i := range p.byWord[h.word] {
				if !look.aims[i].touched {
					look.aims[i].begin(p.rules[i], look.text)
				}
			}
		})
	}
}

// touchFolded touches the rules that have a keyword with other letters than
// ASCII's, for which the whole text is lower-cased.
func (p *Policy) touchFolded(look *pass) {
	if len(p.folded) == 0 {
		return
	}
	low := strings.ToLower(look.text)
	for _, i := range p.folded {
		for _, word := range p.rules[i].Keywords {
			if a := &look.aims[i]; !a.touched && strings.Contains(low, word) {
				a.begin(p.rules[i], look.text)
			}
		}
	}
}
