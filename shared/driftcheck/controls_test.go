package driftcheck

import (
	"testing"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// Each control stands once, also one that only a finding names.
func TestControls(t *testing.T) {
	seen := map[string]int{}
	for _, c := range Controls([]finding.Finding{{Control: "RBAC"}, {Control: "New"}, {Control: "New"}}) {
		seen[c.Name]++
		if c.Decides == "" {
			t.Errorf("%s decides nothing", c.Name)
		}
	}
	for name, n := range seen {
		if n != 1 {
			t.Errorf("%s stands %d times", name, n)
		}
	}
	if seen["New"] != 1 || seen["RBAC"] != 1 || seen[ControlSecret] != 1 {
		t.Errorf("%v", seen)
	}
}
