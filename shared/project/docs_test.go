package project

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// The example of docs/clawql-yaml.md is read as it stands, and names every
// field that there is.
func TestDocsNameEveryField(t *testing.T) {
	page, err := os.ReadFile("../../docs/clawql-yaml.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	example, _, _ := strings.Cut(rest, "```")
	if _, err := Parse([]byte(example)); err != nil {
		t.Errorf("the example does not parse: %v", err)
	}
	for _, field := range allFields(reflect.TypeFor[Project]()) {
		if !strings.Contains(example, field+":") {
			t.Errorf("docs/clawql-yaml.md does not show field %s", field)
		}
	}
}

func allFields(kind reflect.Type) (fields []string) {
	switch kind.Kind() {
	case reflect.Slice, reflect.Map, reflect.Pointer:
		return allFields(kind.Elem())
	case reflect.Struct:
		if kind.PkgPath() != reflect.TypeFor[Project]().PkgPath() || kind == reflect.TypeFor[Date]() {
			return nil
		}
		for i := range kind.NumField() {
			fields = append(append(fields, jsonName(kind.Field(i))), allFields(kind.Field(i).Type)...)
		}
	}
	return fields
}
