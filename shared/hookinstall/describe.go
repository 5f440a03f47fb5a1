package hookinstall

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Line is one change for a person: the file, what it was, what it will be.
type Line struct {
	Path   string `json:"path"`
	Before string `json:"before"`
	After  string `json:"after"`
	// Added and Removed are the lines of a configuration that come and go.
	Added   []string `json:"added,omitempty"`
	Removed []string `json:"removed,omitempty"`
}

// Lines describes the changes, in the order in which they will be made.
func (p *Plan) Lines() []Line {
	var all []Line
	for _, c := range p.Changes {
		one := Line{Path: c.Path, Before: p.describe(c.Path, c.Before, c.After), After: p.describe(c.Path, c.After, c.Before)}
		if p.site.isConfig(c.Path) {
			one.Removed, one.Added = lineDiff(c.Before.Data, c.After.Data)
		}
		all = append(all, one)
	}
	return all
}

func (p *Plan) describe(path string, f, other File) string {
	switch name := filepath.Base(path); {
	case !f.There():
		return "-"
	case p.site.isConfig(path):
		return fmt.Sprintf("%d lines", strings.Count(string(f.Data), "\n"))
	case filepath.Dir(path) == p.site.State:
		return "ours"
	case f.kind() == Ours && other.kind() == Ours:
		return "ours (" + programOf(f.Data) + ")"
	case f.kind() == Ours:
		return "ours"
	case strings.HasSuffix(name, suffix):
		return fmt.Sprintf("%s, run by ours", f.kind())
	case f.Mode&0o111 == 0 && f.Link == "":
		return fmt.Sprintf("%s, not executable", f.kind())
	default:
		return string(f.kind())
	}
}

// lineDiff gives the lines that go and come; common ones at both ends are not
// among them.
func lineDiff(before, after []byte) (removed, added []string) {
	a, b := strings.SplitAfter(string(before), "\n"), strings.SplitAfter(string(after), "\n")
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return trimmed(a), trimmed(b)
}

func trimmed(lines []string) []string {
	var all []string
	for _, line := range lines {
		if line = strings.TrimRight(line, "\n"); line != "" {
			all = append(all, line)
		}
	}
	return all
}
