package atrroles

import (
	"encoding/json"
	"maps"
)

// mostGrants bounds how far a document is written out.
const mostGrants = 10_000

// sameGrants says whether two documents grant the same, ordered and split
// otherwise: each role, vertical and operation of a rule is one grant, with
// whatever else the rule says.
func sameGrants(a, b string) bool {
	x, fine := grants(a)
	y, also := grants(b)
	return fine && also && maps.Equal(x, y)
}

// grants are false for what is no document, or has too many.
func grants(document string) (map[string]bool, bool) {
	var raw struct {
		Rules []map[string]any `json:"rules"`
	}
	if json.Unmarshal([]byte(document), &raw) != nil {
		return nil, false
	}
	all := map[string]bool{}
	for _, rule := range raw.Rules {
		list := []map[string]any{rule}
		for _, field := range []string{"roles", "verticals", "operations"} {
			words, _ := rule[field].([]any)
			if len(words)*len(list) > mostGrants {
				return nil, false
			}
			list = split(list, field, words)
		}
		for _, grant := range list {
			text, err := json.Marshal(grant)
			if err != nil {
				return nil, false
			}
			all[string(text)] = true
		}
	}
	return all, len(all) <= mostGrants
}

// split makes of each grant one for each word of a field, if there are any.
func split(grants []map[string]any, field string, words []any) []map[string]any {
	if len(words) == 0 {
		return grants
	}
	var list []map[string]any
	for _, grant := range grants {
		for _, word := range words {
			one := maps.Clone(grant)
			one[field] = word
			list = append(list, one)
		}
	}
	return list
}
