// Package leaktest makes trees and histories full of secrets, of what looks
// like them and of ordinary code, for tests that compare the search for
// secrets with gitleaks'. The same seed gives the same bytes. The secrets are
// put together from the rules' own regexes when a test runs: none of them is
// in this repository, and none opens anything.
package leaktest

import (
	"bytes"
	"math/rand"
	"regexp/syntax"
	"strings"
	"unicode"

	"github.com/spf13/viper"
	"github.com/zricethezav/gitleaks/v8/config"
)

// Forge makes texts at random.
type Forge struct {
	random *rand.Rand
	rules  []rule
	// Planted counts the secrets by their rule. Not all of them are findings:
	// some have too little entropy, a stop word, or a place that is allowed.
	Planted map[string]int
}

type rule struct {
	id       string
	re       *syntax.Regexp
	keywords []string
}

// New reads the rules of the gitleaks that go.mod names.
func New(seed int64) (*Forge, error) {
	loader := viper.New()
	loader.SetConfigType("toml")
	if err := loader.ReadConfig(bytes.NewReader([]byte(config.DefaultConfig))); err != nil {
		return nil, err
	}
	var raw config.ViperConfig
	if err := loader.Unmarshal(&raw); err != nil {
		return nil, err
	}
	f := &Forge{random: rand.New(rand.NewSource(seed)), Planted: map[string]int{}}
	for _, one := range raw.Rules {
		if one.Regex == "" {
			continue
		}
		re, err := syntax.Parse(one.Regex, syntax.Perl)
		if err != nil {
			return nil, err
		}
		f.rules = append(f.rules, rule{one.ID, re, one.Keywords})
	}
	return f, nil
}

// Secret is a text that a rule's regex matches, with a keyword before it where
// the regex has none; each rule comes equally often.
func (f *Forge) Secret() string {
	one := f.rules[f.random.Intn(len(f.rules))]
	f.Planted[one.id]++
	text := f.match(one.re)
	low := strings.ToLower(text)
	for _, word := range one.keywords {
		if strings.Contains(low, strings.ToLower(word)) {
			return text
		}
	}
	if len(one.keywords) == 0 {
		return text
	}
	return one.keywords[f.random.Intn(len(one.keywords))] + " " + text
}

// NearMiss is a secret with something wrong, or a word that looks like one.
func (f *Forge) NearMiss() string {
	text := f.Secret()
	at := f.random.Intn(len(text))
	switch f.random.Intn(6) {
	case 0:
		return text[:len(text)-1]
	case 1:
		return text[:at] + " " + text[at:]
	case 2:
		return text[:at] + "\n" + text[at:]
	case 3:
		return strings.ToUpper(text)
	case 4:
		return text[:at] + strings.Repeat("a", len(text)-at)
	}
	return text[:at]
}

// match is a text that the regex matches, as far as its assertions allow.
func (f *Forge) match(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		return f.folded(re)
	case syntax.OpCharClass:
		return string(f.runeOf(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return string(rune('a' + f.random.Intn(26)))
	case syntax.OpAlternate:
		return f.match(re.Sub[f.random.Intn(len(re.Sub))])
	case syntax.OpStar:
		return f.times(re.Sub[0], 0, 3)
	case syntax.OpPlus:
		return f.times(re.Sub[0], 1, 12)
	case syntax.OpQuest:
		return f.times(re.Sub[0], 0, 1)
	case syntax.OpRepeat:
		most := re.Max
		if most < 0 || most > re.Min+40 {
			most = re.Min + 20
		}
		return f.times(re.Sub[0], re.Min, most)
	}
	var b strings.Builder
	for _, sub := range re.Sub {
		b.WriteString(f.match(sub))
	}
	return b.String()
}

func (f *Forge) times(re *syntax.Regexp, least, most int) string {
	var b strings.Builder
	for range least + f.random.Intn(most-least+1) {
		b.WriteString(f.match(re))
	}
	return b.String()
}

// folded is a literal, as it is written or, where case does not count, in
// lower case now and then.
func (f *Forge) folded(re *syntax.Regexp) string {
	text := string(re.Rune)
	if re.Flags&syntax.FoldCase != 0 && f.random.Intn(2) == 0 {
		return strings.ToLower(text)
	}
	return text
}

// runeOf is one of a class, of ASCII's that can be printed where it has some.
func (f *Forge) runeOf(ranges []rune) rune {
	var all []rune
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := max(ranges[i], ' '); r <= min(ranges[i+1], unicode.MaxASCII-1); r++ {
			all = append(all, r)
		}
	}
	if len(all) == 0 {
		return ranges[0]
	}
	return all[f.random.Intn(len(all))]
}
