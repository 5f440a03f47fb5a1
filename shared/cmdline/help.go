package cmdline

import (
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// helpColumns is the width of help, where a word does not need more.
const helpColumns = 80

// writeHelp prints the help of the last command of path: what it is, how it
// is called, commands, flags (those of the outer commands too), exit codes.
func writeHelp(w io.Writer, path []*node) error {
	at := path[len(path)-1]
	sections := []string{title(at), usageSection(at)}
	if at.description != "" {
		sections = append(sections, strings.TrimSpace(at.description)+"\n")
	}
	if len(at.commands) > 0 {
		sections = append(sections, "commands:\n"+commandList(at.commands))
	}
	sections = append(sections, flagSections(path)...)
	sections = append(sections, "exit codes:\n"+fault.ExitCodes())
	_, err := io.WriteString(w, strings.Join(sections, "\n"))
	return err
}

func title(at *node) string {
	if at.usage == "" {
		return at.title + "\n"
	}
	return at.title + ": " + at.usage + "\n"
}

func usageSection(at *node) string {
	text := "usage:\n"
	if at.action {
		text += "  " + usageLine(at) + "\n"
	}
	if len(at.commands) > 0 {
		text += "  " + at.title + " COMMAND ...\n"
	}
	return text
}

// usageLine is one line, as a hint or in the help.
func usageLine(at *node) string {
	words := []string{at.title}
	if at.argsUsage != "" {
		words = append(words, at.argsUsage)
	}
	return strings.Join(append(words, "[flags]"), " ")
}

func commandList(commands []*cli.Command) string {
	var table pairs
	for _, command := range commands {
		if !command.Hidden {
			table.add(strings.TrimSpace(command.Name+" "+command.ArgsUsage), command.Usage)
		}
	}
	return table.text()
}

// flagSections lists the flags by category, the command's own without one
// first. A flag that an inner command has too is shown once.
func flagSections(path []*node) []string {
	groups, order := map[string]*pairs{}, []string{""}
	seen := map[string]bool{}
	for i := len(path) - 1; i >= 0; i-- {
		for _, flag := range path[i].flags {
			shown, ok := flag.(cli.DocGenerationFlag)
			if !ok || isHidden(flag) || seen[flag.Names()[0]] {
				continue
			}
			seen[flag.Names()[0]] = true
			category := categoryOf(flag)
			if groups[category] == nil {
				groups[category] = &pairs{}
				if category != "" {
					order = append(order, category)
				}
			}
			groups[category].add(flagRow(shown))
		}
	}
	var sections []string
	for _, category := range order {
		if rows := groups[category]; rows != nil {
			heading := strings.TrimSpace(category+" flags") + ":\n"
			sections = append(sections, heading+rows.text())
		}
	}
	return sections
}

// flagRow is "-o, --output FORMAT" and what it does.
func flagRow(flag cli.DocGenerationFlag) (names, usage string) {
	placeholder, usage := unquote(flag.GetUsage())
	var short, long []string
	for _, name := range flag.Names() {
		if len(name) == 1 {
			short = append(short, spell(name))
		} else {
			long = append(long, spell(name))
		}
	}
	names = strings.Join(append(short, long...), ", ")
	if len(short) == 0 {
		names = "    " + names
	}
	if takesValue(flag) {
		names += " " + placeholder
		if value := flag.GetDefaultText(); value != "" && value != `""` && value != "[]" {
			usage += " (default " + strings.Trim(value, `"`) + ")"
		}
	}
	if variables := flag.GetEnvVars(); len(variables) > 0 {
		usage += " [$" + strings.Join(variables, ", $") + "]"
	}
	return names, usage
}

// unquote finds the `PLACEHOLDER` of a usage text and takes the quotes away.
func unquote(usage string) (placeholder, text string) {
	before, rest, ok := strings.Cut(usage, "`")
	name, after, closed := strings.Cut(rest, "`")
	if !ok || !closed {
		return "VALUE", usage
	}
	return name, before + name + after
}

func isHidden(flag cli.Flag) bool {
	visible, ok := flag.(cli.VisibleFlag)
	return ok && !visible.IsVisible()
}

func categoryOf(flag cli.Flag) string {
	if categorized, ok := flag.(cli.CategorizableFlag); ok {
		return categorized.GetCategory()
	}
	return ""
}
