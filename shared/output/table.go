package output

import (
	"io"
	"strings"

	"github.com/clawql/clawql-workbench/shared/console"
)

// columnGap stands between two columns.
const columnGap = "  "

// Rows is a table of aligned columns, without lines and without capitals.
// Cells may hold colour; their width is what one sees.
type Rows struct {
	Indent int   // spaces before each row
	Right  []int // columns, from 0, that are aligned to the right (numbers)

	rows [][]string
}

// Add appends a row. Rows may differ in length; the last cell of a row is
// free text and does not widen its column.
func (t *Rows) Add(cells ...string) { t.rows = append(t.rows, cells) }

// Len is the number of rows.
func (t *Rows) Len() int { return len(t.rows) }

// Lines gives the rows as text, without line breaks, for a live block.
func (t *Rows) Lines() []string {
	widths := t.widths()
	lines := make([]string, len(t.rows))
	for i, row := range t.rows {
		lines[i] = t.line(row, widths)
	}
	return lines
}

// Write prints the table.
func (t *Rows) Write(w io.Writer) error {
	if len(t.rows) == 0 {
		return nil
	}
	_, err := io.WriteString(w, strings.Join(t.Lines(), "\n")+"\n")
	return err
}

func (t *Rows) line(row []string, widths []int) string {
	cells := make([]string, len(row))
	for i, cell := range row {
		if t.isRight(i) {
			cells[i] = console.PadLeft(cell, widths[i])
		} else {
			cells[i] = console.Pad(cell, widths[i])
		}
	}
	text := strings.Repeat(" ", t.Indent) + strings.Join(cells, columnGap)
	return strings.TrimRight(text, " ")
}

// widths is the width of each column. A last cell to the left counts for
// nothing: a long sentence must not push the columns of other rows.
func (t *Rows) widths() []int {
	var widths []int
	for _, row := range t.rows {
		for i, cell := range row {
			for len(widths) <= i {
				widths = append(widths, 0)
			}
			if i < len(row)-1 || t.isRight(i) {
				widths[i] = max(widths[i], console.Columns(cell))
			}
		}
	}
	return widths
}

func (t *Rows) isRight(column int) bool {
	for _, right := range t.Right {
		if right == column {
			return true
		}
	}
	return false
}
