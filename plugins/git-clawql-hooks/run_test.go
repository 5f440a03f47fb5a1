package main

import (
	"bytes"
	"testing"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// breaking is an input on which the program breaks.
type breaking struct{}

func (breaking) Read([]byte) (int, error) { panic("cqk_0123456789abcdef_secret") }

// A panic is a refusal in one line, and tells nothing of what it was about.
func TestPanicRefuses(t *testing.T) {
	var out bytes.Buffer
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_STATE_HOME", "")
	err := runHook(t.Context(), "reference-transaction", []string{"prepared"}, breaking{}, &out)
	if fault.Code(err) != fault.CodeUnable || out.Len() > 0 {
		t.Fatalf("%v, %q", err, out.String())
	}
	if want := "reference-transaction: this program broke (string); what it guards is refused"; err.Error() != want {
		t.Errorf("it says %q, want %q", err, want)
	}
}
