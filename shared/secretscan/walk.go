package secretscan

import (
	"regexp/syntax"
	"slices"
)

// wide is the length of a span of places from which on only its hull is
// followed: less exact, and as sound.
const wide = 256

// walker follows trails through one text. Places are held as spans, sorted
// and apart, both ends included. It keeps memory between walks, so that many
// walks into one long run of bytes stay cheap.
type walker struct {
	text string
	runs []span // of the steps without a bound: the last run of their class
	free [][]span
}

// from says whether a trail leads from a place in the text to its end, and
// where it ends at the latest.
func (w *walker) from(t trail, at int) (end int, ok bool) {
	for len(t) > 0 && t[0].single() {
		if at >= len(w.text) || !t[0].class[w.text[at]] {
			return 0, false
		}
		at++
		t = t[1:]
	}
	places := w.follow(t, append(w.take(), span{at, at}))
	if n := len(places); n > 0 {
		end, ok = places[n-1].to, true
	}
	w.free = append(w.free, places[:0])
	return end, ok
}

// single says that a step is one byte.
func (s *step) single() bool { return s.class != nil && s.min == 1 && s.max == 1 }

// take gives an empty set of places, a used one where there is one.
func (w *walker) take() []span {
	n := len(w.free)
	if n == 0 {
		return make([]span, 0, 16)
	}
	places := w.free[n-1]
	w.free = w.free[:n-1]
	return places
}

// follow gives the places where t can end that begins at one of places, which
// it uses up.
func (w *walker) follow(t trail, places []span) []span {
	for i := range t {
		if len(places) == 0 {
			break
		}
		next := w.take()
		switch s := &t[i]; {
		case s.class != nil:
			next = w.read(s, places, next)
		case s.branches != nil:
			next = w.choose(s, places, next)
		default:
			next = w.assert(s.look, places, next)
		}
		w.free = append(w.free, places[:0])
		places = next
	}
	return places
}

// read goes over bytes of a class, run by run: places in one run share its
// end, so what they lead to is one span.
func (w *walker) read(s *step, places, next []span) []span {
	for _, from := range places {
		if from.to-from.from >= wide {
			next = w.readWide(s, from, next)
			continue
		}
		for p := from.from; p <= from.to; {
			end := w.runEnd(s, p, from.to)
			last := min(from.to, end)
			next = joined(next, span{p + s.min, min(end, last+s.max)})
			p = end + 1
		}
	}
	return next
}

// runEnd is where the run of the class ends that begins at p, as far as
// anything from p to last can read it.
func (w *walker) runEnd(s *step, p, last int) int {
	if s.id > 0 {
		if known := w.runs[s.id]; known.from <= p && p < known.to {
			return known.to
		}
	}
	limit := min(len(w.text), last+s.max)
	end := p
	for end < limit && s.class[w.text[end]] {
		end++
	}
	if s.id > 0 {
		w.runs[s.id] = span{p, end}
	}
	return end
}

// farthest is how many bytes are looked at for the first place where a hull
// can go on; a bound keeps many walks into one long text cheap.
const farthest = 64 << 10

// readWide keeps the hull: from the first place where the class can be read to
// the farthest that it could end at.
func (w *walker) readWide(s *step, from span, next []span) []span {
	first := from.from
	if s.min > 0 {
		stop := min(from.to+1, len(w.text))
		for first < stop && !s.class[w.text[first]] {
			if first++; first-from.from > farthest {
				break
			}
		}
		if first == stop {
			return next
		}
	}
	return joined(next, span{first + s.min, min(len(w.text), from.to+s.max)})
}

// joined appends a span whose beginning is not before those of the others;
// one that is empty is left out.
func joined(places []span, one span) []span {
	if one.from > one.to {
		return places
	}
	if n := len(places); n > 0 && one.from <= places[n-1].to+1 {
		places[n-1].to = max(places[n-1].to, one.to)
		return places
	}
	return append(places, one)
}

func (w *walker) choose(s *step, places, next []span) []span {
	for _, branch := range s.branches {
		some := w.follow(branch, append(w.take(), places...))
		next = append(next, some...)
		w.free = append(w.free, some[:0])
	}
	if len(next) < 2 {
		return next
	}
	slices.SortFunc(next, func(a, b span) int { return a.from - b.from })
	kept := next[:0]
	for _, one := range next {
		kept = joined(kept, one)
	}
	return kept
}

// assert keeps the places where an assertion holds in the text.
func (w *walker) assert(look syntax.Op, places, next []span) []span {
	for _, from := range places {
		if from.to-from.from >= wide {
			next = joined(next, from)
			continue
		}
		for p := from.from; p <= from.to; p++ {
			if w.holds(look, p) {
				next = joined(next, span{p, p})
			}
		}
	}
	return next
}

func (w *walker) holds(look syntax.Op, p int) bool {
	text := w.text
	switch look {
	case syntax.OpBeginText:
		return p == 0
	case syntax.OpEndText:
		return p == len(text)
	case syntax.OpBeginLine:
		return p == 0 || text[p-1] == '\n'
	case syntax.OpEndLine:
		return p == len(text) || text[p] == '\n'
	case syntax.OpWordBoundary:
		return w.word(p-1) != w.word(p)
	case syntax.OpNoWordBoundary:
		return w.word(p-1) == w.word(p)
	}
	return true
}

// word says whether there is a letter, digit or underscore of ASCII at p.
func (w *walker) word(p int) bool {
	return p >= 0 && p < len(w.text) && syntax.IsWordChar(rune(w.text[p]))
}
