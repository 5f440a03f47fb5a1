package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/driftcheck"
	"github.com/clawql/clawql-workbench/shared/fault"
)

// markdown is a table for a pull request.
func markdown(w io.Writer, o options, r *driftcheck.Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### Drift: %s\n\n`%s` → `%s`, %s: %s.\n", r.Status, code(o.from.name), code(o.to.name), console.Count(r.Objects, "object"), cell(sentence(o, r)))
	if len(r.Findings) > 0 {
		fmt.Fprint(&b, "\n| direction | severity | control | object | what |\n| --- | --- | --- | --- | --- |\n")
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "| %s | %s | %s | %s %s | %s |\n", f.Direction, f.Severity, cell(f.Control), cell(f.Object.Kind), cell(f.Object.String()), cell(f.Explanation))
	}
	for _, e := range r.Excepted {
		fmt.Fprintf(&b, "\n- excepted: %s, %s %s %s: %s\n", e.Direction, cell(e.Control), cell(e.Object.Kind), cell(e.Object.String()), cell(reason(e)))
	}
	for _, one := range r.Incomplete {
		fmt.Fprintf(&b, "\n- not compared: %s\n", cell(one))
	}
	for _, one := range r.Notes {
		fmt.Fprintf(&b, "\n- note: %s\n", cell(one))
	}
	return write(w, noCommands(b.String()))
}

// cell takes away what would end a cell, or begin HTML, a link, a picture, a
// mention of a person or of an issue: all of them are live on a code host.
func cell(text string) string { return live.Replace(console.Clean(text)) }

var live = strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", "&lt;", "&", "&amp;", "`", "'", "[", `\[`, "*", `\*`, "_", `\_`, "~", `\~`, "$", `\$`,
	"@", "@\u200b", "#", "#\u200b", "://", ":\u200b//", "www.", "www\u200b.", "GH-", "GH\u200b-")

// code is text between backticks, where nothing but a backtick is live.
func code(text string) string { return strings.ReplaceAll(console.Clean(text), "`", "'") }

func write(w io.Writer, text string) error {
	if _, err := io.WriteString(w, text); err != nil {
		return fault.Unable("write the report: %w", err)
	}
	return nil
}
