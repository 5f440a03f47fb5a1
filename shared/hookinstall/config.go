package hookinstall

import (
	"regexp"
	"strings"
	"sync"
)

// The lines that we add to a configuration stand between these; the first one
// also tells what was before it.
const (
	beginBlock   = "# clawql-hooks: begin"
	beginUnended = beginBlock + ", after a line without end"
	beginNew     = beginBlock + ", in a new file"
	endBlock     = "# clawql-hooks: end"
)

// They are compiled when they are first asked for: each start of a hook would
// wait for them.
var (
	section = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^\s*\[([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]\s*$`)
	})
	ourPaths = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^\s*path\s*=\s*"?(?:.*/)?clawql-hooks/config(?:-worktrees)?"?\s*$`)
	})
)

// addBlock appends lines to a configuration, so that takeBlock gives back the
// same bytes.
func addBlock(config File, lines []string) File {
	begin := beginBlock
	text := string(config.Data)
	switch {
	case !config.There():
		begin, config.Mode = beginNew, 0o644
	case text != "" && !strings.HasSuffix(text, "\n"):
		begin, text = beginUnended, text+"\n"
	}
	config.Data = []byte(text + begin + "\n" + strings.Join(lines, "\n") + "\n" + endBlock + "\n")
	return config
}

// takeBlock takes out what addBlock added, wherever it stands now and whatever
// others wrote between: our sections, our includes and our two comments.
func takeBlock(config File) File {
	if !config.There() || !strings.Contains(string(config.Data), "clawql-hooks") && !strings.Contains(string(config.Data), `"clawql-`) {
		return config
	}
	var kept []string
	isNew, unended := false, false
	for _, one := range sections(string(config.Data)) {
		for _, line := range one.strip() {
			switch trimmed := strings.TrimSpace(line); trimmed {
			case beginUnended:
				unended = true
			case beginNew:
				isNew = true
			case beginBlock, endBlock:
			default:
				kept = append(kept, line)
				unended = unended && trimmed == ""
			}
		}
	}
	text := strings.Join(kept, "")
	if unended {
		text = strings.TrimSuffix(text, "\n")
	}
	if isNew && text == "" {
		return File{}
	}
	config.Data = []byte(text)
	return config
}

// part is a section's header and its lines, with their ends; the first part of
// a file has no header.
type part struct {
	header string
	lines  []string
}

func sections(text string) []part {
	all := []part{{}}
	for _, line := range strings.SplitAfter(text, "\n") {
		if section().MatchString(strings.TrimRight(line, "\r\n")) {
			all = append(all, part{header: line})
			continue
		}
		if line != "" {
			all[len(all)-1].lines = append(all[len(all)-1].lines, line)
		}
	}
	return all
}

// strip gives the lines of a section that are not ours.
func (p part) strip() []string {
	match := section().FindStringSubmatch(strings.TrimRight(p.header, "\r\n"))
	name, label := "", ""
	if match != nil {
		name, label = strings.ToLower(match[1]), match[2]
	}
	hook := name == "hook" && strings.HasPrefix(label, "clawql-")
	include := name == "include" || name == "includeif"
	var kept []string
	dropped, settings := false, 0
	for _, line := range p.lines {
		trimmed := strings.TrimSpace(line)
		comment := trimmed == "" || strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, ";")
		if !comment && (hook || include && ourPaths().MatchString(trimmed)) {
			dropped = true
			continue
		}
		if !comment {
			settings++
		}
		kept = append(kept, line)
	}
	if p.header == "" || hook || dropped && settings == 0 {
		return kept
	}
	return append([]string{p.header}, kept...)
}

// value writes a value for a configuration.
func value(text string) string {
	if strings.ContainsAny(text, "#;\"\\") || text != strings.TrimSpace(text) {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
	}
	return text
}

// hookLines are the settings of git 2.54: one section an event. A first, empty
// event takes back what a wider configuration says under the same name.
func hookLines(folder string) []string {
	var lines []string
	for _, event := range Events {
		lines = append(lines, `[hook "clawql-`+event+`"]`, "\tevent =", "\tevent = "+event,
			"\tcommand = "+value(quote(folder+"/"+event)))
	}
	return lines
}
