package vaultauth

import (
	"fmt"
	"slices"
	"testing"
)

// TestSearchAgainstAllShortTexts: there is a text that one list of patterns
// takes and another does not, exactly where one of all short texts shows it.
func TestSearchAgainstAllShortTexts(t *testing.T) {
	var texts []string
	for level := []string{""}; len(level[0]) < 6; {
		var next []string
		for _, text := range level {
			for _, r := range []string{"a", "b", "z", "*"} {
				next = append(next, text+r)
			}
		}
		texts, level = append(texts, level...), next
	}
	words, differ := []string{"a", "ab", "*", "a*", "*b", "a*b", "*a*", "b", "ba*", "*ab*b", "a*a", "bb"}, 0
	for seed := range int64(cases(300, 3000)) {
		d := dice{rnd(seed)}
		var lists [2]wanted
		for i := range lists {
			for range 1 + d.Intn(2) {
				var list []pattern
				for range 1 + d.Intn(3) {
					list = append(list, pattern{d.one(words...), !d.in(4)})
				}
				lists[i] = append(lists[i], list)
			}
		}
		takes := func(w wanted, text string) bool {
			return !slices.ContainsFunc(w, func(list []pattern) bool {
				return !slices.ContainsFunc(list, func(p pattern) bool { return p.glob && globMatches(p.text, text) || p.text == text })
			})
		}
		shown := slices.ContainsFunc(texts, func(text string) bool { return takes(lists[0], text) && !takes(lists[1], text) })
		text, reached := wordRule(0, nil).beyond(lists[0], lists[1])
		if (reached == found) != shown || reached == toomany || reached == found && (!takes(lists[0], text) || takes(lists[1], text)) {
			t.Fatalf("seed %d: %v beyond %v: %q %v, of all texts %v", seed, lists[0], lists[1], text, reached, shown)
		}
		if shown {
			differ++
		}
	}
	if differ == 0 {
		t.Error("nothing ever differed: the test shows nothing")
	}
}

// TestLongListsAreToldApart: a thousand names on each side.
func TestLongListsAreToldApart(t *testing.T) {
	var a []any
	for i := range 1000 {
		a = append(a, fmt.Sprintf("service-account-%d", i*7919%1000))
	}
	b := append(slices.Clone(a[1:]), "z*")
	long := func(names []any) Side {
		return side("kubernetes", kubeConfig, with(kubeRole, "bound_service_account_names", names))
	}
	if r := mustCompare(t, long(a), long(a), Options{}); len(r.Findings)+len(r.Incomplete) > 0 {
		t.Errorf("%v", said(r))
	}
	r := mustCompare(t, long(a), long(b), Options{})
	if len(r.Findings) != 2 || len(r.Incomplete) > 0 {
		t.Errorf("%v", said(r))
	}
}
