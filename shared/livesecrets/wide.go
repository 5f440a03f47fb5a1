package livesecrets

import (
	"bytes"
	"sort"
	"unicode/utf8"
)

// readUTF16 reads stretches in which every second byte is zero, in either byte
// order: Latin text in UTF-16. Other characters have entries of their own.
func readUTF16(_ *matcher, text []byte, hand func([]byte, kind, span)) {
	for at := 0; at < len(text); {
		zero := bytes.IndexByte(text[at:], 0)
		if zero < 0 {
			return
		}
		from := at + zero
		if from > at && text[from-1] != 0 {
			from-- // little endian: the character stands before its zero
		} else {
			from++
		}
		end := from
		for end < len(text) && text[end] != 0 && (end+1 == len(text) || text[end+1] == 0) {
			end += 2
		}
		if end < len(text) && text[end] != 0 && end > from {
			end++ // big endian: no zero behind the last character
		}
		if end-from >= 2*MinLength-1 {
			handLatin(text[from:min(end, len(text))], from, hand)
		}
		at = max(end, at+zero+1)
	}
}

func handLatin(units []byte, from int, hand func([]byte, kind, span)) {
	var decoded []byte
	var starts []int // of each decoded byte, in characters
	for i := 0; i < len(units); i += 2 {
		size := len(decoded)
		decoded = utf8.AppendRune(decoded, rune(units[i]))
		for range len(decoded) - size {
			starts = append(starts, i/2)
		}
	}
	hand(decoded, anything, func(a, b int) (int, int) {
		return from + 2*starts[a], from + min(2*starts[b-1]+2, len(units))
	})
}

// readLines takes away the space around each line: indentation, and the
// carriage returns of other line ends.
func readLines(text []byte, hand func([]byte, span)) {
	decoded := make([]byte, 0, len(text))
	var lines, origins []int // where a line begins, there and in text
	for at := 0; at < len(text); {
		end := len(text)
		if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
			end = at + i
		}
		line := bytes.TrimLeft(text[at:end], space)
		lines, origins = append(lines, len(decoded)), append(origins, end-len(line))
		decoded = append(append(decoded, bytes.TrimRight(line, space)...), '\n')
		at = end + 1
	}
	place := func(n int) int {
		line := sort.SearchInts(lines, n+1) - 1
		return origins[line] + n - lines[line]
	}
	hand(decoded, func(from, to int) (int, int) { return place(from), place(to-1) + 1 })
}

const space = " \t\r"

// trimLines is the form that readLines finds.
func trimLines(value []byte) []byte {
	var decoded []byte
	readLines(value, func(text []byte, _ span) { decoded = text })
	return bytes.TrimRight(decoded, "\n")
}
