package cmdline

import (
	"strings"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/output"
)

// leastUsage is the width that the text beside a long name gets at least.
const leastUsage = 30

// pairs are names and what they mean, for a help text.
type pairs struct{ rows [][2]string }

func (p *pairs) add(name, usage string) { p.rows = append(p.rows, [2]string{name, usage}) }

// text is the table, with the second column broken at helpColumns.
func (p *pairs) text() string {
	widest := 0
	for _, row := range p.rows {
		widest = max(widest, console.Columns(row[0]))
	}
	table := output.Rows{Indent: 2}
	for _, row := range p.rows {
		name := row[0]
		for _, line := range wrap(row[1], max(leastUsage, helpColumns-widest-4)) {
			table.Add(name, line)
			name = strings.Repeat(" ", widest)
		}
	}
	return strings.Join(table.Lines(), "\n") + "\n"
}

// wrap breaks text at spaces into lines of at most columns; a longer word
// stands alone. An empty text is one empty line.
func wrap(text string, columns int) []string {
	lines := []string{""}
	for _, word := range strings.Fields(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case console.Columns(*last)+1+console.Columns(word) <= columns:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}
