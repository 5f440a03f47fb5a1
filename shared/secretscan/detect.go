package secretscan

import (
	"context"
	"strings"
	"sync"
)

// decodeDepth is how often encoded text is decoded anew; gitleaks' command
// line has 5, its library 0.
const decodeDepth = 5

// inlineAllow on a line excepts it from gitleaks' rules, as for gitleaks, but
// not from ClawQL's: a real key must not pass by its own comment.
const inlineAllow = "gitleaks:allow"

// pass is one look at a text: as it stands, or with encoded parts decoded.
type pass struct {
	file   string
	raw    string       // as it stands
	breaks func() []int // of its lines
	marks  func() []int // its comments gitleaks:allow
	decoded
	aims []aim  // of each rule of the policy
	odd  []span // unusual runes
}

// detect is gitleaks' DetectContext for a fragment that begins at line 1.
func (p *Policy) detect(ctx context.Context, file, text string) ([]Finding, error) {
	var found []Finding
	look := pass{file: file, raw: text, decoded: decoded{text: text}}
	look.breaks = sync.OnceValue(func() []int { return lineBreaks(text) })
	look.marks = sync.OnceValue(func() []int { return allOf(text, inlineAllow) })
	skip := p.skipped(file)
	for depth := 0; ; depth++ {
		p.take(&look, skip)
		for i, r := range p.rules {
			if (len(r.Keywords) > 0 && !look.aims[i].touched) || skip(r) {
				continue
			}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			found = append(found, p.apply(i, &look, false)...)
		}
		look.aims = nil
		if depth == decodeDepth || !look.next() {
			break
		}
	}
	return withoutGeneric(found), nil
}

// skipped tells the rules that a global allow list keeps from a file.
func (p *Policy) skipped(file string) func(*rule) bool {
	base, own := fileAllowed(file, p.global), fileAllowed(file, p.ownGlobal)
	return func(r *rule) bool {
		if r.own {
			return own
		}
		return base
	}
}

// apply is gitleaks' detectRule. inherited is the call for a required rule.
func (p *Policy) apply(i int, look *pass, inherited bool) []Finding {
	r := p.rules[i]
	if (r.SkipReport && !inherited) || fileAllowed(look.file, r.allow) {
		return nil
	}
	if r.Path != "" {
		matches := r.path().MatchString(look.file)
		if r.Regex == "" && look.layer == nil && matches {
			return []Finding{{Rule: r.ID, Description: r.Description, File: look.file, Tags: r.Tags, match: newSecret("file detected: " + look.file)}}
		}
		if !matches {
			return nil
		}
	}
	if r.Regex == "" {
		return nil
	}
	var found []Finding
	for _, m := range r.matches(look, &look.aims[i]) {
		if f, ok := p.judge(r, look, m); ok {
			found = append(found, f)
		}
	}
	if inherited || len(r.Required) == 0 {
		return found
	}
	return p.required(r, look, found)
}

// withoutGeneric drops a generic finding where a special rule has the same
// secret on the same line.
func withoutGeneric(found []Finding) []Finding {
	generic := func(f Finding) bool { return strings.Contains(strings.ToLower(f.Rule), "generic") }
	var kept []Finding
	for _, f := range found {
		beaten := false
		for _, other := range found {
			beaten = beaten || (generic(f) && !generic(other) && f.StartLine == other.StartLine &&
				f.Rule != other.Rule && strings.Contains(other.Secret.text(), f.Secret.text()))
		}
		if !beaten {
			kept = append(kept, f)
		}
	}
	return kept
}
