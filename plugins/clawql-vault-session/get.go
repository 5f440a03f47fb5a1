package main

import (
	"encoding/base64"
	"fmt"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/clawql/clawql-workbench/shared/vault"
)

// raw is the format of get without -o: the value's own bytes.
const raw output.Format = "raw"

func getCommand() *cli.Command {
	return &cli.Command{
		Name: "get", ArgsUsage: "NAME", Usage: "write a secret's value to stdout; inside the session only",
		Description: "Writes the bytes of the value and nothing else. To give a secret to one program\nwithout showing it to the shell, use `run`.",
		Flags: []cli.Flag{
			cmdline.OutputFlag(raw, output.JSON, output.YAML),
			&cli.StringFlag{Name: "field", Usage: "the field `NAME` of a secret that another program wrote to Vault"},
			sessionFlag(),
		},
		Action: get,
	}
}

// secretObject is the object of `get -o json`. Exactly one of the two values
// is there.
type secretObject struct {
	output.Header `json:",inline"`
	Name          string  `json:"name"`
	Bytes         int     `json:"bytes"`
	Value         *string `json:"value,omitempty"`
	Base64        *string `json:"valueBase64,omitempty"` // of a value that is not UTF-8
}

func get(c *cli.Context) error {
	name := c.Args().First()
	if err := vault.CheckPath(name); err != nil {
		return err
	}
	client, err := theSession(c)
	if err != nil {
		return err
	}
	value, err := client.Get(c.Context, name, c.String("field"))
	if err != nil {
		return err
	}
	hideMemory()
	streams := cmdline.Streams(c)
	if format := cmdline.Format(c); format.Structured() {
		return output.Encode(streams.Out, format, objectOf(name, value))
	}
	return writeValue(streams, value)
}

func objectOf(name string, value []byte) secretObject {
	object := secretObject{Header: output.Head("VaultSecret"), Name: name, Bytes: len(value)}
	if text := string(value); utf8.ValidString(text) {
		object.Value = &text
	} else {
		text = base64.StdEncoding.EncodeToString(value)
		object.Base64 = &text
	}
	return object
}

// writeValue writes the bytes. On a terminal a value of more bytes than text
// could change the terminal itself: there it is cleaned, and a note says what
// the person just did.
func writeValue(s console.Streams, value []byte) error {
	if !s.IsTerminal(s.Out) {
		_, err := s.Out.Write(value)
		return err
	}
	shown := console.CleanLines(string(value))
	if _, err := fmt.Fprintln(s.Out, shown); err != nil {
		return err
	}
	notes := []string{"the value now stands in this terminal's scrollback; see `run`"}
	if shown != string(value) {
		notes = append(notes, "control characters were left out here")
	}
	for _, note := range notes {
		fmt.Fprintln(s.Err, s.Paint(s.Err).Dim("note: "+note))
	}
	return nil
}
