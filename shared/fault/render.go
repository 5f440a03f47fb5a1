package fault

import (
	"fmt"
	"io"
	"strings"

	"github.com/clawql/clawql-workbench/shared/console"
)

// exitCodes is the one table of exit codes; help texts and README carry it.
var exitCodes = []struct {
	code    int
	meaning string
}{
	{CodeYes, "done, or the answer is yes"},
	{CodeNo, "the answer is no (gate failed, rolled back, drift, leak, failed check)"},
	{CodeUsage, "usage or configuration"},
	{CodeUnable, "could not tell, or could not act"},
	{CodeInterrupted, "interrupted"},
}

// ExitCodes is the table of exit codes as help texts end with it: one line a
// code, two spaces of indent.
func ExitCodes() string {
	var b strings.Builder
	for _, row := range exitCodes {
		fmt.Fprintf(&b, "  %-5d%s\n", row.code, row.meaning)
	}
	return b.String()
}

// Render writes err as people see it: `program: error: text`, then one
// `hint:` line a hint. The text may quote strings of a cluster or a
// repository, so control and escape sequences are taken out of it.
func Render(w io.Writer, program string, err error) {
	if err == nil {
		return
	}
	fmt.Fprintf(w, "%s: error: %s\n", program, indent(err.Error()))
	for _, hint := range Hints(err) {
		fmt.Fprintf(w, "hint: %s\n", indent(hint))
	}
}

// indent cleans a text and moves its second and later lines to the right, so
// that no line of a quoted text can pass for one of ours.
func indent(text string) string {
	clean := strings.TrimRight(console.CleanLines(text), "\n")
	return strings.ReplaceAll(clean, "\n", "\n       ")
}
