package session

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/output"
)

// mostShown keeps the farewell on one screen; the command `audit` and the file
// have all.
const mostShown = 15

// farewell is shown on the terminal when the session is over.
func (s *supervisor) farewell() string {
	audit := s.books.all()
	text := audit.Summary(mostShown)
	if audit.Broken != "" {
		text += "  the audit file could not be written to its end: " + console.Clean(audit.Broken) + "\n"
	}
	return text
}

// deed is what one program did with one secret, as often as it did.
type deed struct {
	what, name, who string
	refused         bool
	times           int
	last            time.Time
}

// Summary is a table of what was asked, by secret and program; at most rows
// lines of it, 0 for all. It is empty when nothing was asked.
func (a Audit) Summary(rows int) string {
	deeds := a.deeds()
	if len(deeds) == 0 {
		return ""
	}
	var text strings.Builder
	text.WriteString("secrets in this session (no values are kept):\n")
	table := output.Rows{Indent: 2}
	for i, one := range deeds {
		if rows > 0 && i == rows {
			break
		}
		table.Add(one.verb(), console.Clean(one.name), fmt.Sprintf("%d x, last %s", one.times, one.last.Local().Format(time.TimeOnly)), console.Clean(one.who))
	}
	table.Write(&text)
	if more := len(deeds) - rows; rows > 0 && more > 0 {
		fmt.Fprintf(&text, "  and %d more lines\n", more)
	}
	if a.Dropped > 0 {
		fmt.Fprintf(&text, "  and %d accesses that were too many to keep\n", a.Dropped)
	}
	return text.String()
}

func (d deed) verb() string {
	if d.refused {
		return d.what + ", refused"
	}
	return d.what
}

// deeds joins entries that say the same of different moments, in the order of
// their first.
func (a Audit) deeds() []deed {
	var all []deed
	for _, entry := range a.Entries {
		one := deed{what: entry.What, name: entry.Name, who: entry.who(), refused: entry.Refused != ""}
		at := slices.IndexFunc(all, func(known deed) bool {
			return known.what == one.what && known.name == one.name && known.who == one.who && known.refused == one.refused
		})
		if at < 0 {
			all, at = append(all, one), len(all)
		}
		all[at].times, all[at].last = all[at].times+1, entry.Time
	}
	return all
}

// who is the program that a person knows: for this tool's own commands the one
// that called it.
func (e Entry) who() string {
	if e.Via == ViaControl && e.Parent.Name != "" {
		return e.Parent.Name
	}
	return e.Peer.Name
}
