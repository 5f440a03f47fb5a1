package secretscan

import (
	"math"
	"slices"
	"sort"
	"strings"
)

// judge makes a finding of a match, or says that it is none: first what costs
// little and settles most.
func (p *Policy) judge(r *rule, look *pass, m span) (Finding, bool) {
	match := strings.Trim(look.text[m.from:m.to], "\n")
	overlap := look.layer.over(m)
	if look.layer != nil && len(overlap) == 0 {
		return Finding{}, false // an earlier pass has seen it
	}
	secret, ok := r.secretOf(match)
	entropy := entropyOf(secret)
	if !ok || (r.Entropy != 0 && entropy <= r.Entropy) || (r.proves != nil && !r.proves(secret)) {
		return Finding{}, false
	}
	tags := r.Tags
	if look.layer != nil {
		m = look.layer.origin(m)
		tags = slices.Concat(tags, look.layer.tagsOf(overlap))
		secret, match = strings.Clone(secret), strings.Clone(match) // the text will change
	} else {
		m.to = m.from + len(match)
	}
	at := locate(look.breaks(), look.raw, m)
	lineTo := max(at.lineTo, m.to)
	if !r.own && look.marked(at.lineFrom, lineTo) {
		return Finding{}, false
	}
	line := look.raw[at.lineFrom:lineTo]
	f := Finding{
		Rule: r.ID, Description: r.Description, File: look.file, Tags: tags, Entropy: float32(entropy),
		StartLine: at.startLine + 1, EndLine: at.endLine + 1, StartColumn: at.startColumn, EndColumn: at.endColumn,
		Secret: newSecret(secret), match: newSecret(match), line: newSecret(line),
	}
	if look.layer != nil {
		line = lineOf(look.text, overlap)
	}
	return f, !findingAllowed(f, line, r.global) && !findingAllowed(f, line, r.allow)
}

// marked says whether a comment gitleaks:allow stands in a piece of the text.
func (look *pass) marked(from, to int) bool {
	marks := look.marks()
	i := sort.SearchInts(marks, from)
	return i < len(marks) && marks[i]+len(inlineAllow) <= to
}

// allOf are the places of a word.
func allOf(text, word string) []int {
	var all []int
	for at := 0; ; at++ {
		i := strings.Index(text[at:], word)
		if i < 0 {
			return all
		}
		at += i
		all = append(all, at)
	}
}

// entropyOf is Shannon's, in bits a byte, over the runes: gitleaks' sum, in
// the order of the runes' first occurrence so that it is the same each time.
func entropyOf(text string) float64 {
	if text == "" {
		return 0
	}
	var ascii [128]int
	wide, order := map[rune]int(nil), make([]rune, 0, 64)
	count := func(r rune, more int) int {
		if r < 128 {
			ascii[r] += more
			return ascii[r]
		}
		if wide == nil {
			wide = map[rune]int{}
		}
		wide[r] += more
		return wide[r]
	}
	for _, r := range text {
		if count(r, 1) == 1 {
			order = append(order, r)
		}
	}
	entropy, share := 0.0, 1/float64(len(text))
	for _, r := range order {
		frequency := float64(count(r, 0)) * share
		entropy -= frequency * math.Log2(frequency)
	}
	return entropy
}
