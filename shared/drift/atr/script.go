package atr

import (
	"fmt"
	"strings"
)

// Rules' regexes are JavaScript's; the library here differs from it in two
// ways, which scripted takes out: it numbers named groups after all others, and
// to it a letter that is not ASCII is part of a word at \b.
const (
	wordEdge   = `(?:(?<=\w)(?!\w)|(?<!\w)(?=\w))`
	noWordEdge = `(?:(?<=\w)(?=\w)|(?<!\w)(?!\w))`
)

// scripted writes a regex anew: named groups with numbers, and where edges says
// so, \b and \B by what \w is. Two groups of one name are an error, as they are
// in JavaScript.
func scripted(pattern string, edges bool) (string, error) {
	names, err := groupNames(pattern)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	walk(pattern, func(token string, inClass bool) {
		switch {
		case inClass:
		case edges && token == `\b`:
			token = wordEdge
		case edges && token == `\B`:
			token = noWordEdge
		case len(names) > 0 && strings.HasPrefix(token, `\k<`):
			token = fmt.Sprintf(`(?:\%d)`, names[token[3:len(token)-1]])
		case strings.HasPrefix(token, "(?<") && len(token) > 3:
			token = "("
		}
		out.WriteString(token)
	})
	return out.String(), nil
}

// groupNames are the numbers of named groups.
func groupNames(pattern string) (map[string]int, error) {
	names, groups, twice := map[string]int{}, 0, false
	walk(pattern, func(token string, inClass bool) {
		if inClass || !strings.HasPrefix(token, "(") || token == "(?" {
			return
		}
		groups++
		if name := strings.Trim(token, "(?<>"); name != "" {
			twice = twice || names[name] > 0
			names[name] = groups
		}
	})
	if twice {
		return nil, fmt.Errorf("a regex cannot be read")
	}
	return names, nil
}

// walk visits the parts of a regex: an escape (with the name of \k), the start
// of a group ("(", "(?" where it has no number, "(?<name>"), or one byte.
func walk(pattern string, visit func(token string, inClass bool)) {
	inClass := false
	for i := 0; i < len(pattern); {
		token, rest := pattern[i:i+1], pattern[i:]
		switch {
		case token == `\` && len(rest) > 1:
			token = rest[:2]
			if name, _, ok := strings.Cut(rest, ">"); ok && !inClass && strings.HasPrefix(rest, `\k<`) {
				token = name + ">"
			}
		case inClass:
			inClass = token != "]"
		case token == "[":
			inClass = true
			visit(token, false)
			i++
			continue
		case strings.HasPrefix(rest, "(?<=") || strings.HasPrefix(rest, "(?<!"):
			token = "(?"
		case strings.HasPrefix(rest, "(?<"):
			if name, _, ok := strings.Cut(rest, ">"); ok {
				token = name + ">"
			}
		case strings.HasPrefix(rest, "(?"):
			token = "(?"
		}
		visit(token, inClass)
		i += len(token)
	}
}
