package secretscan

import (
	"bytes"
	"unicode/utf16"
	"unsafe"
)

// readings are the ways to read content as text: as it stands; UTF-16 as what
// it means; and, where few NUL bytes lie in between, without them. All keep
// the number of lines.
func readings(content []byte) []string {
	all := []string{view(content)}
	if bytes.IndexByte(content, 0) < 0 {
		return all
	}
	if order, ok := utf16Order(content); ok {
		return append(all, fromUTF16(content, order))
	}
	return append(all, string(bytes.ReplaceAll(content, []byte{0}, nil)))
}

// view is the bytes as a string without a copy; nobody writes to them.
func view(content []byte) string { return unsafe.String(unsafe.SliceData(content), len(content)) }

// utf16Order tells whether content is UTF-16, and where the low byte of a
// unit stands: by its mark, else when at least half of the bytes at one parity
// of the first 4 KiB are NUL and few at the other.
func utf16Order(content []byte) (low int, ok bool) {
	switch {
	case bytes.HasPrefix(content, []byte{0xff, 0xfe}):
		return 0, true
	case bytes.HasPrefix(content, []byte{0xfe, 0xff}):
		return 1, true
	}
	var zeros [2]int
	head := content[:min(len(content), 4096)]
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	most := len(head) / 4
	switch {
	case zeros[1] > most && zeros[0] < zeros[1]/8:
		return 0, true
	case zeros[0] > most && zeros[1] < zeros[0]/8:
		return 1, true
	}
	return 0, false
}

func fromUTF16(content []byte, low int) string {
	units := make([]uint16, 0, len(content)/2)
	for i := 0; i+1 < len(content); i += 2 {
		units = append(units, uint16(content[i+low])|uint16(content[i+1-low])<<8)
	}
	return string(utf16.Decode(units))
}
