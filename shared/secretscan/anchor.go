package secretscan

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
)

// An anchor is tried at a keyword before a window is made for it. It pays for
// its own compilation only where there are some keywords, and must stay small
// to be quick.
const (
	fewHits         = 8
	largestAnchor   = 200 // instructions
	longestAnchored = 512 // bytes behind a keyword that an anchor may read
)

// anchorOf takes from a regex that is a sequence the first part whose every
// text begins with a keyword, and the small bounded parts behind it.
func anchorOf(re *syntax.Regexp, words []string) func() *regexp.Regexp {
	if re.Op != syntax.OpConcat {
		return nil
	}
	for i, sub := range re.Sub {
		if !beginsWithKeyword(sub, words) {
			continue
		}
		if pattern := anchorText(re.Sub[i:]); pattern != "" {
			return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
		}
		return nil
	}
	return nil
}

func beginsWithKeyword(re *syntax.Regexp, words []string) bool {
	all := prover(words).look(re).all
	for _, text := range all {
		begins := false
		for _, word := range words {
			begins = begins || strings.HasPrefix(text, word)
		}
		if !begins {
			return false
		}
	}
	return len(all) > 0
}

// anchorText joins parts while they are small and bounded; "" when that is
// the keyword alone.
func anchorText(subs []*syntax.Regexp) string {
	var parts []string
	size, length := 0, 0
	for _, sub := range subs {
		var bound plan
		length += bound.measure(sub)
		program, err := syntax.Compile(sub.Simplify())
		if err != nil || bound.free != [256]bool{} || length > longestAnchored {
			break
		}
		if size += len(program.Inst); size > largestAnchor {
			break
		}
		parts = append(parts, "(?:"+sub.String()+")")
	}
	if len(parts) < 2 {
		return ""
	}
	return "^" + strings.Join(parts, "")
}

// worth keeps the hits at which the anchor matches. What it reads is longer
// than what it can match, so the end of the piece decides nothing.
func (p *plan) worth(text string, hits []span) []span {
	if p.anchor == nil || len(hits) < fewHits {
		return hits
	}
	anchor := p.anchor()
	var kept []span
	for _, hit := range hits {
		end := min(len(text), hit.from+longestAnchored+8)
		if anchor.MatchString(text[hit.from:end]) {
			kept = append(kept, hit)
		}
	}
	return kept
}
