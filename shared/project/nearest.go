package project

import (
	"reflect"
	"strings"
)

// nearestField proposes an existing field for a misspelt path: the struct
// that the path leads to is searched for the name with the least edits.
func nearestField(path string) string {
	steps := splitPath(path)
	if len(steps) == 0 {
		return ""
	}
	kind := reflect.TypeFor[Project]()
	for _, step := range steps[:len(steps)-1] {
		if kind = descend(kind, step); kind == nil {
			return ""
		}
	}
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	if kind.Kind() != reflect.Struct {
		return ""
	}
	last, best, distance := steps[len(steps)-1], "", 3
	for _, name := range fieldNames(kind) {
		if d := edits(strings.ToLower(last), strings.ToLower(name)); d < distance {
			best, distance = name, d
		}
	}
	return best
}

func descend(kind reflect.Type, step string) reflect.Type {
	switch kind.Kind() {
	case reflect.Pointer:
		return descend(kind.Elem(), step)
	case reflect.Map, reflect.Slice:
		return kind.Elem()
	case reflect.Struct:
		for i := range kind.NumField() {
			if jsonName(kind.Field(i)) == step {
				return kind.Field(i).Type
			}
		}
	}
	return nil
}

func fieldNames(kind reflect.Type) []string {
	names := make([]string, kind.NumField())
	for i := range names {
		names[i] = jsonName(kind.Field(i))
	}
	return names
}

func jsonName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}

// edits is the Levenshtein distance.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
