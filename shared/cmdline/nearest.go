package cmdline

import "strings"

// Nearest finds the candidate that word was probably meant to be: the one
// with the fewest edits (insert, delete, replace, swap of neighbours), at most
// one edit for every three letters, and at least one. Case does not count.
func Nearest(word string, candidates []string) (string, bool) {
	best, fewest := "", max(1, len(word)/3)+1
	for _, candidate := range candidates {
		if len(candidate) < 2 {
			continue
		}
		if edits := distance(strings.ToLower(word), strings.ToLower(candidate)); edits < fewest {
			best, fewest = candidate, edits
		}
	}
	return best, best != ""
}

// distance is the optimal string alignment distance, in bytes: names of flags
// and commands are ASCII.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replace := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, replace)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
