package livesecrets

import (
	"cmp"
	"slices"
	"sync"
)

// deepest is how many disguises one within another are looked through.
const deepest = 3

// Hit is a place where a live secret stands.
type Hit struct {
	Name     string // of the secret
	Encoding string // "plain", or the disguises, outermost first: "base64, escape"
	Offset   int    // bytes from the start of the content
	Length   int    // bytes of the content, as it is written there
}

// Find lists the places where content holds a live secret, in their order. A
// place that can be read in two ways is listed once. It never misses a value
// in one of the disguises of the package's comment, and lists nothing by
// chance (HMAC-SHA256 has the last word).
func (s Set) Find(content []byte) []Hit {
	if s.matcher == nil || len(s.entries) == 0 {
		return nil
	}
	here := func(from, to int) (int, int) { return from, to }
	finders := make([]finder, 1+len(readings))
	inParallel(len(content) > worthwhile, len(finders), func(i int) {
		f := &finders[i]
		f.matcher = s.matcher
		if i == 0 {
			f.plain(content, nil, here)
			return
		}
		f.look(readings[i-1], content, nil, here)
	})
	return sorted(finders)
}

// worthwhile is the size of content from which another thread saves time.
const worthwhile = 64 << 10

func inParallel(really bool, n int, do func(int)) {
	var all sync.WaitGroup
	for i := range n {
		if really {
			all.Go(func() { do(i) })
		} else {
			do(i)
		}
	}
	all.Wait()
}

// span maps a stretch of a decoded text to where it stands in the content.
type span func(from, to int) (int, int)

// reading decodes stretches of text and hands each on, with the kinds of
// disguise that may stand within it.
type reading struct {
	name string
	kind kind
	read func(m *matcher, text []byte, hand func(decoded []byte, within kind, where span))
}

// kind is a set of disguises.
type kind uint

const (
	isBase64 kind = 1 << iota
	isHex
	isUTF16
	isPercent
	isEscape
	isEntity
	isQuote
	anything kind = 1<<iota - 1
)

// readings in the order in which they are tried.
var readings = []reading{
	{"base64", isBase64, readBase64}, {"hex", isHex, readHex}, {"utf-16", isUTF16, readUTF16},
	{"percent", isPercent, rewrite('%', percent)}, {"escape", isEscape, rewrite('\\', backslash)},
	{"entity", isEntity, rewrite('&', entity)}, {"quote", isQuote, rewrite('\'', quotes)},
}

type finder struct {
	*matcher
	hits []Hit
}

func (f *finder) search(text []byte, within kind, path []string, where span) {
	f.plain(text, path, where)
	for _, one := range readings {
		if within&one.kind != 0 && len(path) < deepest {
			f.look(one, text, path, where)
		}
	}
}

// plain looks for values as they are, and line by line.
func (f *finder) plain(text []byte, path []string, where span) {
	f.scan(text, func(entry *Entry, at int) {
		if entry.Form != Lines {
			f.note(entry, path, where, at)
		}
	})
	if !f.lines {
		return
	}
	readLines(text, func(decoded []byte, inner span) {
		f.scan(decoded, func(entry *Entry, at int) {
			if entry.Form == Lines {
				f.note(entry, path, through(inner, where), at)
			}
		})
	})
}

// look reads text through one disguise.
func (f *finder) look(one reading, text []byte, path []string, where span) {
	name := append(slices.Clip(path), one.name)
	one.read(f.matcher, text, func(decoded []byte, within kind, inner span) {
		if within != 0 {
			f.search(decoded, within, name, through(inner, where))
			return
		}
		f.scan(decoded, func(entry *Entry, at int) { f.note(entry, name, through(inner, where), at) })
	})
}

func through(inner, outer span) span {
	return func(from, to int) (int, int) { return outer(inner(from, to)) }
}

func (f *finder) note(entry *Entry, path []string, where span, at int) {
	from, to := where(at, at+entry.Length)
	f.hits = append(f.hits, Hit{Name: entry.Name, Encoding: label(path, entry.Form), Offset: from, Length: to - from})
}

func label(path []string, form Form) string {
	if form != Plain {
		path = append(slices.Clip(path), string(form))
	}
	text := string(Plain)
	for i, word := range path {
		if i == 0 {
			text = word
			continue
		}
		text += ", " + word
	}
	return text
}

// sorted orders the hits and drops those that overlap another of the same
// secret: one place, read in two ways.
func sorted(finders []finder) []Hit {
	var hits []Hit
	for _, one := range finders {
		hits = append(hits, one.hits...)
	}
	slices.SortStableFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Length, b.Length))
	})
	ends := map[string]int{}
	return slices.DeleteFunc(hits, func(one Hit) bool {
		end, seen := ends[one.Name]
		if seen && one.Offset < end {
			return true
		}
		ends[one.Name] = one.Offset + one.Length
		return false
	})
}
