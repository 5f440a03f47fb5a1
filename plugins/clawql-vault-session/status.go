package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/clawql/clawql-workbench/shared/session"
)

func statusCommand() *cli.Command {
	return &cli.Command{
		Name: "status", Usage: "tell whether the project has a session, and how long it lasts",
		Description: "Exits with 0 when a session runs and with 1 when none does.",
		Flags:       []cli.Flag{cmdline.OutputFlag(output.Table, output.JSON, output.YAML), sessionFlag()},
		Action:      status,
	}
}

// sessionObject is the object of `status -o json`. Without a session running
// is false and of the rest only the header is there.
type sessionObject struct {
	output.Header   `json:",inline"`
	Running         bool `json:"running"`
	*session.Status `json:",inline,omitempty"`
	Warnings        []string `json:"warnings"`
}

func status(c *cli.Context) error {
	found, err := statusOf(c)
	none := errors.Is(err, session.ErrNone) || errors.Is(err, session.ErrOver)
	if err != nil && !none {
		return err
	}
	object := sessionObject{Header: output.Head("VaultSession"), Running: !none, Warnings: []string{}}
	if none {
		err = fault.No("%w", err)
	} else {
		object.Status, object.Warnings = &found, warningsOf(found)
	}
	streams := cmdline.Streams(c)
	if format := cmdline.Format(c); format.Structured() {
		if failed := output.Encode(streams.Out, format, object); failed != nil {
			return failed
		}
		return output.Reported(err)
	}
	if none {
		return err
	}
	return printStatus(streams, found, object.Warnings)
}

func statusOf(c *cli.Context) (session.Status, error) {
	client, err := theSession(c)
	if err != nil {
		return session.Status{}, err
	}
	return client.Status(c.Context)
}

// nearEnd is when the end of a session is worth a warning.
const nearEnd = 10 * time.Minute

func warningsOf(s session.Status) []string {
	warnings := []string{}
	if left := time.Duration(s.Left) * time.Second; left <= nearEnd {
		warnings = append(warnings, fmt.Sprintf("it ends in %s, with every process in it", left))
	}
	if !s.Locked && s.Swap {
		warnings = append(warnings, "memory may not be locked here, and the machine swaps: secrets can reach the swap device")
	}
	return warnings
}

func printStatus(streams console.Streams, s session.Status, warnings []string) error {
	memory := "locked"
	switch {
	case !s.Locked && s.Swap:
		memory = "not locked"
	case !s.Locked:
		memory = "not locked; there is no swap"
	}
	var rows output.Rows
	rows.Add("session", s.ID+place(s))
	rows.Add("project", console.Clean(s.Project))
	rows.Add("ends", fmt.Sprintf("%s, in %s (started %s)", s.Ends.Local().Format(time.TimeOnly), time.Duration(s.Left)*time.Second, s.Started.Local().Format(time.TimeOnly)))
	rows.Add("secrets", fmt.Sprint(s.Secrets))
	rows.Add("runs", fmt.Sprintf("%s, %d processes, supervisor %d", console.Clean(filepath.Base(s.Command[0])), s.Processes, s.PID))
	rows.Add("vault", console.Clean(s.Server)+version(s))
	rows.Add("memory", memory)
	for _, one := range warnings {
		rows.Add(streams.Paint(streams.Out).Warn("warning"), one)
	}
	return rows.Write(streams.Out)
}

func place(s session.Status) string {
	if s.Inside {
		return " (you are inside)"
	}
	return ""
}

func version(s session.Status) string {
	if s.Version == "" {
		return ""
	}
	return ", version " + console.Clean(s.Version)
}
