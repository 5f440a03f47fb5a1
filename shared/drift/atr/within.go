package atr

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// within says whether a rule surely triggers on nothing that another does not
// trigger on, by what the two say. No is that nobody can tell.
func (s *shape) within(wide *shape) bool {
	switch {
	case s == nil || !s.active:
		return true
	case wide == nil || !wide.active || s.unsure+wide.unsure != "" || s.document && !wide.document:
		return false
	}
	a, b := s.decides(), wide.decides()
	for _, d := range []map[string]any{a, b} {
		detection, _ := d["detection"].(map[string]any)
		detection = maps.Clone(detection)
		delete(detection, "condition")
		delete(detection, "conditions")
		d["detection"] = detection
	}
	return same(a, b) && narrower(s, wide)
}

// narrower holds conditions against each other.
func narrower(narrow, wide *shape) bool {
	type fields = map[string]any
	every := func(list []fields, holds func(fields) bool) bool {
		return !slices.ContainsFunc(list, func(one fields) bool { return !holds(one) })
	}
	inOne := func(a fields) bool {
		return slices.ContainsFunc(wide.conditions, func(b fields) bool { return conditionWithin(a, b) })
	}
	holdsOne := func(b fields) bool {
		return slices.ContainsFunc(narrow.conditions, func(a fields) bool { return conditionWithin(a, b) })
	}
	switch {
	case len(narrow.conditions) == 0 || len(wide.conditions) == 0:
		return false
	case narrow.all && wide.all:
		return every(wide.conditions, holdsOne)
	case narrow.all:
		return slices.ContainsFunc(narrow.conditions, inOne)
	case wide.all:
		return every(narrow.conditions, func(a fields) bool {
			return every(wide.conditions, func(b fields) bool { return conditionWithin(a, b) })
		})
	}
	return every(narrow.conditions, inOne)
}

// conditionWithin says whether what meets one condition surely meets another.
func conditionWithin(narrow, wide map[string]any) bool {
	if reflect.DeepEqual(narrow, wide) {
		return true
	}
	if !same(besides(narrow), besides(wide)) {
		return false
	}
	from, to := narrow["operator"], wide["operator"]
	if x, metric := number(narrow["threshold"]); metric {
		y, also := number(wide["threshold"])
		return also && narrow["value"] == nil && wide["value"] == nil && beyondThreshold(from, x, to, y)
	}
	a, _ := narrow["value"].(string)
	b, _ := wide["value"].(string)
	if b == "" || narrow["threshold"] != nil || wide["threshold"] != nil {
		return false
	}
	switch lower, want := strings.ToLower(a), strings.ToLower(b); to {
	case "contains":
		return from != "regex" && strings.Contains(lower, want)
	case "starts_with":
		return (from == to || from == "exact") && strings.HasPrefix(lower, want)
	case "regex":
		return from == to && partOf(b, a)
	}
	return false
}

// besides is what a condition says beside its operator and what it compares to.
func besides(condition map[string]any) map[string]any {
	rest := maps.Clone(condition)
	for _, field := range []string{"operator", "value", "threshold"} {
		delete(rest, field)
	}
	return rest
}

func beyondThreshold(from any, x float64, to any, y float64) bool {
	up := func(operator any) bool { return operator == "gt" || operator == "gte" }
	equal := func(operator any) bool { return operator == "gte" || operator == "lte" }
	if up(from) != up(to) {
		return false
	}
	if x == y {
		return from == to || equal(to)
	}
	return up(from) == (x > y)
}

// partOf says whether a regex is a part of a longer one that what the longer
// one matches has to match: the pieces before and after it stand for
// themselves, and nothing in the three may mean something else when apart.
func partOf(part, longer string) bool {
	part, longer = inlineFlags.ReplaceAllString(part, ""), inlineFlags.ReplaceAllString(longer, "")
	if part == "" || refused(part) {
		return false
	}
	for at := 0; ; at++ {
		next := strings.Index(longer[at:], part)
		if next < 0 {
			return false
		}
		at += next
		if alone(longer[:at]) && alone(part) && alone(longer[at+len(part):]) {
			return true
		}
	}
}

var (
	crossing = regexp.MustCompile(`\\(?:[ukxcpP0-9]|$)`) // escapes that look at what follows, or at groups elsewhere
	repeats  = regexp.MustCompile(`^\{\d+(?:,\d*)?\}`)
)

// alone says whether a piece of a regex means the same by itself: it is a
// regex, no alternative, and asks for no repetition of what stands before it.
func alone(piece string) bool {
	if piece == "" {
		return true
	}
	if _, err := compile(piece, false); err != nil || crossing.MatchString(piece) || strings.ContainsAny(piece[:1], "*+?{") {
		return false
	}
	depth, fine, at := 0, true, 0
	walk(piece, func(token string, inClass bool) {
		switch {
		case inClass:
		case strings.HasPrefix(token, "("):
			depth++
		case token == ")":
			depth--
		case token == "|":
			fine = fine && depth > 0
		case token == "{":
			fine = fine && repeats.MatchString(piece[at:])
		}
		at += len(token)
	})
	return fine && depth == 0
}
