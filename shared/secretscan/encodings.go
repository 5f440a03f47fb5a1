package secretscan

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// encoding is one of those that gitleaks decodes; a bigger one goes before a
// smaller one that touches it. A set of them is a sum.
type encoding uint8

const (
	base64Text encoding = 1 << iota
	hexText
	unicodeText
	percentText
)

// encodingNames are gitleaks' tags, in its order.
var encodingNames = []struct {
	kind encoding
	name string
}{{percentText, "percent"}, {unicodeText, "unicode"}, {hexText, "hex"}, {base64Text, "base64"}}

// The shortest runs that gitleaks takes for an encoding.
const (
	shortestHex    = 32
	shortestBase64 = 16
)

// Classes of bytes.
const (
	hexDigit = 1 << iota
	base64Letter
	printable // for gitleaks: tab to tilde
	likely    // without one of these a run is taken for a word
)

var byteClass = func() (class [256]uint8) {
	for c := range class {
		digit := '0' <= c && c <= '9'
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		sign := strings.IndexByte("+/-_", byte(c)) >= 0
		for _, one := range []struct {
			is  bool
			bit uint8
		}{{digit || letter && c|0x20 <= 'f', hexDigit}, {digit || letter || sign, base64Letter}, {8 < c && c < 0x7f, printable}, {digit || sign, likely}} {
			if one.is {
				class[c] |= one.bit
			}
		}
	}
	return class
}()

func isA(c byte, class uint8) bool { return byteClass[c]&class != 0 }

// sextet is the value of a letter of base64, in both of its alphabets.
var sextet = func() (value [256]uint8) {
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		value[c] = uint8(i)
	}
	value['-'], value['_'] = 62, 63
	return value
}()

// decodeBase64 is gitleaks': "" for what is no printable text. Most runs are
// seen to be none by their first four letters, which mean the same three bytes
// in both alphabets.
func decodeBase64(run string) string {
	a, b, c, d := sextet[run[0]], sextet[run[1]], sextet[run[2]], sextet[run[3]]
	if !isA(a<<2|b>>4, printable) || !isA(b<<4|c>>2, printable) || !isA(c<<6|d, printable) || !hasLikely(run) {
		return ""
	}
	for _, alphabet := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
		if text, err := alphabet.DecodeString(run); err == nil && isPrintable(text) {
			return view(text)
		}
	}
	return ""
}

func hasLikely(run string) bool {
	for i := range len(run) {
		if isA(run[i], likely) {
			return true
		}
	}
	return false
}

func isPrintable(text []byte) bool {
	for _, c := range text {
		if !isA(c, printable) {
			return false
		}
	}
	return true
}

// decodeHex wants two digits a byte, and one of them in 0 to 9.
func decodeHex(run string) string {
	if len(run)%2 != 0 || !strings.ContainsAny(run, "0123456789") {
		return ""
	}
	text := make([]byte, 0, len(run)/2)
	for i := 0; i < len(run); i += 2 {
		c := hexByte(run[i:])
		if !isA(c, printable) {
			return ""
		}
		text = append(text, c)
	}
	return view(text)
}

// hexByte is the byte that two hex digits mean.
func hexByte(digits string) byte { return nibble(digits[0])<<4 | nibble(digits[1]) }

func nibble(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&0x5f - 'A' + 10
}

// canPercent says whether all encoded bytes of a run are printable: else
// gitleaks decodes none of them.
func canPercent(run string) bool {
	for i := range len(run) {
		if isPercent(run[i:]) && !isA(hexByte(run[i+1:]), printable) {
			return false
		}
	}
	return true
}

// appendPercent appends what a run means. The run may lie behind the end of
// text in the same memory: it is read before it is written over.
func appendPercent(text []byte, run string) []byte {
	for i := 0; i < len(run); i++ {
		c := run[i]
		if isPercent(run[i:]) {
			c = hexByte(run[i+1:])
			i += 2
		}
		text = append(text, c)
	}
	return text
}

// decodeUnicode reads code points, U+0041 or \u0041; what a lone half of a
// pair means is U+FFFD.
func decodeUnicode(run string) string {
	var text strings.Builder
	for i := 0; i+4 <= len(run); i++ {
		if isHex4(run[i:]) && (run[i-1] == '+' || run[i-1]|0x20 == 'u') {
			point, _ := strconv.ParseUint(run[i:i+4], 16, 32)
			text.WriteRune(rune(point))
			i += 3
		}
	}
	return text.String()
}

func isPercent(text string) bool {
	return len(text) >= 3 && text[0] == '%' && isA(text[1], hexDigit) && isA(text[2], hexDigit)
}

func isHex4(text string) bool {
	return len(text) >= 4 && isA(text[0], hexDigit) && isA(text[1], hexDigit) && isA(text[2], hexDigit) && isA(text[3], hexDigit)
}
