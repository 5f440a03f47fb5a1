package main

import (
	"bytes"
	_ "embed"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/driftcheck"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/release"
)

//go:embed report.html.tmpl
var pageText string

// page is parsed by html/template, which escapes every value for its place.
var page = template.Must(template.New("report").Parse(pageText))

// view is what the page shows; its texts are clean, and not yet escaped.
type view struct {
	From, To, Verdict, Status string
	Objects                   string
	Counts                    []tile
	Findings                  []card
	Excepted                  []exceptedCard
	Warnings, Incomplete      []string
	Notes                     []string
	Pictures                  []picture
	PathsLeft                 int
	Version, Time             string
}

type tile struct {
	N          int
	What, Mark string
}

type card struct {
	Word, Mark, Severity, Control, Object string
	Says, InAll, From, To, Changed, ID    string
}

type exceptedCard struct {
	card
	Reason, Owner, Until string
	Standing             bool
}

// writeHTML writes one page: no asset from elsewhere, no script.
func writeHTML(w io.Writer, o options, r *driftcheck.Report, now time.Time) error {
	var b bytes.Buffer
	if err := page.Execute(&b, viewOf(o, r, now)); err != nil {
		return fault.Unable("write the result as html: %w", err)
	}
	return write(w, b.String())
}

func viewOf(o options, r *driftcheck.Report, now time.Time) view {
	v := view{
		From: console.Clean(o.from.name), To: console.Clean(o.to.name), Status: string(r.Status), Objects: console.Count(r.Objects, "object"),
		Notes: cleaned(r.Notes), Warnings: cleaned(r.Warnings), Incomplete: cleaned(r.Incomplete), Verdict: console.Clean(headline(o, r)),
		Version: release.Version(), Time: now.UTC().Format("2006-01-02 15:04 UTC"),
	}
	s := r.Summary
	v.Counts = []tile{
		{s.MorePermissive, "more permissive", "worse"}, {s.Stricter, "stricter", "stricter"}, {s.Different, "different", "other"},
		{len(r.Excepted), "excepted", "other"}, {len(r.Incomplete), "not compared", "unknown"},
	}
	for _, f := range r.Findings {
		v.Findings = append(v.Findings, cardOf(o, f, now))
	}
	for _, e := range r.Excepted {
		v.Excepted = append(v.Excepted, exceptedCard{
			cardOf(o, e.Finding, now), console.Clean(e.Exception.Reason), console.Clean(e.Exception.Owner), e.Exception.Expires.String(), e.Standing,
		})
	}
	paths := pathsOf(r.Findings)
	if len(paths) > mostPaths {
		paths, v.PathsLeft = paths[:mostPaths], len(paths)-mostPaths
	}
	for _, scale := range scales {
		if len(paths) > 0 {
			v.Pictures = append(v.Pictures, draw(paths, scale))
		}
	}
	return v
}

// headline is the verdict in one sentence.
func headline(o options, r *driftcheck.Report) string {
	switch {
	case r.Status == finding.Equal && len(r.Excepted) == 0:
		return "equal: neither side lets anything happen that the other does not"
	case r.Status == finding.Incomplete:
		return console.Count(len(r.Incomplete), "thing") + " could not be compared; " + sentence(o, r)
	}
	return sentence(o, r)
}

var marks = map[finding.Direction]string{finding.MorePermissive: "worse", finding.Stricter: "stricter"}

func cardOf(o options, f finding.Finding, now time.Time) card {
	witness, inAll := says(f, o.from.name, o.to.name)
	c := card{
		Word: strings.ReplaceAll(string(f.Direction), "-", " "), Mark: marks[f.Direction], Severity: string(f.Severity),
		Control: console.Clean(f.Control), Object: console.Clean(kindAndName(f)),
		Says: console.Clean(witness), InAll: console.Clean(inAll), Changed: console.Clean(changedBy(f.LastChanged, now)), ID: f.ID,
	}
	if f.Witness != nil {
		c.From, c.To = console.Clean(f.From), console.Clean(f.To)
	}
	if c.Mark == "" {
		c.Mark = "other"
	}
	return c
}

func cleaned(list []string) []string {
	out := make([]string, len(list))
	for i, text := range list {
		out[i] = console.Clean(text)
	}
	return out
}
