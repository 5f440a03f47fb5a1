package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/driftcheck"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// The parts of JUnit's XML that CI systems read.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Failure *junitProblem `xml:"failure"`
		Error   *junitProblem `xml:"error"`
		Skipped *junitProblem `xml:"skipped"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitProblem struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// complete is the test case of having compared everything.
const complete = "everything was compared"

// writeJUnit writes a test case for each control, and one for having compared
// everything. Where that failed, a control without a finding is skipped: it may
// not pass for an equal one.
func writeJUnit(w io.Writer, o options, r *driftcheck.Report) error {
	suite := junitSuite{Name: console.Clean("drift " + o.from.name + " -> " + o.to.name)}
	for _, c := range driftcheck.Controls(all(r)) {
		suite.add(caseOf(o, r, c))
	}
	whole := junitCase{Name: complete, Class: "drift"}
	if n := len(r.Incomplete); n > 0 {
		whole.Error = &junitProblem{Message: console.Count(n, "thing") + " could not be compared", Type: "incomplete", Text: console.CleanLines(strings.Join(r.Incomplete, "\n"))}
	}
	suite.add(whole)
	text, err := xml.MarshalIndent(junitSuites{Suites: []junitSuite{suite}}, "", "  ")
	if err != nil {
		return fault.Unable("write the result as junit: %w", err)
	}
	return write(w, noCommands(xml.Header+string(text)+"\n"))
}

func (s *junitSuite) add(c junitCase) {
	s.Cases, s.Tests = append(s.Cases, c), s.Tests+1
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
}

func caseOf(o options, r *driftcheck.Report, control driftcheck.Control) junitCase {
	one := junitCase{Name: console.Clean(control.Name + ": " + control.Decides), Class: "drift"}
	var lines []string
	var of []finding.Finding
	for _, f := range r.Findings {
		if f.Control == control.Name {
			witness, _ := says(f, o.from.name, o.to.name)
			lines = append(lines, console.Clean(fmt.Sprintf("%s, %s: %s %s: %s", f.Direction, f.Severity, f.Object.Kind, f.Object, witness)))
			of = append(of, f)
		}
	}
	for _, e := range r.Excepted {
		if e.Control == control.Name {
			one.Out += console.Clean(fmt.Sprintf("excepted until %s: %s %s (%s)", e.Exception.Expires, e.Object.Kind, e.Object, e.Exception.Owner)) + "\n"
		}
	}
	switch {
	case len(of) > 0:
		one.Failure = &junitProblem{Message: counted(finding.Summarize(of)), Type: string(of[0].Direction), Text: strings.Join(lines, "\n")}
	case len(r.Incomplete) > 0:
		one.Skipped = &junitProblem{Message: "nothing was found, but the comparison is not whole"}
	}
	return one
}

// counted is a summary in words, without what is zero.
func counted(s finding.Summary) string {
	var parts []string
	for _, one := range []struct {
		n    int
		what string
	}{{s.MorePermissive, "more permissive"}, {s.Stricter, "stricter"}, {s.Different, "different"}} {
		if one.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", one.n, one.what))
		}
	}
	return strings.Join(parts, ", ")
}
