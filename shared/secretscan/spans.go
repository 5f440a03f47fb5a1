package secretscan

import "unicode/utf8"

// span is a piece of text, from a byte to before a byte.
type span struct{ from, to int }

// spread gives the windows of places (sorted by their ends), as disjoint spans
// in order: each reaches to the left until budget+1 bytes that are not free
// have passed, and to the right one rune, both margin bytes farther.
func (p *bound) spread(text string, places []span, margin int) []span {
	var windows []span
	for _, place := range places {
		floor := 0
		if n := len(windows); n > 0 {
			floor = min(windows[n-1].to, place.from)
		}
		windows = merged(windows, span{p.left(text, place.from, floor, margin), onRune(text, place.to+1+margin)})
	}
	return windows
}

// around gives the windows of places (sorted, disjoint) that are found by
// counting to both sides. Each byte is passed at most twice to a side, however
// dense the places are.
func (p *bound) around(text string, places []span, margin int) []span {
	var windows []span
	ahead, spent := 0, 0 // the right end of the last window, and what was spent on the way
	for i, place := range places {
		if i > 0 && ahead > place.to {
			spent -= p.spend(text[places[i-1].to:place.to])
		} else {
			ahead, spent = place.to, 0
		}
		for ; ahead < len(text) && spent <= p.budget; ahead++ {
			if !p.free[text[ahead]] {
				spent++
			}
		}
		floor := 0
		if n := len(windows); n > 0 {
			floor = min(windows[n-1].to, place.from)
		}
		windows = merged(windows, span{p.left(text, place.from, floor, margin), onRune(text, ahead+margin)})
	}
	return windows
}

// spend counts the bytes that are not free.
func (p *bound) spend(text string) int {
	count := 0
	for i := range len(text) {
		if !p.free[text[i]] {
			count++
		}
	}
	return count
}

// left is where the window before at begins, not before floor.
func (p *bound) left(text string, at, floor, margin int) int {
	for spent := 0; at > floor && spent <= p.budget; {
		at--
		if !p.free[text[at]] {
			spent++
		}
	}
	at = max(floor, at-margin)
	for at > floor && !utf8.RuneStart(text[at]) {
		at--
	}
	return at
}

// onRune is the first place from at on where a rune begins, or the end.
func onRune(text string, at int) int {
	for at < len(text) && !utf8.RuneStart(text[at]) {
		at++
	}
	return min(at, len(text))
}

// merged appends a span to sorted disjoint ones, and makes one of those that
// touch. The span ends no earlier than the others begin.
func merged(spans []span, one span) []span {
	for n := len(spans); n > 0 && spans[n-1].to >= one.from; n = len(spans) {
		one = span{min(one.from, spans[n-1].from), max(one.to, spans[n-1].to)}
		spans = spans[:n-1]
	}
	return append(spans, one)
}
