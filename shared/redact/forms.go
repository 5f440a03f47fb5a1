package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// piece is the size in bytes from which a form is looked for in pieces: what
// waits stays short, and so does the search in what only looks like a value.
const piece = 60 << 10

// patternsOf writes each value in its forms.
func patternsOf(values map[string][]byte) (all []pattern, short []string) {
	seen := map[string]bool{}
	add := func(text string, wraps bool) {
		for piece := range slices.Chunk([]byte(text), piece) {
			if len(piece) >= Shortest && !seen[string(piece)] {
				seen[string(piece)] = true
				all = append(all, pattern{piece, wraps})
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := bytes.TrimRight(values[name], "\r\n")
		if len(value) < Shortest {
			if len(value) > 0 {
				short = append(short, name)
			}
			continue
		}
		add(string(value), false)
		if len(value) >= shortestEncoded {
			encoded(value, add)
		}
	}
	return all, short
}

// encoded adds the forms of a value in which programs print it.
func encoded(value []byte, add func(text string, wraps bool)) {
	inHex := hex.EncodeToString(value)
	add(inHex, true)
	add(strings.ToUpper(inHex), true)
	for _, alphabet := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			add(inner(alphabet, value, before), true)
		}
	}
	add(url.QueryEscape(string(value)), false)
	add(url.PathEscape(string(value)), false)
	if utf8.Valid(value) {
		add(inJSON(value, true), false)
		add(inJSON(value, false), false)
	}
	if bytes.ContainsAny(value, "\n") { // a terminal turns line ends around
		add(strings.ReplaceAll(string(value), "\n", "\r\n"), false)
	}
}

// inner is the part of a value's base64 that does not depend on its
// neighbours, when it stands behind so many bytes (0 to 2) of a group.
func inner(alphabet *base64.Encoding, value []byte, before int) string {
	text := alphabet.EncodeToString(append(make([]byte, before), value...))
	from := (before*8 + 5) / 6
	to := (before + len(value)) * 8 / 6
	return text[from:to]
}

func inJSON(value []byte, forBrowsers bool) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(forBrowsers)
	if encoder.Encode(string(value)) != nil {
		return ""
	}
	return b.String()[1 : b.Len()-2] // without the quotes and the line break
}
