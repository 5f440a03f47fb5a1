package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/clawql/clawql-workbench/shared/secretexception"
	"github.com/clawql/clawql-workbench/shared/stagedscan"
)

// Text is for people.
const textFormat output.Format = "text"

// A refusal has to fit on one screen; -o json has all.
const (
	mostShown   = 12
	mostAdvice  = 4
	mostAsides  = 5
	exceptFor   = 90 // days that the command in a refusal suggests
	shortestIDs = 6  // hex digits
)

// show writes the report; findings are a fault.No.
func show(s console.Streams, format output.Format, o scanOptions, report *stagedscan.Report) error {
	verdict := verdictOf(o, report)
	var err error
	switch format {
	case output.JSON:
		err = output.Encode(s.Out, format, objectOf(report))
	case output.SARIF:
		err = writeSARIF(s.Out, report)
	default:
		err = text(s.Out, o, report)
	}
	if err != nil {
		return err
	}
	return output.Reported(verdict)
}

// verdictOf is the error that a report stands for, nil when it is clean.
func verdictOf(o scanOptions, report *stagedscan.Report) error {
	if len(report.Findings) == 0 {
		return nil
	}
	if o.isCommit() {
		return fault.No("commit refused: %s", countOf(report.Findings))
	}
	return fault.No("found %s", countOf(report.Findings))
}

// countOf says what was found, by sort.
func countOf(findings []stagedscan.Finding) string {
	unread, threats := 0, 0
	for _, f := range findings {
		switch {
		case f.Rule == stagedscan.RuleUnread:
			unread++
		case strings.HasPrefix(f.Rule, stagedscan.RuleThreat):
			threats++
		}
	}
	var parts []string
	for _, one := range []struct {
		n         int
		what, all string
	}{
		{len(findings) - unread - threats, "1 secret", "secrets"}, {threats, "1 threat to agents", "threats to agents"},
		{unread, "1 unread archive", "unread archives"},
	} {
		switch {
		case one.n == 1:
			parts = append(parts, one.what)
		case one.n > 1:
			parts = append(parts, fmt.Sprintf("%d %s", one.n, one.all))
		}
	}
	return strings.Join(parts, ", ")
}

func text(w io.Writer, o scanOptions, report *stagedscan.Report) error {
	if err := showReport(w, report, o.again(), time.Now()); err != nil {
		return err
	}
	if len(report.Findings) == 0 && !o.isCommit() {
		_, err := fmt.Fprintf(w, "no secrets   %d files, %.1f MB, rules: %s\n", report.Files, float64(report.Bytes)/1e6, report.Policy)
		return err
	}
	return nil
}

// showReport writes what a person needs to see of a report: findings, what to
// do about them, and what else deserves a word. again are the flags with which
// `allow` finds them.
func showReport(w io.Writer, report *stagedscan.Report, again string, now time.Time) error {
	var b strings.Builder
	if len(report.Findings) > 0 {
		findingLines(&b, report.Findings)
		adviceLines(&b, report.Findings)
		allowLines(&b, report.Findings, again, now)
	}
	asides(&b, report)
	_, err := io.WriteString(w, b.String())
	return err
}

func findingLines(b *strings.Builder, findings []stagedscan.Finding) {
	rows := output.Rows{Indent: 2}
	short := shortest(findings)
	seen := findings[:min(len(findings), mostShown)]
	for _, f := range seen {
		what := shown(f)
		if f.Why != "" {
			what = ""
		}
		rows.Add(place(f), f.Rule, f.ID[:short], what)
	}
	for i, line := range rows.Lines() {
		b.WriteString(line + "\n")
		if f := seen[i]; f.Why != "" {
			paragraph(b, "    ", "it "+f.Why)
		}
		if f := seen[i]; f.Ended != "" {
			paragraph(b, "    ", "its exception ended on "+f.Ended)
		}
	}
	if more := len(findings) - mostShown; more > 0 {
		fmt.Fprintf(b, "  and %d more; `git clawql-hooks scan -o json` has all\n", more)
	}
}

// shortest is how many digits of the ids tell the findings apart.
func shortest(findings []stagedscan.Finding) int {
	for n := shortestIDs; n < len(findings[0].ID); n++ {
		seen := map[string]bool{}
		for _, f := range findings {
			seen[f.ID[:n]] = true
		}
		if len(seen) == len(findings) {
			return n
		}
	}
	return len(findings[0].ID)
}

// adviceLines says where to rotate, once a rule.
func adviceLines(b *strings.Builder, findings []stagedscan.Finding) {
	said := map[string]bool{}
	for _, f := range findings {
		advice := familyOf(f.Rule).rotate
		if said[advice] || len(said) == mostAdvice {
			continue
		}
		said[advice] = true
		label := "  rotate it:  "
		switch {
		case f.Rule == stagedscan.RuleUnread || strings.HasPrefix(f.Rule, stagedscan.RuleThreat) || f.Rule == stagedscan.RuleLive:
			label = "  what to do: "
		case len(findings) > 1:
			advice = f.Rule + ": " + advice
		}
		paragraph(b, label, advice)
	}
}

func allowLines(b *strings.Builder, findings []stagedscan.Finding, again string, now time.Time) {
	id := findings[0].ID[:shortest(findings)]
	if len(findings) > 1 {
		id = "ID"
	}
	b.WriteString("  not a secret?\n    " + allowCommand(id, again, now) + "\n")
}

func allowCommand(id, again string, now time.Time) string {
	return fmt.Sprintf("git clawql-hooks allow %s%s --reason ... --owner ... --expires %s", id, again, now.AddDate(0, 0, exceptFor).UTC().Format(time.DateOnly))
}

// asides are what does not refuse: exceptions from ClawQL's own rules, those
// that are for nothing, and notes.
func asides(b *strings.Builder, report *stagedscan.Report) {
	said := 0
	say := func(label, text string) {
		if said++; said <= mostAsides {
			paragraph(b, label, text)
		}
	}
	for _, one := range report.Excepted {
		if weighty(one.Rule) {
			say("  excepted:  ", fmt.Sprintf("%s %s, until %s (%s: %s)", place(one.Finding), one.Rule, one.Entry.Expires, one.Entry.Owner, one.Entry.Reason))
		}
	}
	for _, e := range report.Unused {
		say("  unused:    ", fmt.Sprintf("the exception for %s at %s is for nothing there; take it out of %s", e.Rule, e.Path, secretexception.Path))
	}
	for _, note := range report.Notes {
		say("  note:      ", note)
	}
	if more := said - mostAsides; more > 0 {
		fmt.Fprintf(b, "  and %d more exceptions and notes\n", more)
	}
}

// weighty rules are those whose exceptions are told at each scan.
func weighty(rule string) bool {
	return strings.HasPrefix(rule, "clawql-") || rule == stagedscan.RuleLive || strings.HasPrefix(rule, stagedscan.RuleThreat)
}

// place is where a person finds it: file and line, and the commit.
func place(f stagedscan.Finding) string {
	at := f.File
	switch {
	case f.In == stagedscan.InMessage:
		return fmt.Sprintf("commit %.10s, its message", f.Commit)
	case f.In == stagedscan.InTag:
		return fmt.Sprintf("tag %.10s, its text", f.Commit)
	case f.In == stagedscan.InRef:
		at = "the name of " + f.File
	case f.In == stagedscan.InName:
		at = f.File + " (its name)"
	case f.StartLine > 0:
		at = fmt.Sprintf("%s:%d", f.File, f.StartLine)
	}
	if f.Commit != "" {
		at = fmt.Sprintf("%.10s %s", f.Commit, at)
	}
	return console.Clean(at)
}
