package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/deploy"
	"github.com/clawql/clawql-workbench/shared/gate"
	"github.com/clawql/clawql-workbench/shared/output"
	"github.com/clawql/clawql-workbench/shared/posture"
)

// printPlan writes the plan as screens of 80 columns.
func printPlan(w io.Writer, paint console.Paint, p *deploy.Plan) {
	for _, line := range place(paint, p.Environment, p.Context, p.Namespace, p.Gateway) {
		fmt.Fprintln(w, line)
	}
	from := shortDigest(p.From)
	if p.First {
		from = "nothing"
	}
	fmt.Fprintf(w, "  version     %s  ->  %s\n", from, shortDigest(p.To))
	fmt.Fprintf(w, "  commit      %.7s  %q\n", p.Commit.ID, console.Truncate(console.Clean(p.Commit.Subject), 50))
	fmt.Fprintf(w, "  cluster     Kubernetes %s at %s\n\n", p.Kubernetes, p.Server)
	printGates(w, paint, p)
	if !passed(p.Gates) {
		return
	}
	if p.Serving {
		fmt.Fprintf(w, "%s already serves this commit with every control in place: nothing to do\n", p.Environment)
		return
	}
	printControls(w, paint, p)
	printChanges(w, p)
	printCriteria(w, paint, p)
}

// place says where a deploy goes: one line, or two where 80 columns are too few.
func place(paint console.Paint, environment, context, namespace, gateway string) []string {
	first, second := fmt.Sprintf("%s · context %s", paint.Bold(environment), context), fmt.Sprintf("namespace %s · gateway %s", namespace, gateway)
	if one := first + " · " + second; console.Columns(one) <= 80 {
		return []string{one}
	}
	return []string{first, "  " + second}
}

func passed(gates []gate.Result) bool {
	return !slices.ContainsFunc(gates, func(r gate.Result) bool { return !r.OK() })
}

func printGates(w io.Writer, paint console.Paint, p *deploy.Plan) {
	heading(w, paint, "gates", fmt.Sprintf("%.1f s", p.Took))
	table := output.Rows{Indent: 2}
	for _, r := range p.Gates {
		mark := map[gate.Verdict]string{gate.Passed: paint.Good("ok"), gate.Failed: paint.Bad("NO"), gate.CouldNotRun: paint.Bad("??")}[r.Verdict]
		for i, line := range wrap(console.Clean(r.Summary), 60) {
			if i > 0 {
				table.Add("", "", line)
				continue
			}
			table.Add(mark, r.Gate, line)
		}
	}
	_ = table.Write(w)
	fmt.Fprintln(w)
}

// printControls says, control by control, what the overlay lacks and the
// deploy adds, within 80 columns.
func printControls(w io.Writer, paint console.Paint, p *deploy.Plan) {
	on := len(posture.Controls()) - exceptedControls(p)
	heading(w, paint, "controls", fmt.Sprintf("%d on, %d excepted", on, exceptedControls(p)))
	table := output.Rows{Indent: 2}
	for _, control := range posture.Controls() {
		if added := addedFields(p.Controls, control.ID); len(added) > 0 {
			table.Add("add", control.ID, console.Truncate(strings.Join(added, ", "), 50))
		}
	}
	for _, image := range p.Images {
		table.Add("map", "image-digest", image.Name+" is "+shortDigest(digestOf(image.Mapped)))
	}
	if table.Len() == 0 {
		table.Add("", "the overlay says all of them already")
	}
	_ = table.Write(w)
	for _, e := range p.Exceptions {
		fmt.Fprintf(w, "  %s  %s until %s, %s:\n            %s\n", paint.Warn("EXCEPTED"), e.Control, e.Expires, console.Clean(e.Owner), console.Clean(strings.TrimSpace(e.Reason)))
	}
	fmt.Fprintln(w)
}

func digestOf(image string) string {
	_, digest, _ := strings.Cut(image, "@")
	return digest
}

func exceptedControls(p *deploy.Plan) (n int) {
	known := map[string]bool{}
	for _, c := range posture.Controls() {
		known[c.ID] = true
	}
	for _, e := range p.Exceptions {
		if known[e.Control] {
			n++
		}
	}
	return n
}

// addedFields are the last steps of what a control adds, such as
// runAsNonRoot=true; an object that it adds, by its name.
func addedFields(actions []posture.Action, control string) (fields []string) {
	for _, a := range actions {
		if a.Control != control || (a.Kind != posture.New && a.Kind != posture.Set) {
			continue
		}
		text := a.Object.String()
		if a.Field != "" {
			text = strings.TrimSpace(lastStep(a.Field) + "=" + a.To)
		}
		if strings.Contains(a.To, "=") { // an environment variable says its own name
			text = a.To
		}
		if !slices.Contains(fields, text) {
			fields = append(fields, text)
		}
	}
	return fields
}

func lastStep(field string) string { return field[strings.LastIndexAny(field, "./")+1:] }

func printChanges(w io.Writer, p *deploy.Plan) {
	counts := map[string]int{}
	for _, c := range p.Changes {
		counts[c.Action]++
	}
	fmt.Fprintf(w, "apply         %d objects: %d new, %d changed, %d as they are\n", len(p.Changes), counts["create"], counts["change"], counts["same"])
}

func printCriteria(w io.Writer, paint console.Paint, p *deploy.Plan) {
	if p.First {
		fmt.Fprintln(w, "canary        none: nothing serves yet, so there is no baseline to compare with")
	} else {
		fmt.Fprintf(w, "canary        %d %% of new sessions for %s of covered time\n", p.Weight, minutes(p.Criteria.Window))
		fmt.Fprintf(w, "roll back on  any unhandled 500 · more than %.0f %% more blocks · a restart of it\n", p.Criteria.MaxBlockIncrease*100)
	}
	if !p.First {
		fmt.Fprintln(w, "not watched   Falco: its alerts are not read yet")
	}
	if p.Outlook != nil {
		fmt.Fprintf(w, "can it tell?  %s\n", strings.Join(wrap(p.Outlook.Text, 66), "\n"+indent))
	}
	for _, notice := range p.Notices {
		fmt.Fprintf(w, "%s          %s\n", paint.Warn("note"), strings.Join(wrap(console.Clean(notice), 66), "\n"+indent))
	}
	fmt.Fprintln(w)
}

func heading(w io.Writer, paint console.Paint, left, right string) {
	fmt.Fprintf(w, "%s%*s\n", paint.Bold(left), 60-len(left), right)
}

// wrap breaks text at spaces into lines of at most columns.
func wrap(text string, columns int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && console.Columns(line)+1+console.Columns(word) > columns {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}

// shortDigest is sha256:4b1c...9e for people.
func shortDigest(digest string) string {
	if len(digest) > 24 && strings.HasPrefix(digest, "sha256:") {
		return digest[:15] + "…" + digest[len(digest)-4:]
	}
	return digest
}

func minutes(d time.Duration) string {
	if d%time.Minute == 0 {
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return d.String()
}

func clock(d time.Duration) string {
	d = d.Truncate(time.Second)
	return fmt.Sprintf("%02d:%02d:%02d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
}
