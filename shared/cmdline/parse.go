package cmdline

import (
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// given is a flag as it stood on the command line.
type given struct {
	name  string
	value string
}

// commandLine is a resolved command line.
type commandLine struct {
	path    []*node // the root first, the command that was meant last
	flags   []given // in their order
	words   []string
	help    bool
	version bool
}

// parse resolves args (without the program's name). The rules are those of
// getopt_long and kubectl, not of package flag:
//
//   - flags may stand before or behind positional arguments and commands, up
//     to `--`; behind it everything is positional;
//   - `--name value`, `--name=value`, `-n value`, `-n=value`, `-nvalue`, and
//     one-letter flags together (`-wo json`); `-name` is an error;
//   - a flag that takes a value takes the next word whatever it is, except
//     when that is a flag known here: then the value was forgotten;
//   - the first positional word that names a command selects it; a flag
//     belongs to the innermost command that has it.
func parse(root *node, args []string) (*commandLine, error) {
	line := &commandLine{path: []*node{root}}
	for len(args) > 0 {
		if line.last().verbatim {
			line.words = append(line.words, args...)
			break
		}
		rest, err := line.take(args)
		if err != nil {
			return nil, err
		}
		args = rest
	}
	if line.help && line.last().verbatim { // it knows its own help best
		line.help, line.words = false, []string{"--help"}
	}
	return line, nil
}

func (l *commandLine) last() *node { return l.path[len(l.path)-1] }

// take consumes one argument, with its value, and returns the rest.
func (l *commandLine) take(args []string) ([]string, error) {
	arg, rest := args[0], args[1:]
	switch {
	case arg == "--":
		l.words = append(l.words, rest...)
		return nil, nil
	case arg == "--help" || arg == "-h":
		l.help = true
	case arg == "--version" && len(l.path) == 1:
		l.version = true
	case strings.HasPrefix(arg, "--"):
		return l.long(arg, rest)
	case strings.HasPrefix(arg, "-") && arg != "-":
		return l.short(arg, rest)
	default:
		l.word(arg)
	}
	return rest, nil
}

// word takes a positional argument or descends into the command it names.
func (l *commandLine) word(arg string) {
	if len(l.words) > 0 {
		l.words = append(l.words, arg)
		return
	}
	if command := l.last().find(arg); command != nil {
		l.path = append(l.path, l.last().child(command))
		return
	}
	if arg == "help" && len(l.last().commands) > 0 {
		l.help = true
		return
	}
	l.words = append(l.words, arg)
}

// long takes `--name`, `--name=value` or `--name value`.
func (l *commandLine) long(arg string, rest []string) ([]string, error) {
	name, value, assigned := strings.Cut(arg[2:], "=")
	flag := l.flag(name)
	if flag == nil || len(name) < 2 {
		return nil, l.unknownFlag("--"+name, name)
	}
	return l.assign(flag, name, value, assigned, rest)
}

// short takes `-n`, `-n=value`, `-nvalue` and several letters together.
func (l *commandLine) short(arg string, rest []string) ([]string, error) {
	for i := 1; i < len(arg); i++ { // bytes: one-letter flags are ASCII
		name, tail := arg[i:i+1], arg[i+1:]
		flag := l.flag(name)
		switch {
		case name == "h" && flag == nil:
			l.help = true
			continue
		case flag == nil:
			return nil, l.unknownFlag(arg, strings.TrimLeft(arg, "-"))
		case strings.HasPrefix(tail, "="):
			return l.assign(flag, name, tail[1:], true, rest)
		case tail != "" && takesValue(flag):
			return l.assign(flag, name, tail, true, rest)
		}
		next, err := l.assign(flag, name, "", false, rest)
		if err != nil {
			return nil, err
		}
		rest = next
	}
	return rest, nil
}

// assign notes a flag with its value, which may be the next argument.
func (l *commandLine) assign(flag cli.Flag, name, value string, assigned bool, rest []string) ([]string, error) {
	switch {
	case assigned:
	case !takesValue(flag):
		value = "true"
	case len(rest) == 0:
		return nil, fault.Usage("flag %s needs a value", spell(name)).Hint("%s", l.helpHint())
	case l.isFlag(rest[0]):
		return nil, fault.Usage("flag %s needs a value, and %s is a flag", spell(name), rest[0]).
			Hint("if that is the value, write %s=%s", spell(name), rest[0])
	default:
		value, rest = rest[0], rest[1:]
	}
	l.flags = append(l.flags, given{name: name, value: value})
	return rest, nil
}

// flag looks a name up from the innermost command outwards.
func (l *commandLine) flag(name string) cli.Flag {
	for i := len(l.path) - 1; i >= 0; i-- {
		if flag := l.path[i].flag(name); flag != nil {
			return flag
		}
	}
	return nil
}

// isFlag says whether arg is a flag that is known here, as a whole word.
func (l *commandLine) isFlag(arg string) bool {
	name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	switch {
	case strings.HasPrefix(arg, "--"):
		return len(name) > 1 && (l.flag(name) != nil || name == "help")
	case strings.HasPrefix(arg, "-"):
		return len(name) == 1 && l.flag(name) != nil
	}
	return false
}

// arguments is the command line for urfave: the flags of each command right
// behind its name, each in one piece, and the positional words behind `--`.
func (l *commandLine) arguments(program string) []string {
	args := []string{program}
	for depth, at := range l.path {
		if depth > 0 {
			args = append(args, at.name)
		}
		for _, one := range l.flags {
			if owner := l.owner(one.name); owner == at {
				args = append(args, "--"+at.flag(one.name).Names()[0]+"="+one.value)
			}
		}
	}
	if l.last().verbatim {
		return append(args, l.words...)
	}
	return append(append(args, "--"), l.words...)
}

// owner is the innermost command of the whole line that has the flag: a
// `-o json` in front of a command that has -o itself is meant for it.
func (l *commandLine) owner(name string) *node {
	for i := len(l.path) - 1; i >= 0; i-- {
		if l.path[i].flag(name) != nil {
			return l.path[i]
		}
	}
	return nil
}
