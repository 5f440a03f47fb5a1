package atrroles

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// Allows says whether a document allows one request: whether a rule could
// where doubt counts as yes, and whether one surely does where it counts as
// no. It reads the document for itself.
func Allows(document string, q Request, doubt bool) bool {
	var raw struct{ Rules []map[string]any }
	_ = json.Unmarshal([]byte(document), &raw)
	asked := map[string]string{"actorType": q.Actor, "roles": q.Role, "verticals": q.Vertical, "operations": q.Operation}
	for _, rule := range raw.Rules {
		allowed := true
		for field, word := range asked {
			value, has := rule[field]
			words, isList := value.([]any)
			if !isList && has {
				words = []any{value}
			}
			if len(words) == 0 || len(words) == 1 && words[0] == "" {
				allowed = allowed && doubt
				continue
			}
			allowed = allowed && one(words, word, field == "operations", doubt)
		}
		for field, value := range rule {
			_, known := asked[field]
			conditions, _ := value.(map[string]any)
			if !known && (field != "conditions" || len(conditions) > 0) {
				allowed = allowed && doubt
			}
		}
		if allowed {
			return true
		}
	}
	return false
}

func one(words []any, word string, pattern, doubt bool) bool {
	for _, w := range words {
		expression := regexp.QuoteMeta(fmt.Sprint(w))
		switch {
		case doubt:
			expression = "(?is)^" + strings.ReplaceAll(expression, `\*`, ".*") + "$"
		case pattern:
			expression = "^" + strings.ReplaceAll(expression, `\*`, "[^_]+") + "$"
		default:
			expression = "^" + expression + "$"
		}
		if hit := compiled(expression).MatchString(word); hit && (doubt || pattern || word != "*") {
			return true
		}
	}
	return false
}

var expressions sync.Map // of text to *regexp.Regexp

func compiled(text string) *regexp.Regexp {
	if known, ok := expressions.Load(text); ok {
		return known.(*regexp.Regexp)
	}
	expression := regexp.MustCompile(text) // of quoted words: it can always be read
	expressions.Store(text, expression)
	return expression
}
