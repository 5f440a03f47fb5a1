package secretscan

import (
	"context"
	"math"
	"strings"
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
	raw    string // as it stands
	text   string // decoded so far
	breaks func() []int
	layer  *layer // nil: as it stands
	aims   []aim  // of each rule of the policy
	odd    []span // unusual runes
}

// detect is gitleaks' DetectContext for a fragment that begins at line 1.
func (p *Policy) detect(ctx context.Context, file, text string) ([]Finding, error) {
	var found []Finding
	var breaks []int
	look := pass{file: file, raw: text, text: text}
	look.breaks = func() []int {
		if breaks == nil {
			breaks = lineBreaks(text)
		}
		return breaks
	}
	skip := p.skipped(file)
	for depth := 0; ; {
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
		depth++
		if depth > decodeDepth {
			break
		}
		if look.text, look.layer = decode(look.text, look.layer); look.layer == nil {
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

// judge makes a finding of a match, or says that it is none.
func (p *Policy) judge(r *rule, look *pass, m span) (Finding, bool) {
	match := strings.Trim(look.text[m.from:m.to], "\n")
	tags, decodedLine := r.Tags, ""
	if look.layer != nil {
		overlap := look.layer.over(m)
		if len(overlap) == 0 {
			return Finding{}, false // an earlier pass has seen it
		}
		m = look.layer.origin(m)
		tags = append(append([]string{}, tags...), look.layer.tagsOf(overlap)...)
		decodedLine = lineOf(look.text, overlap)
	} else {
		m.to = m.from + len(match)
	}
	at := locate(look.breaks(), look.raw, m)
	line := look.raw[at.lineFrom:max(at.lineTo, m.to)]
	if !r.own && strings.Contains(line, inlineAllow) {
		return Finding{}, false
	}
	if decodedLine == "" {
		decodedLine = line
	}
	secret, ok := r.secretOf(match)
	entropy := entropyOf(secret)
	if !ok || (r.Entropy != 0 && entropy <= r.Entropy) || (r.proves != nil && !r.proves(secret)) {
		return Finding{}, false
	}
	f := Finding{
		Rule: r.ID, Description: r.Description, File: look.file, Tags: tags, Entropy: float32(entropy),
		StartLine: at.startLine + 1, EndLine: at.endLine + 1, StartColumn: at.startColumn, EndColumn: at.endColumn,
		Secret: newSecret(secret), match: newSecret(match), line: newSecret(line),
	}
	return f, !findingAllowed(f, decodedLine, r.global) && !findingAllowed(f, decodedLine, r.allow)
}

// entropyOf is Shannon's, in bits a byte, over the runes: gitleaks' sum, in
// the order of the runes' first occurrence so that it is the same each time.
func entropyOf(text string) float64 {
	if text == "" {
		return 0
	}
	counts, order := map[rune]int{}, []rune{}
	for _, r := range text {
		if counts[r] == 0 {
			order = append(order, r)
		}
		counts[r]++
	}
	entropy, share := 0.0, 1/float64(len(text))
	for _, r := range order {
		frequency := float64(counts[r]) * share
		entropy -= frequency * math.Log2(frequency)
	}
	return entropy
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
