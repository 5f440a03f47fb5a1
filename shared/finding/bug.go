package finding

import (
	"errors"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// ErrBug marks an error as a fault of this program: a comparer and its
// separate evaluator disagree. Neither verdict can then be trusted.
var ErrBug = errors.New("bug in this program")

// Bug says that the witness of a control failed its check, with what the
// comparer claimed and what the evaluator said (exit 3: could not tell).
func Bug(control, witness, claimed, checked string) *fault.Error {
	return fault.Unable("comparing %s: %w: witness %q was found %s, but its separate check says %s", control, ErrBug, witness, claimed, checked).
		Hint("no verdict on %s can be trusted; please report this with both sides' objects", control)
}
