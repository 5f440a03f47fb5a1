package livesecrets

import "crypto/hmac"

// matcher is a set made ready for search. It is never written to after
// newMatcher, so searches may share it.
type matcher struct {
	keys
	passes  [filterSize / 64]uint64 // bit n: some entry has filter n
	first   [filterSize]int32       // filter -> 1 + its first entry, 0 for none
	next    []int32                 // entry -> 1 + the next with its filter
	entries []Entry
	lines   bool // some entry is of form Lines
	// The shortest and longest entry, in bytes.
	shortest, longest int
}

func newMatcher(k keys, entries []Entry) *matcher {
	m := &matcher{keys: k, entries: entries, next: make([]int32, len(entries)), shortest: 2 * MaxLength}
	for i := len(entries) - 1; i >= 0; i-- {
		one := &entries[i]
		m.passes[one.Filter/64] |= 1 << (one.Filter % 64)
		m.next[i], m.first[one.Filter] = m.first[one.Filter], int32(i+1)
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
	var until map[int32]int // entry -> end of its last place
	mask, factor, passes := m.mask, m.factor, &m.passes
	here := uint64(0)
	for _, b := range text[:window-1] {
		here = here<<8 | uint64(b)
	}
	for at, b := range text[window-1:] {
		here = here<<8 | uint64(b)
		tag := (here ^ mask) * factor >> (64 - filterBits)
		if passes[tag/64]&(1<<(tag%64)) == 0 {
			continue
		}
		for which := m.first[tag] - 1; which >= 0; which = m.next[which] - 1 {
			entry := &m.entries[which]
			if at < until[which] || !m.is(entry, text[at:]) {
				continue
			}
			if until == nil {
				until = map[int32]int{}
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
