package secretscan

import (
	"sync"

	"github.com/zricethezav/gitleaks/v8/regexp"
)

// ruleSpec is a rule as a configuration writes it. The default rules are such
// values in the program's data, so that a start parses no TOML.
type ruleSpec struct {
	ID, Description, Regex, Path string
	Group                        int
	Entropy                      float64
	Keywords, Tags               []string
	Allow                        []allowSpec
	Required                     []requiredSpec
	SkipReport                   bool
}

// requiredSpec is another rule that must match near by; nil is no limit.
type requiredSpec struct {
	ID                         string
	WithinLines, WithinColumns *int
}

// rule is a ruleSpec at work.
type rule struct {
	ruleSpec
	allow  []*allowlist
	global []*allowlist      // the allow lists of the configuration it came with
	own    bool              // one of ClawQL's
	proves func(string) bool // a check of the secret that no regex can do; nil for none

	compiled, compiledPath lazy[*regexp.Regexp]
	planned                lazy[*plan]
	oddly                  lazy[*bound]
}

// lazy is a value that is made when it is first needed.
type lazy[T any] struct {
	once  sync.Once
	value T
}

func (l *lazy[T]) get(make func() T) T {
	l.once.Do(func() { l.value = make() })
	return l.value
}

func newRule(spec ruleSpec, global []*allowlist) *rule {
	return &rule{ruleSpec: spec, global: global, allow: allowlists(spec.Allow)}
}

func (r *rule) regex() *regexp.Regexp {
	return r.compiled.get(func() *regexp.Regexp { return regexp.MustCompile(r.Regex) })
}

func (r *rule) path() *regexp.Regexp {
	return r.compiledPath.get(func() *regexp.Regexp { return regexp.MustCompile(r.Path) })
}

func (r *rule) plan() *plan {
	return r.planned.get(func() *plan { return planOf(r.Regex, r.Keywords) })
}

// oddBound is how far a match with unusual runes can reach.
func (r *rule) oddBound() *bound {
	return r.oddly.get(func() *bound { return oddBound(r.Regex) })
}

// secretOf is the part of a match that is the secret: the group that the rule
// names, else the first group that is not empty, else all. ok is false when
// the group does not exist.
func (r *rule) secretOf(match string) (secret string, ok bool) {
	groups := r.regex().FindStringSubmatch(match)
	if len(groups) < 2 {
		return match, true
	}
	if r.Group > 0 {
		if len(groups) <= r.Group {
			return "", false
		}
		return groups[r.Group], true
	}
	for _, group := range groups[1:] {
		if group != "" {
			return group, true
		}
	}
	return match, true
}
