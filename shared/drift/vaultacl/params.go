package vaultacl

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Parameter restrictions are compared key by key: what a side says of a value
// of one key does not depend on the others, but for required keys and for a
// denied *, which refuses every request that has parameters at all.

// accepts a value of a key.
func (p perms) accepts(key, value string) bool {
	if denied, named := p.denied[key]; named && (len(denied) == 0 || anyPart(value, denied)) {
		return false
	}
	_, all := p.allowed["*"]
	allowed, named := p.allowed[key]
	switch {
	case len(p.allowed) == 0 || all && len(p.allowed) == 1:
		return true
	case !named:
		return all
	}
	return len(allowed) == 0 || inList(value, allowed) || everyPart(value, allowed)
}

// refusesAll requests with parameters.
func (p perms) refusesAll() bool {
	_, all := p.denied["*"]
	return all
}

func inList(value string, list []any) bool {
	return slices.ContainsFunc(list, func(one any) bool {
		pattern, text := one.(string)
		return text && globMatches(pattern, value)
	})
}

func anyPart(value string, list []any) bool {
	return inList(value, list) || slices.ContainsFunc(parts(value), func(part string) bool { return inList(part, list) })
}

func everyPart(value string, list []any) bool {
	return !slices.ContainsFunc(parts(value), func(part string) bool { return !inList(part, list) })
}

// parts of a value that Vault may take for a list.
func parts(value string) []string {
	list := strings.Split(value, ",")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

// globMatches: a * counts at the beginning and at the end.
func globMatches(pattern, value string) bool {
	if len(pattern) < 2 {
		return pattern == value || pattern == "*"
	}
	leading, trailing := strings.HasPrefix(pattern, "*"), strings.HasSuffix(pattern, "*")
	switch {
	case leading && trailing:
		return strings.Contains(value, pattern[1:len(pattern)-1])
	case leading:
		return strings.HasSuffix(value, pattern[1:])
	case trailing:
		return strings.HasPrefix(value, pattern[:len(pattern)-1])
	}
	return pattern == value
}

// keysOf the parameters that either side names, and one that none does.
func keysOf(a, b perms, fresh string) []string {
	found := map[string]bool{fresh: true}
	for _, p := range []perms{a, b} {
		for _, lists := range []map[string][]any{p.allowed, p.denied} {
			for key := range lists {
				found[key] = true
			}
		}
		for _, key := range p.required {
			found[strings.ToLower(key)] = true
		}
	}
	delete(found, "*")
	return slices.Sorted(maps.Keys(found))
}

// valuesOf a key that can matter: what the lists name, their globs with fresh
// in place of the *, fresh itself, and two of these joined by a comma.
func valuesOf(a, b perms, key, fresh string) []string {
	list := []string{fresh}
	for _, p := range []perms{a, b} {
		for _, one := range slices.Concat(p.allowed[key], p.denied[key]) {
			if text, is := one.(string); is {
				core := strings.TrimSuffix(strings.TrimPrefix(text, "*"), "*")
				list = append(list, text, core, strings.ReplaceAll(text, "*", fresh), core+fresh, fresh+core, fresh+core+fresh)
			}
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	const paired = 24
	for _, one := range list[:min(paired, len(list))] {
		for _, two := range list[:min(paired, len(list))] {
			if one != two {
				list = append(list, one+","+two)
			}
		}
	}
	return slices.DeleteFunc(list, func(v string) bool { return v == "" })
}

// wraps are wrapping times of which every one is like one, 0 for none: each
// bound, between two of them, below and above all.
func wraps(a, b perms) []time.Duration {
	var bounds []time.Duration
	for _, d := range []time.Duration{a.minWrap, a.maxWrap, b.minWrap, b.maxWrap} {
		if d > 0 {
			bounds = append(bounds, d)
		}
	}
	slices.Sort(bounds)
	list := []time.Duration{0}
	last := time.Duration(0)
	for _, d := range slices.Compact(bounds) {
		if between := last + (d-last)/2; between > last {
			list = append(list, between)
		}
		list = append(list, d)
		last = d
	}
	if last > 0 {
		list = append(list, last+time.Minute)
	}
	return list
}

func (p perms) wrapFits(ttl time.Duration) bool {
	return (p.maxWrap == 0 || ttl > 0 && ttl <= p.maxWrap) && (p.minWrap == 0 || ttl > 0 && ttl >= p.minWrap) &&
		(p.minWrap == 0 || p.maxWrap == 0 || p.minWrap <= p.maxWrap)
}
