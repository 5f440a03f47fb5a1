package main

import (
	"os"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/clawql/clawql-workbench/shared/session"
)

func sessionsCommand() *cli.Command {
	return &cli.Command{
		Name: "sessions", Usage: "list your sessions",
		Flags:  []cli.Flag{cmdline.OutputFlag(output.Table, output.JSON, output.YAML)},
		Action: listSessions,
	}
}

// sessionList is the object of `sessions -o json`.
type sessionList struct {
	output.Header `json:",inline"`
	Sessions      []session.Record `json:"sessions"`
}

func listSessions(c *cli.Context) error {
	running, err := session.Running(os.Environ())
	if err != nil {
		return err
	}
	list := sessionList{Header: output.Head("SessionList"), Sessions: []session.Record{}}
	for _, record := range running {
		list.Sessions = append(list.Sessions, record)
	}
	slices.SortFunc(list.Sessions, func(a, b session.Record) int { return a.Started.Compare(b.Started) })
	streams := cmdline.Streams(c)
	if format := cmdline.Format(c); format.Structured() {
		return output.Encode(streams.Out, format, list)
	}
	var rows output.Rows
	for _, one := range list.Sessions {
		rows.Add(one.ID, "until "+one.Ends.Local().Format(time.TimeOnly), console.Clean(one.Project))
	}
	return rows.Write(streams.Out)
}
