package scripts

import (
	"encoding/json"
	"fmt"
	"testing"
)

func TestPathsIntoADocument(t *testing.T) {
	var document any
	if err := json.Unmarshal([]byte(`{"a":[{"b":1},{"b":true}],"c":null}`), &document); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"a.0.b": "1", "a.1.b": "true", "c": "<nil>"} {
		if got, err := at(document, path); err != nil || fmt.Sprint(got) != want {
			t.Errorf("%s: %v, %v; want %s", path, got, err, want)
		}
	}
	for _, path := range []string{"x", "a.2", "a.-1", "a.b", "c.d", "a.0.b.c", ""} {
		if got, err := at(document, path); err == nil {
			t.Errorf("%q gave %v", path, got)
		}
	}
}

func TestRequiredButMissingIsAFailure(t *testing.T) {
	t.Setenv("CLAWQL_REQUIRE", "git,no-such-program")
	if _, err := condition("have:no-such-program"); err == nil {
		t.Error("what CLAWQL_REQUIRE names was skipped")
	}
	if ok, err := condition("have:no-such-other"); ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	if _, err := condition("nonsense"); err == nil {
		t.Error("a misspelt condition was accepted")
	}
}
