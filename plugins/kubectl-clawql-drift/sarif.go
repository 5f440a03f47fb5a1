package main

import (
	"io"
	"path/filepath"
	"strings"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/driftcheck"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/output/sarif"
)

// places tells where the object of a finding stands in the folders compared.
type places struct {
	folders [2]string
	files   [2]map[finding.Object]string
	renamed map[string]string // a namespace of --to is this one of --from
}

func placesOf(o options, from, to driftcheck.Side) places {
	p := places{
		folders: [2]string{o.from.folder, o.to.folder}, files: [2]map[finding.Object]string{from.Files, to.Files},
		renamed: map[string]string{},
	}
	for a, b := range o.mapping.Namespaces {
		p.renamed[b] = a
	}
	return p
}

// file is the path of the object, on the side of --from where it is there:
// that is the side to mend. "" is not known.
func (p places) file(o finding.Object) string {
	for i, files := range p.files {
		named := finding.Object{Kind: o.Kind, Namespace: o.Namespace, Name: o.Name}
		if ns, mapped := p.renamed[o.Namespace]; mapped && i == 0 {
			named.Namespace = ns
		}
		if ns, mapped := p.renamed[o.Name]; mapped && i == 0 && o.Kind == "Namespace" {
			named.Name = ns
		}
		if file := files[named]; file != "" {
			return filepath.ToSlash(filepath.Join(p.folders[i], file))
		}
	}
	return ""
}

var levels = map[finding.Severity]string{
	finding.Critical: sarif.Error, finding.High: sarif.Error, finding.Warning: sarif.Warning, finding.Info: sarif.Note,
}

// writeSARIF writes one run: a rule is a control, a result a finding. What
// could not be compared makes the run an unsuccessful one.
func writeSARIF(w io.Writer, o options, r *driftcheck.Report, at places) error {
	run := sarif.NewRun("kubectl-clawql-drift")
	for _, c := range driftcheck.Controls(all(r)) {
		run.Rule(console.Clean(c.Name), console.Clean(c.Decides))
	}
	for _, f := range r.Findings {
		run.Results = append(run.Results, resultOf(o, f, at))
	}
	for _, e := range r.Excepted {
		one := resultOf(o, e.Finding, at)
		one.Suppressions = []sarif.Suppression{{Kind: "external", Status: "accepted", Justification: console.Clean(e.Exception.Reason + " (" + e.Exception.Owner + ")")}}
		run.Results = append(run.Results, one)
	}
	ended := sarif.Invocation{Successful: len(r.Incomplete) == 0}
	for _, text := range r.Incomplete {
		ended.Notifications = append(ended.Notifications, sarif.Notification{Level: sarif.Error, Message: sarif.Text{Text: "not compared: " + noLinks(text)}})
	}
	for _, text := range r.Warnings {
		ended.Notifications = append(ended.Notifications, sarif.Notification{Level: sarif.Warning, Message: sarif.Text{Text: noLinks(text)}})
	}
	run.Invocations = []sarif.Invocation{ended}
	return sarif.Write(w, run)
}

// all findings, those that exceptions cover too.
func all(r *driftcheck.Report) []finding.Finding {
	list := append([]finding.Finding{}, r.Findings...)
	for _, e := range r.Excepted {
		list = append(list, e.Finding)
	}
	return list
}

func resultOf(o options, f finding.Finding, at places) sarif.Result {
	witness, inAll := says(f, o.from.name, o.to.name)
	if inAll != "" {
		witness += " (" + inAll + ")"
	}
	level, known := levels[f.Severity]
	if !known {
		level = sarif.Error
	}
	location := sarif.Location{Logical: []sarif.Logical{{
		Name: console.Clean(f.Object.Name), Full: console.Clean(f.Object.Kind + "/" + f.Object.String()), Kind: "resource",
	}}}
	if file := at.file(f.Object); file != "" {
		location.Physical = &sarif.Physical{Artifact: sarif.File(file)}
	}
	return sarif.Result{
		Fingerprints: map[string]string{"clawqlFinding/v1": f.ID}, RuleID: console.Clean(f.Control), Level: level,
		Message:   sarif.Text{Text: noLinks(string(f.Direction) + ": " + witness)},
		Locations: []sarif.Location{location},
	}
}

// noLinks is text in which SARIF (2.1.0, 3.11.6) sees no link: [text](target).
func noLinks(text string) string { return strings.ReplaceAll(console.Clean(text), "](", "] (") }
