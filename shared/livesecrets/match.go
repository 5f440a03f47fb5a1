package livesecrets

import "crypto/hmac"

// matcher is a set made ready for search. It is never written to after
// newMatcher, so searches may share it.
type matcher struct {
	keys
	passes  [filterSize / 64]uint64 // bit n: some entry has filter n
	buckets map[uint64][]int        // filter -> entries
	entries []Entry
	lines   bool // some entry is of form Lines
	// The shortest and longest entry, in bytes.
	shortest, longest int
}

func newMatcher(k keys, entries []Entry) *matcher {
	m := &matcher{keys: k, entries: entries, buckets: map[uint64][]int{}, shortest: 2 * MaxLength}
	for i, one := range entries {
		tag := uint64(one.Filter)
		m.passes[tag/64] |= 1 << (tag % 64)
		m.buckets[tag] = append(m.buckets[tag], i)
		m.shortest, m.longest = min(m.shortest, one.Length), max(m.longest, one.Length)
		m.lines = m.lines || one.Form == Lines
	}
	return m
}

// scan calls found with each entry and the place where it begins. Places of
// one entry do not overlap, and come in order.
func (m *matcher) scan(text []byte, found func(entry *Entry, at int)) {
	if len(text) < m.shortest {
		return
	}
	var until map[int]int // entry -> end of its last place
	here := uint64(0)
	for i, b := range text {
		here = here<<8 | uint64(b)
		tag := m.filter(here)
		if m.passes[tag/64]&(1<<(tag%64)) == 0 || i < window-1 {
			continue
		}
		at := i - (window - 1)
		for _, which := range m.buckets[tag] {
			entry := &m.entries[which]
			if at < until[which] || !m.is(entry, text[at:]) {
				continue
			}
			if until == nil {
				until = map[int]int{}
			}
			until[which] = at + entry.Length
			found(entry, at)
		}
	}
}

// is asks whether text begins with the entry's value.
func (m *matcher) is(entry *Entry, text []byte) bool {
	if len(text) < entry.Length {
		return false
	}
	text = text[:entry.Length]
	return m.prefix(text) == entry.Prefix && hmac.Equal(m.sum(text), entry.MAC)
}
