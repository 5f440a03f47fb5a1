// Package secretexception holds the findings of the secret scan that somebody
// answered for: the file .clawql/secret-exceptions.yaml.
//
// An exception is for one content at one path by one rule, and for nothing
// else: the next secret on the same line is found. The content stands in the
// file as an HMAC under a random salt of the file's own, which says what an
// exception is for without telling it: the same content in two repositories
// has two names, and no list of hashes made beforehand serves. It does not
// hide what can be guessed: whoever has the file has the salt, and may try
// values. What is excepted is by its owner's word no secret; where it is one,
// rotate it.
package secretexception

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/project"
)

// Path is where a repository keeps the file, from its root.
const Path = ".clawql/secret-exceptions.yaml"

// Kind of the file; its apiVersion is that of clawql.yaml.
const Kind = "SecretExceptions"

// SaltSize is the length of the salt in bytes.
const SaltSize = 32

// The bounds of a file.
const (
	MaxSize    = 4 << 20 // bytes
	maxEntries = 20_000
	maxText    = 500 // bytes of reason and owner
)

// Where a content stands, when it is not the content of a file.
const (
	InContent = "content"
	InName    = "name"
	InMessage = "message"
	InTag     = "tag"
	InRef     = "ref"
)

var places = []string{InContent, InName, InMessage, InTag, InRef}

// Entry excepts one content.
type Entry struct {
	Rule    string       `json:"rule"`
	In      string       `json:"in,omitempty"`   // one of the places; "" is content
	Path    string       `json:"path,omitempty"` // from the repository's root; with "!" for a member of an archive
	Hash    string       `json:"hash"`           // 64 hex digits, see Sum
	Reason  string       `json:"reason"`
	Owner   string       `json:"owner"`
	Expires project.Date `json:"expires"` // the last day on which it holds, UTC
}

// Expired says whether the last day is over.
func (e Entry) Expired(now time.Time) bool {
	return !now.Before(time.Time(e.Expires).AddDate(0, 0, 1))
}

// List is the file. The zero value has no entries and no salt.
type List struct {
	salt    []byte
	entries []Entry
	byPlace map[string][]int
}

// Subject is what an exception may be for. Write puts its content into a hash;
// nobody else sees it.
type Subject struct {
	Rule, In, Path string
	Write          func(to interface{ Write([]byte) (int, error) })
}

func place(rule, in, path string) string {
	if in == "" {
		in = InContent
	}
	return strings.Join([]string{rule, in, path}, "\x00")
}

// Sum is the hash of a subject: HMAC-SHA-256 under the salt, of the rule, the
// place, the path and the content, so that a line cannot be copied to another
// path or rule.
func (l *List) Sum(s Subject) string {
	mac := hmac.New(sha256.New, l.salt)
	mac.Write([]byte("clawql secret exception 1\x00" + place(s.Rule, s.In, s.Path) + "\x00"))
	s.Write(mac)
	return hex.EncodeToString(mac.Sum(nil))
}

// Entries lists the exceptions in the file's order.
func (l *List) Entries() []Entry { return slices.Clone(l.entries) }

// Len is how many there are.
func (l *List) Len() int { return len(l.entries) }

// Entry is the one at a place that Find gave.
func (l *List) Entry(i int) Entry { return l.entries[i] }

// Find gives the place in Entries of the exception for a subject; -1 for none.
// It is the caller's to ask whether it has expired. Of several, one that ends
// last is given.
func (l *List) Find(s Subject) int {
	best := -1
	at := l.byPlace[place(s.Rule, s.In, s.Path)]
	if len(at) == 0 {
		return best
	}
	sum := l.Sum(s)
	for _, i := range at {
		later := best < 0 || time.Time(l.entries[i].Expires).After(time.Time(l.entries[best].Expires))
		if hmac.Equal([]byte(l.entries[i].Hash), []byte(sum)) && later {
			best = i
		}
	}
	return best
}

func (l *List) index() {
	l.byPlace = map[string][]int{}
	for i, e := range l.entries {
		key := place(e.Rule, e.In, e.Path)
		l.byPlace[key] = append(l.byPlace[key], i)
	}
}
