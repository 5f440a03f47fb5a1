package atr

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// ordered is a rule with its conditions, its actions and its test cases in an
// order of their own: theirs in the file tells nothing.
func ordered(raw map[string]any) map[string]any {
	raw = maps.Clone(raw)
	for _, at := range [][2]string{{"detection", "conditions"}, {"response", "actions"}, {"test_cases", "true_positives"}, {"test_cases", "true_negatives"}} {
		outer, _ := raw[at[0]].(map[string]any)
		if list, ok := outer[at[1]].([]any); ok {
			outer = maps.Clone(outer)
			outer[at[1]] = sortedByText(list)
			raw[at[0]] = outer
		}
	}
	return raw
}

func sortedByText(list []any) []any {
	texts := make(map[int]string, len(list))
	numbers := make([]int, len(list))
	for i, one := range list {
		text, _ := json.Marshal(one) // of what came from YAML: it can always be written
		texts[i], numbers[i] = string(text), i
	}
	slices.SortStableFunc(numbers, func(a, b int) int { return strings.Compare(texts[a], texts[b]) })
	sorted := make([]any, len(list))
	for i, n := range numbers {
		sorted[i] = list[n]
	}
	return sorted
}
