package vaultacl

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/fault"
	"github.com/clawql/clawql-workbench/shared/finding"
)

type engine struct {
	object  finding.Object
	sides   [2][]Policy
	rules   [2]*lookup
	options Options
	fresh   string
	paths   []string // of which every path is like one
	listed  []string // the same for lists
	skipped map[string]bool
}

// difference is one request that one side allows and the other does not.
type difference struct {
	request  Request
	severity finding.Severity
}

func (e *engine) result() (*Result, error) {
	var found [2][]difference
	for _, c := range granted {
		paths := e.paths
		if c == List {
			paths = e.listed
		}
		for _, path := range paths {
			for allows, r := range e.ask(path, c) {
				if r != nil {
					found[allows] = append(found[allows], difference{*r, e.severityOf(*r)})
				}
			}
		}
	}
	result := &Result{Incomplete: slices.Sorted(maps.Keys(e.skipped))}
	for allows, list := range found {
		if len(list) == 0 {
			continue
		}
		f, err := e.finding(allows, list)
		if err != nil {
			return nil, err
		}
		result.Findings = append(result.Findings, f)
	}
	return result, nil
}

// ask what each side alone allows of a capability on a path.
func (e *engine) ask(path string, c Capability) [2]*Request {
	decide := [2]*rule{e.rules[from].deciding(path, c), e.rules[to].deciding(path, c)}
	e.note(path, c, decide)
	var only [2]*Request
	for allows := range decide {
		if d, more := beyond(decide[allows], decide[1-allows], c, e.fresh); more {
			only[allows] = &Request{path, c, d.data, d.wrap}
		}
	}
	return only
}

// note what is not compared, where both sides allow and it differs: what only
// Vault Enterprise enforces, and parameter values that are no strings.
func (e *engine) note(path string, c Capability, decide [2]*rule) {
	a, b := decide[from], decide[to]
	if a == nil || b == nil || !a.capabilities.has(c) || !b.capabilities.has(c) {
		return
	}
	if !slices.Equal(a.structural, b.structural) {
		e.skipped[fmt.Sprintf("%s %s: mfa_methods, control_group or subscribe_event_types of %s differ", e.object.Kind, e.object, path)] = true
	}
	if checksParameters[c] && otherValues(a.perms) != otherValues(b.perms) {
		e.skipped[fmt.Sprintf("%s %s: parameter values of %s that are no strings differ", e.object.Kind, e.object, path)] = true
	}
}

// otherValues than strings, as text.
func otherValues(p perms) string {
	kept := map[string][]any{}
	for role, lists := range map[string]map[string][]any{"allowed": p.allowed, "denied": p.denied} {
		for key, values := range lists {
			for _, v := range values {
				if _, text := v.(string); !text {
					kept[role+" "+key] = append(kept[role+" "+key], v)
				}
			}
		}
	}
	text, err := json.Marshal(kept)
	if err != nil {
		return fmt.Sprint(kept)
	}
	return string(text)
}

// severityOf a request that only one side allows. What leads to everything else
// is critical: sudo, a change of Vault's own configuration, and any change at a
// path that no rule names.
func (e *engine) severityOf(r Request) finding.Severity {
	first, _, _ := strings.Cut(r.Path, "/")
	writes := r.Capability != Read && r.Capability != List && r.Capability != Subscribe
	switch {
	case r.Capability == Sudo, writes && (first == "sys" || first == "auth" || first == "identity" || first == e.fresh):
		return finding.Critical
	case r.Capability == List:
		return finding.Warning
	}
	return finding.High
}

func (e *engine) finding(allows int, list []difference) (finding.Finding, error) {
	best := list[0]
	for _, d := range list[1:] {
		if d.severity.Worse(best.severity) || d.severity == best.severity && graver(d.request, best.request) {
			best = d
		}
	}
	answers, err := e.check(best.request, allows)
	if err != nil {
		return finding.Finding{}, err
	}
	f := finding.Finding{
		Control: Control, Severity: best.severity, Direction: finding.MorePermissive, Object: e.object,
		From: say(answers[from]), To: say(answers[to]), Witness: best.request.witness(), Explanation: e.explain(allows, list),
	}
	if allows == to {
		f.Direction, f.Severity = finding.Stricter, finding.Warning
	}
	return f.Identified(""), nil
}

// graver: the capability first, then the fewer demands, the shorter path.
func graver(a, b Request) bool {
	if i, j := slices.Index(granted, a.Capability), slices.Index(granted, b.Capability); i != j {
		return i < j
	}
	if i, j := len(a.Data)+int(min(a.Wrap, 1)), len(b.Data)+int(min(b.Wrap, 1)); i != j {
		return i < j
	}
	return len(a.Path) < len(b.Path)
}

// check asks Evaluate about the witness, on both sides.
func (e *engine) check(r Request, allows int) ([2]Answer, error) {
	var answers [2]Answer
	for side := range answers {
		var err error
		if answers[side], err = Evaluate(e.sides[side], r); err != nil {
			return answers, fault.Unable("checking witness %s: %w", r, err)
		}
		if answers[side].Allowed != (side == allows) {
			return answers, finding.Bug(Control, r.String(), yes(side == allows)+" by "+e.options.Names[side], yes(answers[side].Allowed))
		}
	}
	return answers, nil
}

func yes(allowed bool) string {
	if allowed {
		return "allowed"
	}
	return "denied"
}

func say(a Answer) string {
	switch {
	case a.Path != "":
		return fmt.Sprintf("%s: path %q of %s decides", yes(a.Allowed), a.Path, strings.Join(a.Policies, ", "))
	case a.Allowed:
		return "allowed: policy root"
	}
	return "denied: no path matches"
}

// explain lists what one side alone allows, path by path.
func (e *engine) explain(allows int, list []difference) string {
	byPath := map[string][]string{}
	for _, d := range list {
		byPath[d.request.Path] = append(byPath[d.request.Path], string(d.request.Capability))
	}
	var parts []string
	for _, path := range slices.Sorted(maps.Keys(byPath)) {
		parts = append(parts, strings.Join(byPath[path], ",")+" "+path)
	}
	const shown = 5
	more := ""
	if len(parts) > shown {
		more = fmt.Sprintf("; and %d more kinds of paths", len(parts)-shown)
		parts = parts[:shown]
	}
	return fmt.Sprintf("%s allows, and %s does not: %s%s", e.options.Names[allows], e.options.Names[1-allows], strings.Join(parts, "; "), more)
}

// String is the request in one line.
func (r Request) String() string {
	text := string(r.Capability) + " " + r.Path
	for _, key := range slices.Sorted(maps.Keys(r.Data)) {
		text += fmt.Sprintf(" %s=%q", key, r.Data[key])
	}
	if r.Wrap > 0 {
		text += " wrapped for " + r.Wrap.String()
	}
	return text
}

func (r Request) witness() *finding.Witness {
	details := map[string]string{"path": r.Path, "capability": string(r.Capability)}
	for key, value := range r.Data {
		details["parameter "+key] = value
	}
	if r.Wrap > 0 {
		details["wrapTTL"] = r.Wrap.String()
	}
	return &finding.Witness{Kind: "vault-request", Text: r.String(), Details: details}
}
