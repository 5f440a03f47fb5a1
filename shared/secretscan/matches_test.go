package secretscan

import (
	"math/rand"
	"slices"
	"strings"
	"testing"
)

// handmade are rules as a repository may write them, chosen for what is hard
// about windows: assertions at both ends, keywords in the middle, parts without
// a bound, branches in branches, letters that fold to others.
var handmade = []ruleSpec{
	{Regex: `\bkey\b`, Keywords: []string{"key"}},
	{Regex: `(?i)\bkey[a-z]*$`, Keywords: []string{"key"}},
	{Regex: `(?m)^\s*token:.*$`, Keywords: []string{"token"}},
	{Regex: `[a-z]+-key-[a-z]+`, Keywords: []string{"-key-"}},
	{Regex: `.*secret.*`, Keywords: []string{"secret"}},
	{Regex: `(?s)begin.*?end`, Keywords: []string{"begin"}},
	{Regex: `(?s)begin.*end`, Keywords: []string{"begin", "end"}},
	{Regex: `(?i)(?:ab|a)(?:bkey|key)(?:x{2,3}|y*){1,2}\B`, Keywords: []string{"key"}},
	{Regex: `(key|token)(=|:)("[^"]*"|'[^']*'|\S{3,})`, Keywords: []string{"key", "token"}},
	{Regex: `(?:(?:k|K)ey ?){2,4}!`, Keywords: []string{"key"}},
	{Regex: `x[0-9]{3}\b`, Keywords: []string{"secret"}},
	{Regex: `\d{2,}é?[a-f]+`, Keywords: []string{"key"}},
	{Regex: `(?i)skey.{0,5}ſ?`, Keywords: []string{"skey"}},
	{Regex: `key\z|\Atoken`, Keywords: []string{"key", "token"}},
	{Regex: `a*`, Keywords: []string{"key"}},
	{Regex: `SCHLÜSSEL=\w+`, Keywords: []string{"schlüssel"}},
	{Regex: `(?i)key(?:\s|[^a-z])+\w{2}$`, Keywords: []string{"key"}},
}

var scraps = []string{
	"key", "KEY", "Key", "token", "secret", "begin", "end", "skey", "-key-", "ab", "a", "x123", "42", "é", "ſ", "\u212a", "\u0130", "ey", "s", "\xff", "\xc3",
	" ", "\n", "=", ":", "\"", "'", "!", "xx", "yyyy", "abc", "_", "-", "SCHLÜSSEL=", "schlüssel=", "key key ", ".", "token: x", "0123456789", "bkey",
}

// Every rule's matches are those of its regex on the whole text.
func TestWindowsGiveTheMatchesOfTheWholeText(t *testing.T) {
	specs := handmade
	for _, spec := range defaultRules {
		if spec.Regex != "" {
			specs = append(specs, spec)
		}
	}
	p := &Policy{byID: map[string]int{}}
	for _, spec := range specs {
		p.add(newRule(spec, nil))
	}
	p.index()
	random, found, rounds, every := rand.New(rand.NewSource(9)), 0, 200, 8
	if required("gitleaks") {
		rounds, every = 3000, 1
	}
	for range rounds {
		var b strings.Builder
		for range 1 + random.Intn(60) {
			b.WriteString(scraps[random.Intn(len(scraps))])
		}
		found += sameMatches(t, p, b.String())
	}
	for i, one := range examples(t) {
		if i%every > 0 {
			continue
		}
		found += sameMatches(t, p, scraps[random.Intn(len(scraps))]+one.text+scraps[random.Intn(len(scraps))])
	}
	t.Logf("%d matches", found)
	if found < 5000 {
		t.Errorf("%d matches only", found)
	}
}

func sameMatches(t *testing.T, p *Policy, text string) int {
	t.Helper()
	look := pass{raw: text, decoded: decoded{text: text}}
	p.take(&look, func(*rule) bool { return false })
	found, low := 0, strings.ToLower(text)
	for i, r := range p.rules {
		asked := slices.ContainsFunc(r.Keywords, func(word string) bool { return strings.Contains(low, word) })
		if len(r.Keywords) > 0 && asked != look.aims[i].touched {
			t.Fatalf("%q, keywords %q: gitleaks asks for them: %t, ours %t", text, r.Keywords, asked, look.aims[i].touched)
		}
		if !asked {
			continue
		}
		var want []span
		for _, m := range r.regex().FindAllStringIndex(text, -1) {
			want = append(want, span{m[0], m[1]})
		}
		if got := r.matches(&look, &look.aims[i]); !slices.Equal(got, want) {
			t.Fatalf("%s on %q (search %d):\n whole text %v\n windows    %v", r.Regex, text, r.plan().search, want, got)
		}
		found += len(want)
	}
	return found
}
