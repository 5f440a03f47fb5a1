package console

import "strconv"

// Count is a number with its word: "1 finding", "3 findings". The plural of
// word must be word with an s.
func Count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.Itoa(n) + " " + word + "s"
}
