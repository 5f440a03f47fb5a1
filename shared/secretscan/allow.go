package secretscan

import (
	"slices"
	"strings"
	"sync/atomic"

	"github.com/zricethezav/gitleaks/v8/regexp"
)

// allowSpec is an allow list as a configuration writes it. Target is what the
// regexes look at: "" the secret, "match" or "line".
type allowSpec struct {
	And                                bool
	Commits, Paths, Regexes, StopWords []string
	Target                             string
}

// allowlist is an allowSpec at work.
type allowlist struct {
	allowSpec
	joinedPaths, joinedRegexes lazy[*regexp.Regexp]
	lowWords                   lazy[[]string]
	sortedWords                lazy[*wordSet]
	looks                      atomic.Int32
}

func newAllowlist(spec allowSpec) *allowlist { return &allowlist{allowSpec: spec} }

func (a *allowlist) paths() *regexp.Regexp {
	return a.joinedPaths.get(func() *regexp.Regexp { return anyOf(a.Paths) })
}

func (a *allowlist) regexes() *regexp.Regexp {
	return a.joinedRegexes.get(func() *regexp.Regexp { return anyOf(a.Regexes) })
}

func (a *allowlist) words() []string {
	return a.lowWords.get(func() []string { return lowered(a.StopWords) })
}

func (a *allowlist) sorted() *wordSet {
	return a.sortedWords.get(func() *wordSet { return sortWords(a.words()) })
}

// anyOf joins patterns as gitleaks does, flags of one reaching into the next
// only where gitleaks has it so. nil for none.
func anyOf(patterns []string) *regexp.Regexp {
	if len(patterns) == 0 {
		return nil
	}
	return regexp.MustCompile("(?:" + strings.Join(patterns, "|") + ")")
}

func lowered(words []string) []string {
	low := make([]string, len(words))
	for i, word := range words {
		low[i] = strings.ToLower(word)
	}
	return low
}

func (a *allowlist) allowsPath(path string) bool {
	re := a.paths()
	return re != nil && path != "" && re.MatchString(path)
}

func (a *allowlist) allowsText(text string) bool {
	re := a.regexes()
	return re != nil && text != "" && re.MatchString(text)
}

// fewLooks is how many secrets are searched for each stop word in turn. To sort
// the default rules' 1446 words costs as much, and makes each further look a
// hundred times cheaper.
const fewLooks = 4

func (a *allowlist) hasWord(secret string) bool {
	if len(a.StopWords) == 0 || secret == "" {
		return false
	}
	secret = strings.ToLower(secret)
	if a.looks.Add(1) > fewLooks {
		return a.sorted().in(secret)
	}
	return slices.ContainsFunc(a.words(), func(word string) bool { return strings.Contains(secret, word) })
}

// wordSet finds words by their first two bytes.
type wordSet struct {
	short []string // of less than two
	by    map[[2]byte][]string
}

func sortWords(words []string) *wordSet {
	s := &wordSet{by: map[[2]byte][]string{}}
	for _, word := range words {
		if len(word) < 2 {
			s.short = append(s.short, word)
			continue
		}
		head := [2]byte{word[0], word[1]}
		s.by[head] = append(s.by[head], word)
	}
	return s
}

func (s *wordSet) in(text string) bool {
	for i := 0; i+1 < len(text); i++ {
		for _, word := range s.by[[2]byte{text[i], text[i+1]}] {
			if strings.HasPrefix(text[i:], word) {
				return true
			}
		}
	}
	return slices.ContainsFunc(s.short, func(word string) bool { return strings.Contains(text, word) })
}

// fileAllowed says whether a whole file is left out. An "and" list with
// regexes or stop words has to wait for a finding. Allow lists by commit do
// not apply: what is scanned here has no commit yet, or all must be clean.
func fileAllowed(path string, lists []*allowlist) bool {
	if path == "" {
		return false
	}
	for _, a := range lists {
		switch {
		case !a.And && a.allowsPath(path):
			return true
		case a.And && len(a.Regexes) == 0 && len(a.StopWords) == 0 && len(a.Commits) == 0 && a.allowsPath(path):
			return true
		}
	}
	return false
}

// findingAllowed says whether a finding is left out; line is the decoded one.
func findingAllowed(f Finding, line string, lists []*allowlist) bool {
	for _, a := range lists {
		target := f.Secret.text()
		switch a.Target {
		case "match":
			target = f.match.text()
		case "line":
			target = line
		}
		text, word := a.allowsText(target), a.hasWord(f.Secret.text())
		if !a.And && (text || word) {
			return true
		}
		if a.And && len(a.Commits) == 0 &&
			(len(a.Paths) == 0 || a.allowsPath(f.File)) &&
			(len(a.Regexes) == 0 || text) && (len(a.StopWords) == 0 || word) {
			return true
		}
	}
	return false
}
