package atr

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// lookalikes are letters of other scripts that the engine reads as Latin ones
// (CONFUSABLE_TO_LATIN of agent-threat-rules 4.0.0).
var lookalikes = map[rune]rune{
	'\u0430': 'a', '\u0435': 'e', '\u043E': 'o', '\u0440': 'p', '\u0441': 'c', '\u0445': 'x', '\u0443': 'y', '\u0456': 'i',
	'\u0455': 's', '\u0458': 'j', '\u04BB': 'h', '\u0501': 'd', '\u051B': 'q', '\u0261': 'g', '\u043D': 'h', '\u043A': 'k',
	'\u043C': 'm', '\u0442': 't', '\u0432': 'b', '\u0410': 'A', '\u0412': 'B', '\u0415': 'E', '\u041A': 'K', '\u041C': 'M',
	'\u041D': 'H', '\u041E': 'O', '\u0420': 'P', '\u0421': 'C', '\u0422': 'T', '\u0425': 'X', '\u0423': 'Y', '\u0406': 'I',
	'\u0408': 'J', '\u0405': 'S', '\u03BF': 'o', '\u03C1': 'p', '\u03B1': 'a', '\u03B5': 'e', '\u03BD': 'v', '\u03BA': 'k',
	'\u0391': 'A', '\u0392': 'B', '\u0395': 'E', '\u0396': 'Z', '\u0397': 'H', '\u0399': 'I', '\u039A': 'K', '\u039C': 'M',
	'\u039D': 'N', '\u039F': 'O', '\u03A1': 'P', '\u03A4': 'T', '\u03A7': 'X', '\u03A5': 'Y', '\u0131': 'i', '\u01C0': 'l',
	'\u0578': 'n',
}

// hidden says whether the engine drops a character before it looks: it has no
// width, or turns the direction of writing.
func hidden(r rune) bool {
	return strings.ContainsRune("\u200B\u200C\u200D\uFEFF\u2060\u180E\u200E\u200F", r) || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}

// plain is a text as the engine looks at it first.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if hidden(r) {
			return -1
		}
		if latin, known := lookalikes[r]; known {
			return latin
		}
		return r
	}, norm.NFKC.String(text))
}
