package main

import (
	"strings"

	"github.com/clawql/clawql-workbench/shared/console"
)

// screenWidth is how wide texts are set, whatever the terminal.
const screenWidth = 80

// paragraph writes text in lines of at most screenWidth columns, label before
// the first and as much room before the others. The text may come from
// outside; it is cleaned.
func paragraph(b *strings.Builder, label, text string) {
	lead := label
	line := ""
	flush := func() {
		b.WriteString(strings.TrimRight(lead+line, " ") + "\n")
		lead, line = strings.Repeat(" ", console.Columns(label)), ""
	}
	for _, word := range strings.Fields(console.Clean(text)) {
		if line != "" && console.Columns(lead)+console.Columns(line)+1+console.Columns(word) > screenWidth {
			flush()
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	flush()
}
