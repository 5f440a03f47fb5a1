package sshsign

import "strings"

// maxPattern bounds one pattern of a list, as OpenSSH does (match.c).
const maxPattern = 1024

// matchList says whether text matches a comma-separated list of patterns: one
// of them matches, and none that begins with "!" does (match_pattern_list of
// OpenSSH). Case counts.
func matchList(text, list string) bool {
	found := false
	for _, p := range strings.Split(list, ",") {
		negated := strings.HasPrefix(p, "!")
		p = strings.TrimPrefix(p, "!")
		if len(p) >= maxPattern {
			return false
		}
		if match(text, p) {
			if negated {
				return false
			}
			found = true
		}
	}
	return found
}

// match knows two wildcards, * for any run of bytes and ? for one byte. It
// goes back to the last * only, so its time is at most len(text) * len(p).
func match(text, p string) bool {
	i, j, star, mark := 0, 0, -1, 0
	for i < len(text) {
		switch {
		case j < len(p) && p[j] == '*':
			star, mark = j, i
			j++
		case j < len(p) && (p[j] == '?' || p[j] == text[i]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = mark, star+1
		default:
			return false
		}
	}
	return strings.Trim(p[j:], "*") == ""
}
