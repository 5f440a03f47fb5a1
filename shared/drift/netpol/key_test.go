package netpol

import (
	"fmt"
	"testing"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// Causes are reported in the order of their keys, which is that of their text.
func TestCauseKeyIsItsText(t *testing.T) {
	for _, objects := range [][]finding.Object{nil, {{Name: "a"}}, {{Namespace: "n", Name: "a"}, {Kind: "Namespace", Name: "b"}}} {
		if got, want := causeKey(1, objects), fmt.Sprint(1, objects); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}
