package main

import (
	"io"
	"time"

	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/clawql/clawql-workbench/shared/output/sarif"
	"github.com/clawql/clawql-workbench/shared/secretexception"
	"github.com/clawql/clawql-workbench/shared/stagedscan"
)

// scanReport is the object that -o json writes.
type scanReport struct {
	output.Header `json:",inline"`
	Clean         bool              `json:"clean"`
	Policy        string            `json:"policy"` // HEAD, index or defaults
	Files         int               `json:"files"`
	Bytes         int64             `json:"bytes"`
	Known         int               `json:"known"` // left out: the version before has the same secret
	Findings      []findingObject   `json:"findings"`
	Excepted      []exceptedObject  `json:"excepted"`
	Unused        []exceptionObject `json:"unusedExceptions"`
	Notes         []string          `json:"notes"`
}

// exceptionObject is an entry of .clawql/secret-exceptions.yaml.
type exceptionObject struct {
	Rule    string `json:"rule"`
	In      string `json:"in"`
	Path    string `json:"path,omitempty"`
	Reason  string `json:"reason"`
	Owner   string `json:"owner"`
	Expires string `json:"expires"`
}

// exceptedObject is a finding that an exception leaves out.
type exceptedObject struct {
	File      string          `json:"file,omitempty"`
	Line      int             `json:"line,omitempty"`
	Commit    string          `json:"commit,omitempty"`
	Exception exceptionObject `json:"exception"`
}

type findingObject struct {
	ID          string   `json:"id"` // of its place; `allow` takes it
	Rule        string   `json:"rule"`
	Description string   `json:"description"`
	File        string   `json:"file,omitempty"`
	In          string   `json:"in"` // content, name or message
	Line        int      `json:"line,omitempty"`
	EndLine     int      `json:"endLine,omitempty"`
	Commit      string   `json:"commit,omitempty"`
	Entropy     float32  `json:"entropy"`
	Tags        []string `json:"tags"`
	Secret      string   `json:"secret"`     // always [redacted]
	SecretHash  string   `json:"secretHash"` // the same for the same secret, in this report only
	Fingerprint string   `json:"fingerprint,omitempty"`
	Detail      string   `json:"detail,omitempty"`         // completes "it ..."
	Ended       string   `json:"exceptionEnded,omitempty"` // the last day of its exception
	Rotate      string   `json:"rotate"`                   // what to do
	Allow       string   `json:"allow"`                    // the command that excepts it
}

func objectOf(report *stagedscan.Report) scanReport {
	object := scanReport{
		Header: output.Head("SecretScanReport"), Clean: len(report.Findings) == 0, Policy: report.Policy,
		Files: report.Files, Bytes: report.Bytes, Known: report.Known, Findings: []findingObject{},
		Excepted: []exceptedObject{}, Unused: []exceptionObject{}, Notes: append([]string{}, report.Notes...),
	}
	for _, f := range report.Findings {
		object.Findings = append(object.Findings, findingOf(f))
	}
	for _, one := range report.Excepted {
		object.Excepted = append(object.Excepted, exceptedObject{one.File, one.StartLine, one.Commit, exceptionOf(one.Entry)})
	}
	for _, e := range report.Unused {
		object.Unused = append(object.Unused, exceptionOf(e))
	}
	return object
}

func findingOf(f stagedscan.Finding) findingObject {
	again := ""
	if f.Commit != "" {
		again = " --commit " + f.Commit
	}
	one := findingObject{
		ID: f.ID, Rule: f.Rule, Description: f.Description, File: f.File, In: f.In, Line: f.StartLine, EndLine: f.EndLine,
		Commit: f.Commit, Entropy: f.Entropy, Tags: append([]string{}, f.Tags...), Secret: f.Secret.String(), SecretHash: f.Hash,
		Detail: f.Why, Ended: f.Ended, Rotate: familyOf(f.Rule).rotate, Allow: allowCommand(f.ID, again, time.Now()),
	}
	if f.In == stagedscan.InContent {
		one.Fingerprint = f.Fingerprint()
	}
	return one
}

func exceptionOf(e secretexception.Entry) exceptionObject {
	in := e.In
	if in == "" {
		in = stagedscan.InContent
	}
	return exceptionObject{e.Rule, in, e.Path, e.Reason, e.Owner, e.Expires.String()}
}

// writeSARIF writes one run, with an empty list of results when it is clean.
func writeSARIF(w io.Writer, report *stagedscan.Report) error {
	run := sarif.NewRun("git-clawql-hooks")
	for _, f := range report.Findings {
		run.Rule(f.Rule, f.Description)
		run.Results = append(run.Results, sarifOf(f))
	}
	return sarif.Write(w, run)
}

func sarifOf(f stagedscan.Finding) sarif.Result {
	one := sarif.Result{
		Fingerprints: map[string]string{"clawqlFinding/v1": f.ID}, RuleID: f.Rule, Level: sarif.Error,
		Message: sarif.Text{Text: f.Description + " (in its " + f.In + ")"},
	}
	if f.File == "" {
		return one
	}
	at := &sarif.Physical{Artifact: sarif.File(f.File)}
	if f.StartLine > 0 && f.In == stagedscan.InContent {
		at.Region = &sarif.Region{StartLine: f.StartLine, EndLine: f.EndLine}
	}
	one.Locations = append(one.Locations, sarif.Location{Physical: at})
	return one
}
