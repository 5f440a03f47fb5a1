package livesecrets

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// words are values that configuration is full of and nobody keeps secret. An
// imported .env file has some of them.
var words = []string{
	"localhost", "localhost.localdomain", "127.0.0.1", "production", "development", "undefined",
	"postgres", "postgresql", "mongodb://localhost", "http://localhost", "https://localhost", "us-east-1", "us-west-2",
	"eu-west-1", "eu-central-1", "application/json", "disabled", "required", "changeme", "password",
}

// whyNot is the reason to leave a value out of the set, "" for none.
func whyNot(value []byte) string {
	value = bytes.TrimRight(value, "\r\n")
	switch {
	case len(value) < MinLength:
		return fmt.Sprintf("shorter than %d bytes: a digest of it could be reversed by trying all values, and texts hold it by accident", MinLength)
	case distinct(value) < minDistinct:
		return fmt.Sprintf("fewer than %d different bytes: rulers and padding look like it", minDistinct)
	case slices.Contains(words, strings.ToLower(string(value))):
		return "a word that configuration files are full of"
	}
	return ""
}

func distinct(value []byte) int {
	var seen [256]bool
	count := 0
	for _, b := range value {
		if !seen[b] {
			seen[b] = true
			count++
		}
	}
	return count
}

type formed struct {
	form Form
	text []byte
}

// formsOf are the byte strings to look for; a form that equals Plain, or is
// too short for an Entry, is left out.
func formsOf(value []byte) []formed {
	plain := bytes.TrimRight(value, "\r\n")
	all := []formed{{Plain, plain}}
	if bytes.IndexByte(plain, ' ') >= 0 {
		all = append(all, formed{Spaces, bytes.ReplaceAll(plain, []byte{' '}, []byte{'+'})})
	}
	if bytes.ContainsAny(plain, "\r\n") {
		if trimmed := trimLines(plain); len(trimmed) >= MinLength {
			all = append(all, formed{Lines, trimmed})
		}
	}
	if utf8.Valid(plain) && strings.ContainsFunc(string(plain), func(r rune) bool { return r > 0xff }) {
		little, big := wide(string(plain))
		all = append(all, formed{UTF16LE, little}, formed{UTF16BE, big})
	}
	return all
}

func wide(text string) (little, big []byte) {
	for _, unit := range utf16.Encode([]rune(text)) {
		little = append(little, byte(unit), byte(unit>>8))
		big = append(big, byte(unit>>8), byte(unit))
	}
	return little, big
}
