package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/clawql/clawql-workbench/shared/commitguard"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/clawql/clawql-workbench/shared/stagedscan"
)

// tell writes what a hook found, and returns the refusal; nil is yes. Hooks
// speak on stderr only: git shows it in the terminal, to a program, and to
// whoever pushes.
func tell(w io.Writer, hook string, verdict *commitguard.Verdict) error {
	if verdict.Clean() {
		return nil
	}
	if err := findingRows(w, verdict.Scan.Findings); err != nil {
		return fault.Unable("%s: write what was found: %w", hook, err)
	}
	signatureRows(w, verdict.Signatures)
	return refusal(hook, verdict)
}

func findingRows(w io.Writer, findings []stagedscan.Finding) error {
	rows := output.Rows{Indent: 2}
	for i, f := range findings {
		if i == mostShown {
			break
		}
		rows.Add(place(f), f.Rule, f.Secret.String())
	}
	if err := rows.Write(w); err != nil {
		return err
	}
	more(w, len(findings))
	return nil
}

func more(w io.Writer, all int) {
	if all > mostShown {
		fmt.Fprintf(w, "  and %d more\n", all-mostShown)
	}
}

func signatureRows(w io.Writer, all []commitguard.Signature) {
	for i, s := range all {
		if i == mostShown {
			break
		}
		name := fmt.Sprintf("commit %.10s", s.Commit)
		if s.Tag != "" {
			name = "tag " + s.Tag
		}
		if s.Subject != "" {
			name += fmt.Sprintf(" %.40q", s.Subject)
		}
		fmt.Fprintf(w, "  %s\n    %s\n", console.Clean(name), console.Clean(s.Reason))
	}
	more(w, len(all))
}

// refusal is the error that stands for what was found.
func refusal(hook string, verdict *commitguard.Verdict) error {
	what := "commit"
	if hook == "pre-push" || hook == "pre-receive" {
		what = "push"
	}
	no := fault.No("%s refused: %s", what, reasons(verdict))
	if len(verdict.Scan.Findings) > 0 {
		no = no.Hint("revoke and replace each one where it was issued, then take it out")
	}
	if what == "push" && len(verdict.Scan.Findings) > 0 {
		no = no.Hint("take it out of the commits themselves: git rebase -i; a later commit leaves it in history")
	}
	for _, s := range verdict.Signatures[:min(1, len(verdict.Signatures))] {
		if s.Hint != "" {
			no = no.Hint("%s", s.Hint)
		}
	}
	if hook != "reference-transaction" {
		return no
	}
	if file, ok := commitguard.MessageFile(os.Getenv, time.Now()); ok {
		no = no.Hint("the message is kept: repeat your command with -e -F %s", file)
	}
	return no
}

func reasons(verdict *commitguard.Verdict) string {
	n, m := len(verdict.Scan.Findings), len(verdict.Signatures)
	signatures := fmt.Sprintf("%d signatures that do not count", m)
	if m == 1 {
		signatures = "1 signature that does not count"
	}
	switch {
	case m == 0:
		return secrets(n)
	case n == 0:
		return signatures
	}
	return secrets(n) + ", " + signatures
}
