package secretscan

import (
	"regexp"
	"strings"
	"sync"
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
	paths, regexes func() *regexp.Regexp
	words          func() []string
}

func newAllowlist(spec allowSpec) *allowlist {
	a := &allowlist{allowSpec: spec}
	a.paths = sync.OnceValue(func() *regexp.Regexp { return anyOf(spec.Paths) })
	a.regexes = sync.OnceValue(func() *regexp.Regexp { return anyOf(spec.Regexes) })
	a.words = sync.OnceValue(func() []string { return lowered(spec.StopWords) })
	return a
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

// hasWord looks for each stop word in turn: a secret is short, and a trie of
// the default rules' 1446 words takes longer to build than 100 such looks.
func (a *allowlist) hasWord(secret string) bool {
	secret = strings.ToLower(secret)
	for _, word := range a.words() {
		if secret != "" && strings.Contains(secret, word) {
			return true
		}
	}
	return false
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
