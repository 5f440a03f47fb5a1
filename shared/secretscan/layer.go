package secretscan

import (
	"fmt"
	"sort"
	"strings"
)

// segment is a piece that one pass of decoding replaced.
type segment struct {
	encoded brief // in the text before this pass
	decoded brief // in the text after it
	kinds   encoding
}

// brief is a span of a text of less than 4 GiB, which Scan sees to: a large
// file has many.
type brief struct{ from, to uint32 }

func (b brief) span() span { return span{int(b.from), int(b.to)} }

func (s span) brief() brief { return brief{uint32(s.from), uint32(s.to)} }

// layer is one pass of decoding: its segments, in order, at least one.
type layer struct {
	segments []segment
	depth    int
	under    *layer // the pass before; nil for none
}

// decoded is a text out of which passes of decoding make the next one: the
// first in a copy, the others in place, because no encoding is shorter than
// what it stands for. So what is kept of a text must be cloned before the next
// pass.
type decoded struct {
	text  string
	layer *layer
	own   []byte // holds text, once there is a layer
}

// next replaces what is encoded, as gitleaks' decoder does; false when nothing
// is, and then the text stays.
func (d *decoded) next() bool {
	l := &layer{depth: 1, under: d.layer}
	if d.layer != nil {
		l.depth = d.layer.depth + 1
	}
	out, done := d.own[:0], 0
	eachEncoded(d.text, func(one encoded) {
		value := ""
		if one.kind != percentText {
			value = one.decode(d.text)
		}
		if value == "" && (one.kind != percentText || !canPercent(d.text[one.from:one.to])) {
			return
		}
		if cap(out) == 0 {
			out = make([]byte, 0, len(d.text))
		}
		out = append(out, d.text[done:one.from]...)
		from := len(out)
		if out = append(out, value...); one.kind == percentText {
			out = appendPercent(out, d.text[one.from:one.to])
		}
		done = one.to
		l.add(one, span{from, len(out)})
	})
	if len(l.segments) == 0 {
		return false
	}
	out = append(out, d.text[done:]...)
	d.own, d.text, d.layer = out, view(out), l
	return true
}

// add notes a segment and where its decoded text lies.
func (l *layer) add(one encoded, at span) {
	s := segment{encoded: one.span.brief(), decoded: at.brief(), kinds: one.kind}
	for _, below := range l.under.over(one.span) {
		s.kinds |= below.kinds
	}
	l.segments = append(l.segments, s)
}

// over are the segments whose decoded text overlaps or touches a place.
func (l *layer) over(place span) []segment {
	if l == nil {
		return nil
	}
	first := sort.Search(len(l.segments), func(i int) bool { return int(l.segments[i].decoded.to) >= place.from })
	rest := l.segments[first:]
	return rest[:sort.Search(len(rest), func(i int) bool { return int(rest[i].decoded.from) > place.to })]
}

// origin is where a place of this layer's text lies in the text as it stands:
// gitleaks' toOriginal.
func (l *layer) origin(place span) span {
	if l == nil {
		return place
	}
	var below span
	for _, s := range l.over(place) {
		encoded, decoded := s.encoded.span(), s.decoded.span()
		if decoded.from <= place.from && place.to <= decoded.to {
			return l.under.origin(encoded)
		}
		reach := span{
			encoded.from + min(decoded.from, place.from) - decoded.from,
			encoded.to + max(decoded.to, place.to) - decoded.to,
		}
		if below.to == 0 {
			below = reach
		} else {
			below = span{min(below.from, reach.from), max(below.to, reach.to)}
		}
	}
	if below.to == 0 {
		return place
	}
	return l.under.origin(below)
}

// tagsOf names the encodings of segments, and how deep they lay.
func (l *layer) tagsOf(some []segment) []string {
	var kinds encoding
	for _, s := range some {
		kinds |= s.kinds
	}
	var tags []string
	for _, one := range encodingNames {
		if kinds&one.kind != 0 {
			tags = append(tags, "decoded:"+one.name)
		}
	}
	return append(tags, fmt.Sprintf("decode-depth:%d", l.depth))
}

// lineOf is the line of a layer's text around segments, from the line break
// before it on.
func lineOf(text string, some []segment) string {
	from, to := some[0].decoded.span().from, some[len(some)-1].decoded.span().to
	if i := strings.IndexByte(text[to:], '\n'); i >= 0 {
		text = text[:to+i]
	}
	return text[max(0, strings.LastIndexByte(text[:from+1], '\n')):]
}
