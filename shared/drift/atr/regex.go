package atr

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf16"

	"github.com/dlclark/regexp2"
)

const (
	matchTimeout = time.Second
	maxInput     = 100_000 // in UTF-16 units; the engine answers no to longer ones
)

var inlineFlags = regexp.MustCompile(`^\(\?[imsx]+\)`)

// Shapes that the engine refuses to compile, so that they match nothing.
var (
	nestedQuantifier = regexp.MustCompile(`\((?:\?:)?(?:\\[dDwWsS]|\[[^\]]*\]|\.|[A-Za-z0-9])[*+]\)[*+]`)
	sameAlternatives = regexp2.MustCompile(`\(([^|)]+)\|\1\)[+*]`, regexp2.ECMAScript)
	manyWildcards    = regexp.MustCompile(`(\.\*){3,}`)
)

func refused(pattern string) bool {
	same, _ := sameAlternatives.MatchString(pattern)
	return same || nestedQuantifier.MatchString(pattern) || manyWildcards.MatchString(pattern)
}

type form struct {
	pattern string
	edges   bool // see scripted
}

var compiled sync.Map // of form to *regexp2.Regexp

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > 0x7F })
}

// matches says whether a rule's regex matches a text, as the engine would:
// case does not matter. An error means that nobody can tell.
func matches(pattern, input string) (bool, error) {
	pattern = inlineFlags.ReplaceAllString(pattern, "")
	if refused(pattern) || len(utf16.Encode([]rune(input))) > maxInput {
		return false, nil
	}
	re, err := compile(pattern, !isASCII(input))
	if err != nil {
		return false, err
	}
	hit, err := re.MatchString(input)
	if err != nil {
		return false, fmt.Errorf("a regex takes longer than %s", matchTimeout)
	}
	return hit, nil
}

func compile(pattern string, edges bool) (*regexp2.Regexp, error) {
	key := form{pattern, edges}
	if re, known := compiled.Load(key); known {
		return re.(*regexp2.Regexp), nil
	}
	options := regexp2.RegexOptions(regexp2.ECMAScript | regexp2.IgnoreCase)
	if strings.Contains(pattern, `\u{`) || strings.Contains(pattern, `\p{`) {
		options |= regexp2.Unicode
	}
	pattern, err := scripted(pattern, edges)
	if err != nil {
		return nil, err
	}
	re, err := regexp2.Compile(pattern, options)
	if err != nil {
		return nil, fmt.Errorf("a regex cannot be read")
	}
	re.MatchTimeout = matchTimeout
	compiled.Store(key, re)
	return re, nil
}
