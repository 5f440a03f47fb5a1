package cmdline

import (
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/fault"
)

// validate checks what can be checked before a command runs: that there is a
// command, that required flags are there, and the number of positional words.
func (l *commandLine) validate() error {
	if l.last().verbatim {
		return l.checkVerbatim()
	}
	if err := l.checkCommand(); err != nil {
		return err
	}
	if err := l.checkRequired(); err != nil {
		return err
	}
	return l.checkWords()
}

// checkVerbatim refuses a flag in front of a command whose line is not ours:
// it would be lost without a word.
func (l *commandLine) checkVerbatim() error {
	if len(l.flags) == 0 {
		return nil
	}
	at := l.last()
	return fault.Usage("flag %s stands in front of %s and would not reach it", spell(l.flags[0].name), at.name).
		Hint("write it behind: `%s ... %s`", at.title, spell(l.flags[0].name))
}

// checkCommand refuses a word where only a command can stand. An action
// without arguments beside commands (a listing) takes no word either.
func (l *commandLine) checkCommand() error {
	at := l.last()
	_, _, most := arity(at.argsUsage)
	if at.action && (most != 0 || len(at.commands) == 0 || len(l.words) == 0) {
		return nil
	}
	names := strings.Join(at.commandNames(), ", ")
	if len(l.words) == 0 {
		return fault.Usage("a command is missing; there are: %s", names).Hint("%s", l.helpHint())
	}
	err := fault.Usage("unknown command %q; there are: %s", l.words[0], names)
	if near, ok := Nearest(l.words[0], at.commandNames()); ok {
		return err.Hint("did you mean `%s %s`?", at.title, near)
	}
	return err.Hint("%s", l.helpHint())
}

func (l *commandLine) checkRequired() error {
	for _, at := range l.path {
		for _, flag := range at.flags {
			if required, ok := flag.(cli.RequiredFlag); !ok || !required.IsRequired() || l.has(flag) {
				continue
			}
			return fault.Usage("flag %s is required", spell(flag.Names()[0])).Hint("%s", l.helpHint())
		}
	}
	return nil
}

// has says whether a flag stands on the command line or in the environment.
func (l *commandLine) has(flag cli.Flag) bool {
	for _, one := range l.flags {
		for _, name := range flag.Names() {
			if one.name == name {
				return true
			}
		}
	}
	if documented, ok := flag.(cli.DocGenerationFlag); ok {
		for _, name := range documented.GetEnvVars() {
			if environment(name) {
				return true
			}
		}
	}
	return false
}

func (l *commandLine) checkWords() error {
	at := l.last()
	names, least, most := arity(at.argsUsage)
	if len(l.words) < least {
		return fault.Usage("%s is missing", strings.TrimRight(names[len(l.words)], ".")).
			Hint("%s", "write: "+usageLine(at))
	}
	if most < 0 || len(l.words) <= most {
		return nil
	}
	extra := l.words[most]
	err := fault.Usage("argument %q is one too many; %s takes %s", extra, at.title, counted(most))
	if at.find(extra) != nil {
		return err.Hint("a command comes first: `%s %s %s`", at.title, extra, strings.Join(l.words[:most], " "))
	}
	if near, ok := Nearest(l.words[0], at.commandNames()); ok {
		return err.Hint("did you mean `%s %s %s`?", at.title, near, strings.Join(l.words[1:], " "))
	}
	return err.Hint("%s", "write: "+usageLine(at))
}

// counted names a number of positional arguments.
func counted(most int) string {
	switch most {
	case 0:
		return "none"
	case 1:
		return "one"
	}
	return strconv.Itoa(most)
}

// unknownFlag names the flag and the nearest one that exists here.
func (l *commandLine) unknownFlag(written, name string) error {
	err := fault.Usage("unknown flag %s", written)
	names := []string{"help"}
	for _, at := range l.path {
		for _, flag := range at.flags {
			names = append(names, flag.Names()...)
		}
	}
	if near, ok := Nearest(name, names); ok {
		return err.Hint("did you mean %s?", spell(near))
	}
	if len(l.last().commands) > 0 {
		err = err.Hint("flags of a command stand behind its name")
	}
	return err.Hint("%s", l.helpHint())
}

func (l *commandLine) helpHint() string {
	return "`" + l.last().title + " --help` shows commands and flags"
}
