package livesecrets

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// The bounds of a Set.
const (
	KeySize     = 32      // bytes of the session's key
	MinLength   = 8       // bytes; a shorter value is not published
	MaxLength   = 4 << 20 // bytes of one value
	maxEntries  = 1 << 16
	minDistinct = 5 // different bytes
)

// Form says which bytes of a value an Entry is of.
type Form string

// The forms. A value has Plain, and another one only where it differs.
const (
	Plain   Form = "plain"    // as it is, without line breaks at its end
	Spaces  Form = "form"     // spaces as plus signs, as web forms write them
	Lines   Form = "lines"    // each line without the space around it
	UTF16LE Form = "utf-16le" // characters beyond U+00FF: the text reader does not see them
	UTF16BE Form = "utf-16be"
)

// Entry is what a Set says about one form of one value.
type Entry struct {
	Name   string `json:"name"`
	Form   Form   `json:"form"`
	Length int    `json:"length"` // bytes of the form
	Filter uint16 `json:"filter"` // 12 bits, of the first 8 bytes
	Prefix uint32 `json:"prefix"` // of the first 64 bytes
	MAC    []byte `json:"mac"`    // 32 bytes, of all
}

// Omission is a value that is not in the Set, and why.
type Omission struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// Set is the digests of the live secrets. The zero value finds nothing.
type Set struct {
	key     []byte
	entries []Entry
	matcher *matcher
}

// New digests the values, by name, under key, and says which it left out. A
// key that has not KeySize bytes, or a value above MaxLength, is an error
// (exit 3); no error names a value.
func New(key []byte, values map[string][]byte) (Set, []Omission, error) {
	if len(key) != KeySize {
		return Set{}, nil, fault.Unable("digest the live secrets: the key has %d bytes, it takes %d", len(key), KeySize)
	}
	digests := keysOf(key)
	set := Set{key: bytes.Clone(key), entries: []Entry{}}
	var omitted []Omission
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name]
		if len(value) > MaxLength {
			return Set{}, nil, fault.Unable("digest the live secret %q: it has %d bytes, more than %d", name, len(value), MaxLength)
		}
		if reason := whyNot(value); reason != "" {
			omitted = append(omitted, Omission{name, reason})
			continue
		}
		for _, one := range formsOf(value) {
			set.entries = append(set.entries, digests.entry(name, one.form, one.text))
		}
	}
	set.matcher = newMatcher(digests, set.entries)
	return set, omitted, nil
}

// Entries are the rows of the set, in the order of their names.
func (s Set) Entries() []Entry { return slices.Clone(s.entries) }

// wire is the set as it goes over the session's socket.
type wire struct {
	Key     []byte  `json:"key"`
	Entries []Entry `json:"entries"`
}

// MarshalJSON writes key and entries; there is no value in it.
func (s Set) MarshalJSON() ([]byte, error) {
	entries := s.entries
	if entries == nil {
		entries = []Entry{}
	}
	return json.Marshal(wire{s.key, entries})
}

// UnmarshalJSON reads what MarshalJSON wrote. A set that breaks a bound is an
// error, so that a reader who cannot use it knows that it checked nothing.
func (s *Set) UnmarshalJSON(text []byte) error {
	var got wire
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&got); err != nil {
		return fault.Unable("read the digests of the live secrets: %w", err)
	}
	if len(got.Key) != KeySize || len(got.Entries) > maxEntries {
		return fault.Unable("read the digests of the live secrets: a key of %d bytes and %d entries; it takes %d bytes and at most %d", len(got.Key), len(got.Entries), KeySize, maxEntries)
	}
	for i, one := range got.Entries {
		if one.Length < MinLength || one.Length > 2*MaxLength || one.Filter >= filterSize || len(one.MAC) != macSize || one.Name == "" {
			return fault.Unable("read the digests of the live secrets: entry %d is out of bounds", i)
		}
	}
	*s = Set{key: got.Key, entries: got.Entries, matcher: newMatcher(keysOf(got.Key), got.Entries)}
	return nil
}
