package main

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os/exec"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
)

// source is a password manager, asked by its own program.
type source struct {
	program string
	// arguments ask for one entry.
	arguments func(entry string) []string
	// check refuses an entry that the program would take for something else.
	check func(entry string) error
	// name is the secret's where none is given.
	name func(entry string) string
	// value is the secret in what the program writes.
	value func(out []byte) []byte
}

// sources by the word that --from takes.
var sources = map[string]*source{
	// pass(1): "show pass-name", and the password is the first line.
	"pass": {
		program: "pass", check: noFlag, name: same, value: firstLine,
		arguments: func(entry string) []string { return []string{"show", "--", entry} },
	},
	// 1Password CLI 2: "op read <reference>"; --no-newline leaves the value as it is.
	"1password": {
		program: "op", check: reference, name: itemAndField, value: whole,
		arguments: func(entry string) []string { return []string{"read", "--no-newline", entry} },
	},
	// security(1): -w shows the password only, with a line break behind it.
	"keychain": {
		program: "security", check: noFlag, name: same, value: withoutEnd,
		arguments: func(entry string) []string { return []string{"find-generic-password", "-w", "-s", entry} },
	},
}

func sourceNames() string { return strings.Join(slices.Sorted(maps.Keys(sources)), ", ") }

func same(entry string) string { return entry }

func whole(out []byte) []byte { return out }

func firstLine(out []byte) []byte {
	line, _, _ := bytes.Cut(out, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r"))
}

func noFlag(entry string) error {
	if entry == "" || strings.HasPrefix(entry, "-") {
		return fault.Usage("entry %q is empty or looks like a flag", entry)
	}
	return nil
}

func reference(entry string) error {
	if parts := strings.Split(strings.TrimPrefix(entry, "op://"), "/"); !strings.HasPrefix(entry, "op://") || len(parts) < 3 {
		return fault.Usage("entry %q is no 1Password reference; allowed: op://VAULT/ITEM/FIELD", entry)
	}
	return nil
}

func itemAndField(entry string) string {
	parts := strings.Split(strings.TrimPrefix(entry, "op://"), "/")
	return strings.Join(parts[1:], "/")
}

// fromManager reads ENTRY[=NAME]. The program has the terminal, for its own
// questions (a passphrase, a finger); it gets no longer than the person waits.
func fromManager(ctx context.Context, s console.Streams, from, argument string) ([]item, error) {
	manager := sources[from]
	entry, name, given := strings.Cut(argument, "=")
	if err := manager.check(entry); err != nil {
		return nil, err
	}
	if !given {
		name = manager.name(entry)
	}
	path, err := exec.LookPath(manager.program)
	if err != nil {
		return nil, fault.Unable("reading from %s: its program %s is not on PATH", from, manager.program)
	}
	command := exec.CommandContext(ctx, path, manager.arguments(entry)...)
	command.Stdin, command.Stderr = s.In, s.Err
	out, err := command.Output()
	var ended *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.As(err, &ended):
		return nil, fault.Unable("reading %s from %s: %s ended with exit code %d", entry, from, manager.program, ended.ExitCode())
	case err != nil:
		return nil, fault.Unable("reading %s from %s: %w", entry, from, err)
	}
	value := manager.value(out)
	if len(value) == 0 {
		return nil, fault.Unable("reading %s from %s: it is empty", entry, from)
	}
	return []item{{name: name, from: from + " " + entry, value: value}}, nil
}
