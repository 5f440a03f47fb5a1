package sarif

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestWrite(t *testing.T) {
	run := NewRun("tool")
	run.Rule("a", "what a is")
	run.Rule("a", "said again")
	var b bytes.Buffer
	if err := Write(&b, run); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Version string
		Runs    []struct {
			Tool    struct{ Driver struct{ Rules []Rule } }
			Results []any
		}
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil || got.Version != "2.1.0" || len(got.Runs) != 1 {
		t.Fatalf("%v: %s", err, b.String())
	}
	if rules := got.Runs[0].Tool.Driver.Rules; len(rules) != 1 || rules[0].Short.Text != "what a is" {
		t.Errorf("%v", rules)
	}
	if got.Runs[0].Results == nil {
		t.Error("a clean run needs an empty list of results, not none")
	}
}

// A path is a reference, never an address with a scheme.
func TestFile(t *testing.T) {
	for path, want := range map[string]string{
		"a/b.yaml": "a/b.yaml", "a b#?.yaml": "a%20b%23%3F.yaml", "javascript:x": "./javascript:x", "100%": "100%25",
	} {
		if got := File(path).URI; got != want {
			t.Errorf("%q: %s", path, got)
		}
	}
}
