package secretscan

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Baseline is what an earlier report of gitleaks (-f json) found already. It
// leaves out a finding as gitleaks' --baseline-path does: when rule, file,
// place, entropy and commit are the same, and match and secret too, unless the
// report was made with --redact.
type Baseline struct {
	known map[baselineKey][]baselineText
}

type baselineKey struct {
	rule, description, file, commit string
	lines, columns                  [2]int
	entropy                         float32
}

type baselineText struct{ match, secret string }

// ReadBaseline reads a report of gitleaks in JSON. Anything else is a
// fault.Usage that repeats nothing of the text.
func ReadBaseline(name string, text []byte) (*Baseline, error) {
	var all []struct {
		RuleID, Description, Match, Secret, File, Commit string
		StartLine, EndLine, StartColumn, EndColumn       int
		Entropy                                          float32
	}
	if err := json.Unmarshal(text, &all); err != nil || all == nil {
		return nil, fault.Usage("read baseline %s: it is no report of gitleaks in JSON", name).Hint("gitleaks git --redact -f json -r %s", name)
	}
	b := &Baseline{map[baselineKey][]baselineText{}}
	for _, f := range all {
		key := baselineKey{f.RuleID, f.Description, f.File, f.Commit, [2]int{f.StartLine, f.EndLine}, [2]int{f.StartColumn, f.EndColumn}, f.Entropy}
		b.known[key] = append(b.known[key], baselineText{f.Match, f.Secret})
	}
	return b, nil
}

// Has says whether the baseline has a finding; commit is "" for what is in
// none. A nil baseline has nothing.
func (b *Baseline) Has(f Finding, commit string) bool {
	if b == nil {
		return false
	}
	key := baselineKey{f.Rule, f.Description, f.File, commit, [2]int{f.StartLine, f.EndLine}, [2]int{f.StartColumn, f.EndColumn}, f.Entropy}
	return slices.ContainsFunc(b.known[key], func(t baselineText) bool {
		return isRedacted(t.secret) || t.match == f.match.text() && t.secret == f.Secret.text()
	})
}

// isRedacted: gitleaks writes REDACTED, or the beginning and three dots.
func isRedacted(secret string) bool { return secret == "REDACTED" || strings.HasSuffix(secret, "...") }

// AllowedIn says whether a finding of Scan is left out because of the commit
// that brings it: .gitleaksignore has `commit:file:rule:line`, or an allow list
// names the commit, as `gitleaks git` reads both.
func (p *Policy) AllowedIn(commit string, f Finding) bool {
	if commit == "" {
		return false
	}
	if p.ignored[commit+":"+f.Fingerprint()] {
		return true
	}
	i, ok := p.byID[f.Rule]
	if !ok {
		return false
	}
	r := p.rules[i]
	for _, a := range slices.Concat(r.global, r.allow) {
		if a.allowsIn(commit, f) {
			return true
		}
	}
	return false
}

// allowsIn is the part of gitleaks' checks that asks for the commit.
func (a *allowlist) allowsIn(commit string, f Finding) bool {
	named := slices.ContainsFunc(a.Commits, func(one string) bool { return strings.EqualFold(one, commit) })
	if !named || !a.And {
		return named
	}
	target := f.Secret.text()
	switch a.Target {
	case "match":
		target = f.match.text()
	case "line":
		target = f.line.text()
	}
	return (len(a.Paths) == 0 || a.allowsPath(f.File)) && (len(a.Regexes) == 0 || a.allowsText(target)) &&
		(len(a.StopWords) == 0 || a.hasWord(f.Secret.text()))
}

// SecretOf makes a secret of a text that another search found.
func SecretOf(text string) Secret { return newSecret(strings.Clone(text)) }

// Feed gives the secret to a hash, and to nothing that keeps it.
func (s Secret) Feed(hash interface{ Write([]byte) (int, error) }) {
	_, _ = hash.Write([]byte(s.text()))
}

// Begins says whether the secret begins with a text and goes on after it.
func (s Secret) Begins(prefix string) bool {
	return len(s.text()) > len(prefix) && strings.HasPrefix(s.text(), prefix)
}

// Detached is the finding without the text around its secret, so that it keeps
// no content in memory. AllowedIn and Baseline.Has need that text: ask before.
func (f Finding) Detached() Finding {
	f.Secret, f.match, f.line = SecretOf(f.Secret.text()), Secret{}, Secret{}
	return f
}
