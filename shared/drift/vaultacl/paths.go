package vaultacl

import (
	"fmt"
	"slices"
	"strings"
)

// representatives are paths of which every path is like one, for all patterns:
// for each length the most general path of each intersection. For lists they are
// more, since a list asks for the path with a slash too. It is false where that
// takes more than limit intersections.
func representatives(patterns []pattern, lists bool, limit int) ([]string, bool) {
	longest := 0
	for _, p := range patterns {
		longest = max(longest, len(p.segments))
	}
	fresh := freshWord(patterns)
	var paths []string
	for n := 1; n <= longest+1; n++ {
		sets, within := intersections(patterns, n, lists, limit)
		if !within {
			return nil, false
		}
		for _, segments := range sets {
			paths = append(paths, general(segments, fresh))
		}
	}
	slices.Sort(paths)
	paths = slices.Compact(paths)
	return slices.DeleteFunc(paths, func(path string) bool { return slices.Contains(strings.Split(path, "/"), "") }), true
}

// intersections of the patterns for paths of n segments, that of none included:
// every path.
func intersections(patterns []pattern, n int, lists bool, limit int) ([][]segment, bool) {
	every := make([]segment, n)
	for i := range every {
		every[i].open = true
	}
	sets := [][]segment{every}
	ways := []func(pattern, int) ([]segment, bool){pattern.ofLength, pattern.withSlash}
	if !lists {
		ways = ways[:1]
	}
	seen := map[string]bool{fmt.Sprint(every): true}
	for _, p := range patterns {
		for _, way := range ways {
			own, some := way(p, n)
			if !some {
				continue
			}
			for _, set := range slices.Clone(sets) {
				both, some := intersect(set, own)
				if key := fmt.Sprint(both); some && !seen[key] {
					seen[key] = true
					sets = append(sets, both)
				}
			}
			if len(sets) > limit {
				return nil, false
			}
		}
	}
	return sets, true
}

func intersect(a, b []segment) ([]segment, bool) {
	both := make([]segment, len(a))
	for i := range a {
		var some bool
		if both[i], some = a[i].and(b[i]); !some {
			return nil, false
		}
	}
	return both, true
}

// general is the path that has fresh wherever the segments leave a choice.
func general(segments []segment, fresh string) string {
	words := make([]string, len(segments))
	for i, s := range segments {
		words[i] = s.word
		if s.open {
			words[i] += fresh
		}
	}
	return strings.Join(words, "/")
}

// freshWord continues no word of a pattern towards another one.
func freshWord(patterns []pattern) string {
	var words []string
	for _, p := range patterns {
		for _, s := range p.segments {
			words = append(words, s.word)
		}
	}
	for _, fresh := range []string{"other", "any", "some", "new", "x", "q", "z", "0"} {
		if isFresh(fresh, words) {
			return fresh
		}
	}
	for letter := '\u00e0'; ; letter++ { // words are finite, letters are more
		if fresh := string(letter); isFresh(fresh, words) {
			return fresh
		}
	}
}

// isFresh: after no word that one pattern has does it come closer to another's.
func isFresh(fresh string, words []string) bool {
	for _, begin := range append(words, "") {
		for _, word := range words {
			if rest, longer := strings.CutPrefix(word, begin); longer && rest != "" && rest[0] == fresh[0] {
				return false
			}
		}
	}
	return true
}
