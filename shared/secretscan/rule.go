package secretscan

import (
	"regexp"
	"sync"
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

// rule is a ruleSpec at work. Its regexes are compiled when first needed.
type rule struct {
	ruleSpec
	allow  []*allowlist
	global []*allowlist      // the allow lists of the configuration it came with
	own    bool              // one of ClawQL's
	proves func(string) bool // a check of the secret that no regex can do; nil for none
	regex  func() *regexp.Regexp
	path   func() *regexp.Regexp
	plan   func() *plan
	// oddBound is how far a match with unusual runes can reach.
	oddBound func() *bound
}

func newRule(spec ruleSpec, global []*allowlist) *rule {
	r := &rule{ruleSpec: spec, global: global}
	for _, a := range spec.Allow {
		r.allow = append(r.allow, newAllowlist(a))
	}
	r.regex = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(r.Regex) })
	r.plan = sync.OnceValue(func() *plan { return planOf(r.Regex, r.Keywords) })
	r.oddBound = sync.OnceValue(func() *bound { return oddBound(r.Regex) })
	r.path = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(r.Path) })
	return r
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
