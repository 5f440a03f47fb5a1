package secretscan

import (
	"fmt"
	"sort"
	"strings"
)

// segment is a piece that one pass of decoding replaced.
type segment struct {
	original span // in the text as it stands
	encoded  span // in the text before this pass
	decoded  span // in the text after it
	kinds    encoding
}

// layer is one pass of decoding: its segments, in order, at least one.
type layer struct {
	segments []segment
	depth    int
	under    *layer // the pass before; nil for none
}

// decode replaces what is encoded in a text that came out of the pass under,
// as gitleaks' decoder does; nil when nothing is.
func decode(text string, under *layer) (string, *layer) {
	l := &layer{depth: 1, under: under}
	if under != nil {
		l.depth = under.depth + 1
	}
	var out strings.Builder
	done := 0
	eachEncoded(text, func(one encoded) {
		value := one.decode(text)
		if value == "" {
			return
		}
		if done == 0 {
			out.Grow(len(text))
		}
		out.WriteString(text[done:one.from])
		from := out.Len()
		out.WriteString(value)
		done = one.to
		s := segment{original: under.origin(one.span), encoded: one.span, decoded: span{from, out.Len()}, kinds: one.kind}
		for _, below := range under.over(one.span) {
			s.kinds |= below.kinds
		}
		l.segments = append(l.segments, s)
	})
	if len(l.segments) == 0 {
		return text, nil
	}
	out.WriteString(text[done:])
	return out.String(), l
}

// over are the segments whose decoded text overlaps or touches a place.
func (l *layer) over(place span) []segment {
	if l == nil {
		return nil
	}
	first := sort.Search(len(l.segments), func(i int) bool { return l.segments[i].decoded.to >= place.from })
	rest := l.segments[first:]
	return rest[:sort.Search(len(rest), func(i int) bool { return rest[i].decoded.from > place.to })]
}

// origin is where a place of this layer's text lies in the text as it stands:
// gitleaks' toOriginal.
func (l *layer) origin(place span) span {
	if l == nil {
		return place
	}
	var below span
	for _, s := range l.over(place) {
		if s.decoded.from <= place.from && place.to <= s.decoded.to {
			return s.original
		}
		reach := span{
			s.encoded.from + min(s.decoded.from, place.from) - s.decoded.from,
			s.encoded.to + max(s.decoded.to, place.to) - s.decoded.to,
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
	from, to := some[0].decoded.from, some[len(some)-1].decoded.to
	if i := strings.IndexByte(text[to:], '\n'); i >= 0 {
		text = text[:to+i]
	}
	return text[max(0, strings.LastIndexByte(text[:from+1], '\n')):]
}
