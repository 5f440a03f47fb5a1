package fault

import (
	"errors"
	"testing"
)

func TestUnquoted(t *testing.T) {
	for text, want := range map[string]string{
		"yaml: unknown anchor 'secret' referenced":          "yaml: unknown anchor … referenced",
		"yaml: cannot decode !!str `se'cret` as a !!int":    "yaml: cannot decode !!str … as a !!int",
		"load \"x\": line 1: `secret":                       "load \"x\": line 1: …",
		"first\nsecret":                                     "first",
		"yaml: line 5: mapping values are not allowed here": "yaml: line 5: mapping values are not allowed here",
	} {
		if got := Unquoted(errors.New(text)).Error(); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
	if Unquoted(nil) != nil {
		t.Error("nil is an error")
	}
}
