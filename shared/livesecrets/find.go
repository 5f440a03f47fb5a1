package livesecrets

import (
	"cmp"
	"slices"
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
	f := finder{matcher: s.matcher}
	f.search(content, nil, func(from, to int) (int, int) { return from, to })
	return f.sorted()
}

// span maps a stretch of a decoded text to where it stands in the content.
type span func(from, to int) (int, int)

// reading decodes stretches of text and hands each on; deep asks to look for
// further disguises in it.
type reading struct {
	name string
	read func(m *matcher, text []byte, hand func(decoded []byte, deep bool, where span))
}

// readings in the order in which they are tried.
var readings = []reading{
	{"base64", readBase64}, {"hex", readHex}, {"utf-16", readUTF16},
	{"percent", rewrite('%', percent)}, {"escape", rewrite('\\', backslash)},
	{"entity", rewrite('&', entity)}, {"quote", rewrite('\'', quotes)},
}

type finder struct {
	*matcher
	hits []Hit
}

func (f *finder) search(text []byte, path []string, where span) {
	f.scan(text, func(entry *Entry, at int) {
		if entry.Form != Lines {
			f.note(entry, path, where, at)
		}
	})
	if f.lines {
		readLines(text, func(decoded []byte, inner span) {
			f.scan(decoded, func(entry *Entry, at int) {
				if entry.Form == Lines {
					f.note(entry, path, through(inner, where), at)
				}
			})
		})
	}
	if len(path) < deepest {
		f.look(text, path, where)
	}
}

// look reads text through each disguise.
func (f *finder) look(text []byte, path []string, where span) {
	for _, one := range readings {
		name := append(slices.Clip(path), one.name)
		one.read(f.matcher, text, func(decoded []byte, deep bool, inner span) {
			if deep {
				f.search(decoded, name, through(inner, where))
				return
			}
			f.scan(decoded, func(entry *Entry, at int) { f.note(entry, name, through(inner, where), at) })
		})
	}
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

// sorted orders the hits and drops those that lie within another of the same
// secret: one place, read in two ways.
func (f *finder) sorted() []Hit {
	slices.SortStableFunc(f.hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Length, b.Length))
	})
	ends := map[string]int{}
	return slices.DeleteFunc(f.hits, func(one Hit) bool {
		end, seen := ends[one.Name]
		if seen && one.Offset < end {
			return true
		}
		ends[one.Name] = one.Offset + one.Length
		return false
	})
}
