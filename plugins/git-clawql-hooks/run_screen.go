package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/commitguard"
	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
)

// tell writes what a hook found, and returns the refusal; nil is yes. Hooks
// speak on stderr only: git shows it in the terminal, to a program, and to
// whoever pushes.
func tell(w io.Writer, hook string, verdict *commitguard.Verdict) error {
	if verdict.Clean() && hook == "reference-transaction" {
		return nil // pre-commit has said what else is worth a word
	}
	if err := showReport(w, &verdict.Scan, again(verdict), time.Now()); err != nil {
		return fault.Unable("%s: write what was found: %w", hook, err)
	}
	if verdict.Clean() {
		return nil
	}
	signatureRows(w, verdict.Signatures)
	return refusal(hook, verdict)
}

// again are the flags with which `allow` finds what a hook found.
func again(verdict *commitguard.Verdict) string {
	commits := map[string]bool{}
	for _, f := range verdict.Scan.Findings {
		commits[f.Commit] = true
	}
	switch {
	case len(commits) > 1:
		return " --commit COMMIT"
	case len(commits) == 1 && !commits[""]:
		return fmt.Sprintf(" --commit %.12s", verdict.Scan.Findings[0].Commit)
	}
	return ""
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
	if hook == "reference-transaction" && verdict.Message == "" {
		what = "branch"
	}
	if slices.Contains([]string{"pre-push", "pre-receive", "ci"}, hook) {
		what = "push"
	}
	no := fault.No("%s refused: %s", what, reasons(verdict))
	if what == "push" && len(verdict.Scan.Findings) > 0 {
		no = no.Hint("take it out of the commits themselves (git rebase -i): a later commit leaves it in history")
	}
	for _, s := range verdict.Signatures[:min(1, len(verdict.Signatures))] {
		if s.Hint != "" {
			no = no.Hint("%s", s.Hint)
		}
	}
	if hook != "reference-transaction" {
		return no
	}
	if file, ok := commitguard.MessageFile(os.Getenv, verdict.Message); ok {
		no = no.Hint("the message is kept: repeat your command with -e -F %s", file)
	}
	return no
}

func reasons(verdict *commitguard.Verdict) string {
	var parts []string
	if len(verdict.Scan.Findings) > 0 {
		parts = append(parts, countOf(verdict.Scan.Findings))
	}
	switch m := len(verdict.Signatures); {
	case m == 1:
		parts = append(parts, "1 signature that does not count")
	case m > 1:
		parts = append(parts, fmt.Sprintf("%d signatures that do not count", m))
	}
	return strings.Join(parts, ", ")
}
