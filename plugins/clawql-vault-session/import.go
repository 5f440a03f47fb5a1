package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/dotenv"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/session"
	"github.com/clawql/clawql-workbench/shared/vault"
)

const importDescription = `Each FILE is a .env file: NAME=VALUE, [export], quotes, comments. Nothing is
imported when a line is wrong. Then it offers to shred the files; --shred does
so without asking, --keep does not ask either.

--from reads single entries of a password manager by its own program:

  pass       ENTRY[=NAME]     pass show ENTRY, its first line
  1password  op://VAULT/ITEM/FIELD[=NAME]     op read
  keychain   SERVICE[=NAME]   security find-generic-password (macOS)

Without =NAME the secret has the name of the entry (1password: ITEM/FIELD).
`

func importCommand() *cli.Command {
	return &cli.Command{
		Name: "import", ArgsUsage: "FILE|ENTRY...", Usage: "take secrets over from .env files or a password manager", Description: importDescription,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "from", Usage: "take ENTRY from `SOURCE`: " + sourceNames()},
			&cli.StringFlag{Name: "prefix", Usage: "put `PATH/` before each name"},
			&cli.StringSliceFlag{Name: "not-secret", Usage: "let commits contain the value of `NAME`; may be repeated"},
			&cli.BoolFlag{Name: "shred", Usage: "overwrite and delete the files after it"},
			&cli.BoolFlag{Name: "keep", Usage: "leave the files as they are, without asking"},
			sessionFlag(),
		},
		Action: importSecrets,
	}
}

// item is a secret about to be put.
type item struct {
	name, from string
	value      []byte
	notSecret  bool
}

func importSecrets(c *cli.Context) error {
	if err := checkImport(c); err != nil {
		return err
	}
	client, err := theSession(c)
	if err != nil {
		return err
	}
	hideMemory()
	items, files, err := collect(c)
	if err != nil {
		return err
	}
	if err := putAll(c.Context, client, items); err != nil {
		return err
	}
	streams := cmdline.Streams(c)
	fmt.Fprintf(streams.Err, "imported %s\n", console.Count(len(items), "secret"))
	return disposeOf(c, streams, files)
}

func checkImport(c *cli.Context) error {
	from := c.String("from")
	switch {
	case c.Bool("shred") && c.Bool("keep"):
		return fault.Usage("--shred and --keep exclude one another")
	case from != "" && (c.Bool("shred") || c.Bool("keep")):
		return fault.Usage("--from %s has no file to shred or to keep", from)
	case c.IsSet("from") && sources[from] == nil:
		return fault.Usage("--from %q is not known; allowed: %s", from, sourceNames())
	}
	return nil
}

// collect reads everything before anything is put.
func collect(c *cli.Context) (items []item, files []string, err error) {
	read := func(argument string) ([]item, error) { return fromFile(argument) }
	if from := c.String("from"); from != "" {
		read = func(argument string) ([]item, error) {
			return fromManager(c.Context, cmdline.Streams(c), from, argument)
		}
	} else {
		files = c.Args().Slice()
	}
	for _, argument := range c.Args().Slice() {
		some, err := read(argument)
		if err != nil {
			return nil, nil, err
		}
		items = append(items, some...)
	}
	plain := c.StringSlice("not-secret")
	for i := range items {
		items[i].notSecret = slices.Contains(plain, items[i].name)
		items[i].name = c.String("prefix") + items[i].name
	}
	return items, files, checkItems(items, plain)
}

// checkItems refuses what would fail half way, and what would be lost.
func checkItems(items []item, plain []string) error {
	seen := map[string]string{}
	marked := 0
	for _, one := range items {
		if err := vault.CheckPath(one.name); err != nil {
			return err
		}
		if before, ok := seen[one.name]; ok {
			return fault.Usage("%s comes twice: from %s and from %s", one.name, before, one.from)
		}
		if len(one.value) > session.LongestValue {
			return fault.Usage("the value of %s (%s) has more than %d bytes", one.name, one.from, session.LongestValue)
		}
		seen[one.name] = one.from
		if one.notSecret {
			marked++
		}
	}
	if marked < len(plain) {
		return fault.Usage("--not-secret %v: not all of these names are in what is imported", plain)
	}
	return nil
}

func putAll(ctx context.Context, client *session.Client, items []item) error {
	for i, one := range items {
		if err := client.Put(ctx, one.name, one.value, one.notSecret); err != nil {
			return fault.Unable("importing %s: %w (%d of %d were put before it)", one.name, err, i, len(items))
		}
	}
	return nil
}

// fromFile reads a .env file. It may be a pipe: import <(sops -d .env.enc).
func fromFile(path string) ([]item, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fault.Usage("reading the file: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, session.LongestValue+1))
	if err == nil && len(text) > session.LongestValue {
		return nil, fault.Usage("%s has more than %d bytes; that is no .env file", path, session.LongestValue)
	}
	if err != nil {
		return nil, fault.Usage("reading the file: %w", err)
	}
	variables, err := dotenv.Parse(text)
	if err != nil {
		return nil, fault.Usage("%s: %w", path, err)
	}
	var items []item
	for _, one := range variables {
		if len(one.Value) > 0 { // NAME= is how a template leaves one open
			items = append(items, item{name: one.Name, from: fmt.Sprintf("%s:%d", path, one.Line), value: one.Value})
		}
	}
	return items, nil
}
