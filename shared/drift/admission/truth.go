package admission

import "regexp"

// truth is an answer about one request: no, perhaps, or surely.
type truth int8

const (
	no truth = iota
	maybe
	yes
)

func surely(b bool) truth {
	if b {
		return yes
	}
	return no
}

func (t truth) not() truth { return yes - t }

// anyOf is the strongest of some answers about a list; no of an empty list.
func anyOf[T any](list []T, ask func(T) truth) truth {
	found := no
	for _, one := range list {
		found = max(found, ask(one))
	}
	return found
}

// glob says whether Kyverno's pattern (`*` and `?`) matches a whole text.
func glob(pattern, text string) bool {
	p, t, star, from := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			from++
			p, t = star+1, from
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

var wild = regexp.MustCompile(`[*?]`)

// example is a text that a pattern matches.
func example(pattern string) string { return wild.ReplaceAllString(pattern, "x") }
