package secretscan

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"math"
	"sort"
	"strings"
	"sync"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// Sources is what a repository says about scanning, as bytes: nil where it
// has no such file. The caller decides which version of them counts.
type Sources struct {
	Config []byte // .gitleaks.toml; nil: gitleaks' default rules
	Ignore []byte // .gitleaksignore
	// Open reads the file that extend.path names, relative to the root.
	Open func(path string) ([]byte, error)
}

// Policy is a set of rules, ready to scan. It may be used by several
// goroutines at once.
type Policy struct {
	rules             []*rule
	byID              map[string]int // places in rules
	words             *keywords
	longestWord       int
	byWord            [][]int // the rules of a keyword
	folded            []int   // the rules with a keyword that is not ASCII
	requires          bool    // some rule requires another
	global, ownGlobal []*allowlist
	ignored           map[string]bool
}

// Compile assembles the policy: the repository's rules (gitleaks' own where
// it has none), and always those of ClawQL. For ClawQL's tokens only the allow
// lists that the repository itself wrote count, not those of gitleaks'
// defaults: a key in an .svg or under vendor/ is as lost as any other.
// A configuration that gitleaks would refuse is a fault.Usage.
func Compile(s Sources) (*Policy, error) {
	p := *byDefault()
	if s.Config != nil {
		base, err := reader{s.Open}.read(s.Config, 0)
		if err != nil {
			return nil, fault.Usage("read .gitleaks.toml: %w", err)
		}
		p = *assemble(base, withoutDefaults(base.global))
	}
	p.ignored = readIgnore(s.Ignore)
	return &p, nil
}

// byDefault is the policy of a repository that says nothing.
var byDefault = sync.OnceValue(func() *Policy { return assemble(defaults(), nil) })

// Warm makes ready the policy of a repository that says nothing. It may run
// beside other work; nobody has to call it.
func Warm() { byDefault() }

// WarmFiles is Warm, and makes ready what nearly every file asks for.
func WarmFiles() {
	p := byDefault()
	fileAllowed("-", p.global)
	for _, id := range []string{"generic-api-key", "jwt", "vault-service-token", "twilio-api-key"} {
		if i, ok := p.byID[id]; ok {
			p.rules[i].plan()
		}
	}
}

// assemble joins the rules of a configuration and ClawQL's, for which only the
// allow lists in written count.
func assemble(base *configuration, written []allowSpec) *Policy {
	p := &Policy{global: allowlists(base.global), ownGlobal: allowlists(written), byID: map[string]int{}}
	for _, spec := range base.rules {
		p.add(newRule(spec, p.global))
	}
	for _, spec := range ownRules {
		r := newRule(spec, p.ownGlobal)
		r.own = true
		if spec.ID == sessionJWT {
			r = newRule(anyJWT(spec), p.ownGlobal)
			r.own, r.proves = true, hasATRClaim
		}
		p.add(r)
	}
	p.index()
	return p
}

// withoutDefaults keeps the lists that the repository wrote.
func withoutDefaults(lists []allowSpec) []allowSpec {
	n := len(lists) - len(defaultGlobal)
	if n >= 0 && len(defaultGlobal) > 0 && sameList(lists[n], defaultGlobal[0]) {
		return lists[:n] // merge puts what is extended last
	}
	return lists
}

func sameList(a, b allowSpec) bool {
	return strings.Join(a.Paths, "\n") == strings.Join(b.Paths, "\n") &&
		strings.Join(a.Regexes, "\n") == strings.Join(b.Regexes, "\n")
}

func allowlists(specs []allowSpec) []*allowlist {
	var all []*allowlist
	for _, spec := range specs {
		all = append(all, newAllowlist(spec))
	}
	return all
}

func (p *Policy) add(r *rule) {
	p.byID[r.ID] = len(p.rules)
	p.rules = append(p.rules, r)
	p.requires = p.requires || len(r.Required) > 0
}

// index builds the automaton over all keywords.
func (p *Policy) index() {
	var words []string
	for _, r := range p.rules {
		words = append(words, r.Keywords...)
	}
	words = distinct(words)
	place := map[string]int{}
	for i, word := range words {
		place[word] = i
		p.longestWord = max(p.longestWord, len(word))
	}
	p.byWord = make([][]int, len(words))
	for i, r := range p.rules {
		for _, word := range distinct(r.Keywords) {
			p.byWord[place[word]] = append(p.byWord[place[word]], i)
		}
		if len(r.Keywords) > 0 && asciiWords(r.Keywords) == nil {
			p.folded = append(p.folded, i)
		}
	}
	p.words = newKeywords(words)
}

// readIgnore reads fingerprints `file:rule:line`. Those with a commit have no
// meaning for content that is not committed yet.
func readIgnore(text []byte) map[string]bool {
	ignored := map[string]bool{}
	for _, line := range bytes.Split(text, []byte("\n")) {
		entry := strings.TrimSpace(string(line))
		if entry == "" || strings.HasPrefix(entry, "#") {
			continue
		}
		parts := strings.Split(entry, ":")
		if at := len(parts) - 3; at == 0 || at == 1 {
			parts[at] = strings.ReplaceAll(parts[at], "\\", "/")
		}
		ignored[strings.Join(parts, ":")] = true
	}
	return ignored
}

// Scan gives the findings in one file's content, sorted by place. UTF-16 is
// read as text too, and so is what stands between NUL bytes.
func (p *Policy) Scan(ctx context.Context, file string, content []byte) ([]Finding, error) {
	if uint64(len(content)) > math.MaxUint32 {
		return nil, fault.Unable("scan %s: it has %d bytes; at most %d can be looked at", file, len(content), uint32(math.MaxUint32))
	}
	var found []Finding
	seen := map[string]bool{}
	for _, text := range readings(content) {
		some, err := p.detect(ctx, file, text)
		if err != nil {
			return nil, err
		}
		for _, f := range some {
			key := f.Fingerprint() + "\x00" + f.Secret.text()
			if !p.ignored[f.Fingerprint()] && (len(found) == 0 || !seen[key] || text == string(content)) {
				found = append(found, f)
			}
			seen[key] = true
		}
	}
	sort.SliceStable(found, func(i, j int) bool { return before(found[i], found[j]) })
	return found, nil
}

func before(a, b Finding) bool {
	switch {
	case a.StartLine != b.StartLine:
		return a.StartLine < b.StartLine
	case a.StartColumn != b.StartColumn:
		return a.StartColumn < b.StartColumn
	}
	return a.Rule < b.Rule
}

// sessionJWT is the rule that needs more than a regex.
const sessionJWT = "clawql-session-jwt"

// anyJWT is the rule for a JWT with its claims in any order; hasATRClaim
// decides.
func anyJWT(spec ruleSpec) ruleSpec {
	spec.Regex = `\b(ey[A-Za-z0-9_-]{10,}\.ey[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{16,})`
	spec.Keywords = []string{".ey"}
	return spec
}

// hasATRClaim decodes a JWT's payload and looks for the claim "atr", which
// only ClawQL's sessions have (domain: "ATR has three meanings", 2).
func hasATRClaim(token string) bool {
	parts := strings.Split(token, ".")
	if len(parts) < 2 {
		return false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims map[string]json.RawMessage
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return strings.HasPrefix(parts[1], "eyJhdHIiOnsi")
	}
	return claims["atr"] != nil
}
