package atrroles

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
)

// fields of a rule that are known here.
var fields = []string{"actorType", "roles", "verticals", "operations", "conditions"}

// settled says whether nothing is left that one side might allow and the other
// not, in a direction that no witness has told; told[i] is that of a request
// that side i allows.
func settled(documents [2]string, told [2]bool) bool {
	var all [2]map[string]bool
	for i, document := range documents {
		var fine bool
		if all[i], fine = grants(document); !fine {
			return false
		}
	}
	for side := range all {
		beyond, strange := uncovered(all[side], all[1-side])
		if beyond && !told[side] || strange && !told[1-side] {
			return false
		}
	}
	return true
}

// uncovered says whether a grant is not surely within one of the other side,
// and whether such a one has a field that is not known: it may forbid.
func uncovered(mine, theirs map[string]bool) (beyond, strange bool) {
	by := map[string][]map[string]any{}
	for text := range theirs {
		if g := parsed(text); known(g) {
			by[group(g)] = append(by[group(g)], g)
		}
	}
	for text := range mine {
		if theirs[text] {
			continue
		}
		g := parsed(text)
		if known(g) && slices.ContainsFunc(by[group(g)], func(wide map[string]any) bool { return covers(wide, g) }) {
			continue
		}
		beyond, strange = true, strange || !known(g)
	}
	return beyond, strange
}

func parsed(grant string) map[string]any {
	var g map[string]any
	_ = json.Unmarshal([]byte(grant), &g) // it was written here
	return g
}

func known(grant map[string]any) bool {
	for field := range grant {
		if !slices.Contains(fields, field) {
			return false
		}
	}
	return true
}

// group is what two grants have to share for the one to cover the other.
func group(grant map[string]any) string {
	grant = maps.Clone(grant)
	delete(grant, "operations")
	delete(grant, "conditions")
	text, _ := json.Marshal(grant) // of what came from JSON: it can always be written
	return string(text)
}

// covers says whether a grant of the same group lets all happen that a narrow
// one does, whatever `*` and conditions mean.
func covers(wide, narrow map[string]any) bool {
	conditions, _ := wide["conditions"].(map[string]any)
	if len(conditions) > 0 && !reflect.DeepEqual(wide["conditions"], narrow["conditions"]) {
		return false
	}
	pattern, isText := wide["operations"].(string)
	operation, also := narrow["operations"].(string)
	return reflect.DeepEqual(wide["operations"], narrow["operations"]) || isText && also && parts(pattern, operation)
}
