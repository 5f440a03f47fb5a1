package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/clawql/clawql-workbench/shared/console"
	"github.com/clawql/clawql-workbench/shared/driftfix"
	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
	"github.com/clawql/clawql-workbench/shared/output"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// fixReport is the object of -o json.
type fixReport struct {
	output.Header `json:",inline"`
	From          string            `json:"from"`
	To            string            `json:"to"`
	Proven        bool              `json:"proven"` // after the plan --from is nowhere more permissive
	Before        finding.Summary   `json:"before"`
	After         finding.Summary   `json:"after"`
	Plan          *driftfix.Plan    `json:"plan"`
	Left          []finding.Finding `json:"left"` // that the plan does not take away, in any direction
	Incomplete    []string          `json:"incomplete"`
}

func (f fixing) show(s console.Streams, format output.Format) error {
	if format != output.Table {
		return output.Encode(s.Out, format, fixReport{
			Header: output.Head("DriftFix"), From: f.o.from.name, To: f.o.to.name, Proven: f.verdict() == nil,
			Before: f.before.Summary, After: f.after.Summary, Plan: f.plan, Left: orEmpty(f.after.Findings), Incomplete: orEmpty(f.after.Incomplete),
		})
	}
	text, err := f.script()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(s.Out, text); err != nil {
		return fault.Unable("write the fix: %w", err)
	}
	return nil
}

// script is for a shell: comments, and one command a step.
func (f fixing) script() (string, error) {
	var b strings.Builder
	remark(&b, fmt.Sprintf("%s -> %s: %s", f.o.from.name, f.o.to.name, f.proof()))
	if f.plan.Empty() {
		remark(&b, "there is nothing to apply")
	}
	for _, part := range []struct {
		verb string
		list []*unstructured.Unstructured
	}{{"create", f.plan.Create}, {"replace", f.plan.Replace}, {"replace --force", f.plan.Anew}} {
		if err := f.objects(&b, part.verb, part.list); err != nil {
			return "", err
		}
	}
	for _, p := range f.plan.Patches {
		text, err := json.Marshal(p.Operations)
		if err != nil {
			return "", fault.Unable("write the fix: %w", err)
		}
		fmt.Fprintf(&b, "%s patch %s --type json -p %s\n", f.kubectl(p.Object.Namespace), resource(p.Object), quoted(string(text)))
	}
	for _, d := range f.plan.Delete {
		fmt.Fprintf(&b, "%s delete %s\n", f.kubectl(d.Namespace), resource(d))
	}
	f.remarks(&b)
	return b.String(), nil
}

func (f fixing) proof() string {
	switch n := len(f.left()); {
	case len(f.after.Incomplete) > 0:
		return "not proven: not everything could be compared"
	case n > 0:
		return "after this " + console.Count(n, "finding") + " would be left in which it is more permissive"
	}
	return fmt.Sprintf("proven: after this it is nowhere more permissive (before: in %s)", console.Count(f.before.Summary.MorePermissive, "finding"))
}

// objects go to kubectl by its input. The end mark cannot stand in YAML at the
// beginning of a line: what a person can choose is indented there.
func (f fixing) objects(b *strings.Builder, verb string, list []*unstructured.Unstructured) error {
	if len(list) == 0 {
		return nil
	}
	fmt.Fprintf(b, "%s %s -f - <<'CLAWQL_END'\n", f.kubectl(""), verb)
	for i, o := range list {
		text, err := yaml.Marshal(o.Object)
		if err != nil {
			return fault.Unable("write the fix: %w", err)
		}
		if i > 0 {
			b.WriteString("---\n")
		}
		b.Write(text)
	}
	b.WriteString("CLAWQL_END\n")
	return nil
}

func (f fixing) kubectl(namespace string) string {
	command := "kubectl"
	if f.o.from.context != "" {
		command += " --context " + quoted(f.o.from.context)
	}
	if namespace != "" {
		command += " -n " + quoted(namespace)
	}
	return command
}

// resource is kind.version.group/name, which kubectl takes for every kind.
func resource(o finding.Object) string {
	kind := strings.ToLower(o.Kind)
	if group, version, has := strings.Cut(o.APIVersion, "/"); has {
		kind += "." + version + "." + group
	}
	return quoted(kind + "/" + o.Name)
}

// quoted is one word for a POSIX shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// remarks name what is not fixed here.
func (f fixing) remarks(b *strings.Builder) {
	for _, one := range f.plan.Secrets {
		remark(b, "set by hand: "+one.Kind+" "+one.String()+" differs, or is on one side only")
	}
	for _, one := range f.plan.Skipped {
		remark(b, "left as it is, excepted: "+one.Kind+" "+one.String())
	}
	for _, one := range f.after.Findings {
		remark(b, fmt.Sprintf("NOT FIXED  %s %s %s: %s", strings.ReplaceAll(string(one.Direction), "-", " "), one.Control, one.Object, one.Explanation))
	}
	for _, one := range f.after.Incomplete {
		remark(b, "NOT COMPARED  "+one)
	}
}

func remark(b *strings.Builder, text string) {
	fmt.Fprintf(b, "# %s\n", noCommands(console.Clean(text)))
}
