package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/clawql/clawql-workbench/shared/signsetup"
)

// setup shows the plan, and carries it out unless it is a rehearsal.
func setup(ctx context.Context, s console.Streams, o signsetup.Options, dryRun bool) error {
	plan, err := signsetup.Make(ctx, o)
	if err != nil {
		return err
	}
	var b strings.Builder
	planText(&b, plan)
	if dryRun {
		b.WriteString("nothing was changed (--dry-run)\n")
	}
	if _, err := io.WriteString(s.Out, b.String()); err != nil || dryRun {
		return err
	}
	if plan.Key == nil {
		fmt.Fprintln(s.Err, "the token asks for its PIN and blinks for a touch now")
	}
	key, err := plan.Apply(ctx, s)
	if err != nil {
		return err
	}
	after := "nothing to do\n"
	if plan.Changes() {
		after = afterSetup(plan, key)
	}
	_, err = io.WriteString(s.Out, after)
	return err
}

// verbs say what a step would do; a step that is done says ok.
var verbs = map[string]string{"key": "make", "load": "load", "list": "add", "attest": "keep", "config": "set"}

func planText(b *strings.Builder, plan *signsetup.Plan) {
	scope := "this repository"
	if plan.Place.Global {
		scope = "all repositories of yours"
	}
	paragraph(b, "", fmt.Sprintf("signing setup · %s · %s", plan.Place.Email, scope))
	for _, step := range plan.Steps {
		verb := verbs[step.What]
		if step.Done {
			verb = "ok"
		}
		paragraph(b, fmt.Sprintf("  %-4s  %-7s ", verb, step.What), step.Text)
	}
	for _, warning := range plan.Warnings {
		paragraph(b, "  note  ", warning)
	}
}

func afterSetup(plan *signsetup.Plan, key *signsetup.Key) string {
	var b strings.Builder
	fmt.Fprintf(&b, "done: git signs with %s\n", key.Short())
	if !plan.Place.Global {
		paragraph(&b, "next: ", "git add "+paths(plan.Place.InGit)+"; git commit -m \"List my key\"")
		paragraph(&b, "      ", "Where a list is in force already, somebody on it makes that commit.")
	}
	return b.String()
}

// paths are what a setup changed in the work tree.
func paths(list string) string {
	if strings.HasPrefix(list, ".clawql/") {
		return ".clawql"
	}
	return ".clawql " + list
}

// signingReport is the object that -o json writes.
type signingReport struct {
	output.Header `json:",inline"`
	Ready         bool          `json:"ready"` // nothing failed
	Items         []signingItem `json:"items"`
}

type signingItem struct {
	ID    string `json:"id"`
	State string `json:"state"` // ok, fail, unknown, n/a
	Text  string `json:"text"`
	Fix   string `json:"fix,omitempty"`
}

// showSigning writes the items; a failed one is a fault.No.
func showSigning(s console.Streams, format output.Format, items []signsetup.Item) error {
	report := signingReport{Header: output.Head("SigningStatus"), Ready: true, Items: []signingItem{}}
	counts := map[signsetup.State]int{}
	var b strings.Builder
	for _, one := range items {
		counts[one.State]++
		report.Items = append(report.Items, signingItem{one.ID, string(one.State), one.Text, one.Fix})
		word := string(one.State)
		if one.State == signsetup.Fail {
			word = "FAIL"
		}
		label := fmt.Sprintf("%-7s  %-11s  ", word, one.ID)
		paragraph(&b, label, one.Text)
		if one.Fix != "" {
			paragraph(&b, strings.Repeat(" ", len(label))+"fix: ", one.Fix)
		}
	}
	report.Ready = counts[signsetup.Fail] == 0
	fmt.Fprintf(&b, "%d failed, %d unknown, %d ok, %d n/a\n", counts[signsetup.Fail], counts[signsetup.Unknown], counts[signsetup.OK], counts[signsetup.NA])
	var err error
	if format == output.JSON {
		err = output.Encode(s.Out, format, report)
	} else {
		_, err = io.WriteString(s.Out, b.String())
	}
	if err != nil || report.Ready {
		return err
	}
	return output.Reported(fault.No("signing is not set up: %d of %d checks failed", counts[signsetup.Fail], len(items)))
}
