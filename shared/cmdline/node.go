package cmdline

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// node is a command as the resolver and the help see it; the root is the app.
type node struct {
	title       string // what one types to get here: "kubectl clawql deploy status"
	name        string
	usage       string
	description string
	argsUsage   string
	flags       []cli.Flag
	commands    []*cli.Command
	action      bool
	verbatim    bool // SkipFlagParsing: the rest of the line is not ours
	command     *cli.Command
}

func rootOf(app *cli.App) *node {
	return &node{
		title: Program(app), name: app.Name, usage: app.Usage, description: app.Description,
		argsUsage: app.ArgsUsage, flags: append(slices.Clone(app.Flags), colorFlag()),
		commands: app.Commands, action: app.Action != nil, verbatim: app.SkipFlagParsing,
	}
}

func (n *node) child(command *cli.Command) *node {
	return &node{
		title: n.title + " " + command.Name, name: command.Name, usage: command.Usage,
		description: command.Description, argsUsage: command.ArgsUsage, flags: command.Flags,
		commands: command.Subcommands, action: command.Action != nil,
		verbatim: command.SkipFlagParsing, command: command,
	}
}

// find gives the subcommand of that name or alias, nil for none.
func (n *node) find(name string) *cli.Command {
	for _, command := range n.commands {
		if command.HasName(name) {
			return command
		}
	}
	return nil
}

func (n *node) commandNames() []string {
	var names []string
	for _, command := range n.commands {
		if !command.Hidden {
			names = append(names, command.Name)
		}
	}
	return names
}

// flag gives the flag of that name or alias, nil for none.
func (n *node) flag(name string) cli.Flag {
	for _, flag := range n.flags {
		if slices.Contains(flag.Names(), name) {
			return flag
		}
	}
	return nil
}

// takesValue says whether a flag needs a value after it.
func takesValue(flag cli.Flag) bool {
	if generic, ok := flag.(*cli.GenericFlag); ok {
		boolean, ok := generic.Value.(interface{ IsBoolFlag() bool })
		return !ok || !boolean.IsBoolFlag()
	}
	documented, ok := flag.(cli.DocGenerationFlag)
	return !ok || documented.TakesValue()
}

// spell writes a flag name with its dashes.
func spell(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// arity reads how many positional arguments ArgsUsage asks for:
// "ENVIRONMENT" is one, "[ENVIRONMENT]" at most one, "FILE..." at least one,
// "[FILE...]" any number. A most of -1 is no limit.
func arity(argsUsage string) (names []string, least, most int) {
	names = strings.Fields(argsUsage)
	for _, name := range names {
		if !strings.HasPrefix(name, "[") {
			least++
		}
		if strings.Contains(name, "...") {
			most = -1
		} else if most >= 0 {
			most++
		}
	}
	return names, least, most
}
