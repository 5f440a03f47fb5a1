package main

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/clawql/clawql-workbench/shared/cmdline"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/clawql/clawql-workbench/shared/release"
)

// toolList is what `clawql -o json` prints.
type toolList struct {
	output.Header `json:",inline"`
	Version       string       `json:"version"`
	Tools         []toolStatus `json:"tools,omitempty"`
}

// toolStatus says where a tool is. Path is empty when it is not installed;
// Problem says why a tool that is there will not be run.
type toolStatus struct {
	Name      string `json:"name"`
	Binary    string `json:"binary"`
	Summary   string `json:"summary"`
	Installed bool   `json:"installed"`
	Path      string `json:"path,omitempty"`
	Problem   string `json:"problem,omitempty"`
}

// list shows the tools.
func (d door) list(c *cli.Context) error {
	status := toolList{Header: output.Head("ToolList"), Version: release.Version()}
	for _, one := range tools {
		status.Tools = append(status.Tools, d.status(one))
	}
	w := cmdline.Streams(c).Out
	if format := cmdline.Format(c); format.Structured() {
		return output.Encode(w, format, status)
	}
	return d.print(w, status)
}

func (d door) status(one tool) toolStatus {
	status := toolStatus{Name: one.name, Binary: one.binary, Summary: one.summary}
	path, err := d.finder.find(one.binary)
	switch {
	case err == nil:
		status.Installed, status.Path = true, path
	case path != "":
		status.Path, status.Problem = path, err.Error()
	}
	return status
}

func (d door) print(w io.Writer, status toolList) error {
	fmt.Fprintf(w, "%s %s: the ClawQL workbench\n\n", d.program, status.Version)
	table := output.Rows{Indent: 2}
	for _, one := range status.Tools {
		table.Add(one.Name, one.word(), one.Summary)
	}
	if err := table.Write(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s TOOL --help tells more about one.\n", d.program)
	return err
}

func (s toolStatus) word() string {
	switch {
	case s.Installed:
		return "installed"
	case s.Problem != "":
		return "refused"
	}
	return "not installed"
}

// version prints the release.
func (d door) version(c *cli.Context) error {
	w := cmdline.Streams(c).Out
	if format := cmdline.Format(c); format.Structured() {
		return output.Encode(w, format, toolList{Header: output.Head("Version"), Version: release.Version()})
	}
	_, err := fmt.Fprintf(w, "%s %s\n", d.program, release.Version())
	return err
}
