package console

import "strings"

// Wrap breaks text at spaces into lines of at most columns. A word that is
// wider is broken behind one of ./,:;]-_ where there is one, so that a long path
// stays under its indent. An empty text is one empty line; text from outside
// goes through Clean first.
func Wrap(text string, columns int) []string {
	columns = max(columns, 1)
	lines := []string{""}
	for _, word := range strings.Fields(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case Columns(*last)+1+Columns(word) <= columns:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
		lines = broken(lines, columns)
	}
	return lines
}

// broken breaks the last line until it fits.
func broken(lines []string, columns int) []string {
	for {
		last := lines[len(lines)-1]
		at := breakAt(last, columns)
		if at == len(last) {
			return lines
		}
		lines = append(lines[:len(lines)-1], last[:at], last[at:])
	}
}

// breakAt is how many bytes of word stand on the first line: all of them, those
// up to the last mark that fits, or as many as there is room for.
func breakAt(word string, columns int) int {
	used, fits, mark := 0, 0, 0
	for i, r := range word {
		if used += runeColumns(r); used > columns && i > 0 {
			if mark > 0 {
				return mark
			}
			return fits
		}
		fits = i + len(string(r))
		if strings.ContainsRune("./,:;]-_", r) {
			mark = fits
		}
	}
	return len(word)
}
