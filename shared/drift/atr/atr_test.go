package atr

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/finding"
)

var names = [2]string{"staging", "production"}

const small = `
id: SMALL
title: A small rule
status: stable
severity: high
tags: {confidence: high, scan_target: mcp}
agent_source: {type: tool_call}
detection:
  condition: any
  conditions:
    - {field: tool_args, operator: regex, value: 'rm\s+-rf'}
    - {field: tool_args, operator: contains, value: mkfs}
response: {actions: [block_tool, alert], auto_response_threshold: high}
test_cases:
  true_positives:
    - {tool_args: 'rm -rf /'}
    - {tool_args: 'mkfs /dev/sda'}
  true_negatives:
    - {tool_args: 'rm  -r x'}
`

const loop = `
id: LOOP
severity: medium
tags: {}
agent_source: {type: agent_behavior}
detection: {condition: any, conditions: [{metric: calls, operator: gt, threshold: 10}]}
response: {actions: [alert]}
`

// side makes ConfigMaps of one rule each, or of none for "".
func side(rules ...string) []Config {
	config := Config{Object: finding.Object{APIVersion: "v1", Kind: "ConfigMap", Namespace: "clawql", Name: "rules"}, Files: map[string]string{}}
	for i, text := range rules {
		if text != "" {
			config.Files[fmt.Sprintf("%d.yaml", i)] = text
		}
	}
	return []Config{config}
}

func compare(t *testing.T, from, to []Config) *verdict.Result {
	t.Helper()
	result, err := Compare(from, to, names)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func summary(r *verdict.Result) []string {
	var lines []string
	for _, f := range r.Findings {
		line := fmt.Sprintf("%s %s", f.Direction, f.Severity)
		if f.Witness != nil {
			line += ": " + f.Witness.Text
		}
		lines = append(lines, line)
	}
	return lines
}

func TestChangesOfARule(t *testing.T) {
	for _, one := range []struct {
		name, old, new string
		want           []string
	}{
		{"nothing", "", "", nil},
		{"a comment", "status: stable", "status: stable # or not", nil},
		{"deprecated", "status: stable", "status: deprecated", []string{`more-permissive high: true positive 1: "rm -rf /"`}},
		{"a draft", "status: stable", "status: draft", []string{`more-permissive high: true positive 1: "rm -rf /"`}},
		{"only alerts", "[block_tool, alert]", "[alert]", []string{`more-permissive high: true positive 1: "rm -rf /"`}},
		{"no alert", "[block_tool, alert]", "[block_tool]", []string{`more-permissive high: true positive 1: "rm -rf /"`}},
		{"another action", "[block_tool, alert]", "[block_input, alert]", []string{"different warning"}},
		{"less severe", "severity: high", "severity: low", []string{`more-permissive high: true positive 1: "rm -rf /"`}},
		{"more severe", "severity: high", "severity: critical", []string{`stricter warning: true positive 1: "rm -rf /"`}},
		{"a person decides", ", auto_response_threshold: high", "", []string{`more-permissive warning: true positive 1: "rm -rf /"`}},
		{"a condition gone", "    - {field: tool_args, operator: contains, value: mkfs}\n", "", []string{`more-permissive high: true positive 2: "mkfs /dev/sda"`}},
		{"a narrower regex", `rm\s+-rf`, `rm\s+-rf\s+/home`, []string{`more-permissive high: true positive 1: "rm -rf /"`}},
		{"a wider regex", `rm\s+-rf`, `rm\s+-r`, []string{`stricter warning: true negative 1: "rm -r x"`}},
		{"a regex of other words", `rm\s+-rf`, `rm\s{2}-r`, []string{`more-permissive high: true positive 1: "rm -rf /"`, `stricter warning: true negative 1: "rm -r x"`}},
		{"a regex that no test tells apart", `rm\s+-rf`, `rm\s+-rf|unlink`, []string{"different warning"}},
		{"all instead of any, which asks documents too", "condition: any", "condition: all", []string{`more-permissive high: true positive 1: "rm -rf /"`, "different warning"}},
		{"another kind of event", "type: tool_call", "type: mcp_exchange", []string{"different warning"}},
	} {
		t.Run(one.name, func(t *testing.T) {
			r := compare(t, side(strings.Replace(small, one.old, one.new, 1)), side(small))
			if got := summary(r); !slices.Equal(got, one.want) || len(r.Incomplete) > 0 {
				t.Errorf("%q %q, not %q", got, r.Incomplete, one.want)
			}
		})
	}
}

func TestThresholds(t *testing.T) {
	for value, want := range map[string]string{"11": "more-permissive warning: a value: \"calls = 11\"", "9": "stricter warning: a value: \"calls = 10\""} {
		r := compare(t, side(strings.Replace(loop, "threshold: 10", "threshold: "+value, 1)), side(loop))
		if got := summary(r); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %q", value, got)
		}
	}
}

func TestMissingAndMovedRules(t *testing.T) {
	if got := summary(compare(t, side("", loop), side(small, loop))); !slices.Equal(got, []string{`more-permissive high: true positive 1: "rm -rf /"`}) {
		t.Errorf("%q", got)
	}
	if got := summary(compare(t, nil, side(small))); len(got) != 1 {
		t.Errorf("%q", got)
	}
	if r := compare(t, side(loop, small), side(small, loop)); len(r.Findings)+len(r.Incomplete) > 0 {
		t.Errorf("%+v", r)
	}
}

// What cannot be replayed or read is never equal.
func TestUnsureIsIncomplete(t *testing.T) {
	for name, changed := range map[string]string{
		"a bad regex":         strings.Replace(small, `rm\s+-rf`, `rm(`, 1),
		"a slow regex":        strings.Replace(strings.Replace(small, `rm\s+-rf`, `^(\w|\w\w)+$`, 1), "rm  -r x", strings.Repeat("a", 60)+"!", 1),
		"code blocks":         strings.Replace(small, "scan_target: mcp", "suppress_in_code_blocks: true", 1),
		"a model":             strings.Replace(small, "detection:", "detection:\n  method: semantic", 1),
		"named conditions":    strings.Replace(loop, "[{metric: calls, operator: gt, threshold: 10}]", "{a: {field: content, patterns: [x]}}", 1),
		"a number for a text": strings.Replace(small, "value: mkfs", "value: 7", 1),
		"no YAML":             "id: [",
		"no rule":             "a: b",
	} {
		t.Run(name, func(t *testing.T) {
			if r := compare(t, side(changed), side(small, loop)); len(r.Incomplete) == 0 {
				t.Errorf("%+v", r)
			}
		})
	}
	if r := compare(t, side(small, small), side(small)); len(r.Incomplete) == 0 {
		t.Error("two rules of one id")
	}
}

// A witness shows nothing that could be a key.
func TestAWitnessShowsNoLongTokens(t *testing.T) {
	e := Event{Case: "true positive 1", Text: "use ghp_0123456789abcdefghijklmnopqrstuvwxyz\nnow"}
	if got := e.String(); got != `true positive 1: "use … now"` {
		t.Error(got)
	}
}

func keys(r *verdict.Result, flip bool) []string {
	var list []string
	for _, f := range r.Findings {
		d, rule := f.Direction, ""
		if flip {
			d = d.Flip()
		}
		if f.Witness != nil {
			rule = f.Witness.Details["rule"]
		}
		list = append(list, string(d)+" "+rule)
	}
	slices.Sort(list)
	return list
}

// JavaScript's regexes are not those of the library: see scripted.
func TestRegexesAreJavaScripts(t *testing.T) {
	for _, one := range []struct {
		pattern, text string
		want          bool
	}{
		{`忽略\b[A-Za-z]+\b`, "忽略Two", true},
		{`\bsudo`, "Äsudo", true},
		{`é\b`, "é", false},
		{`a\Bé`, "aé", false},
		{`[\b]x`, "\bx", true},
		{`(?<q>['"]).*?\k<q>(\w)\1`, `"y z"zz`, false},
		{`(?<q>['"]).*?\k<q>(\w)\2`, `"y z"zz`, true},
		{`(a)(?<q>b)\k<q>1`, `abb1`, true},
		{`(?<=x)(?<q>b)\1`, `xbb`, true},
		{`[(?<q>](\w)\1`, `qzz`, true},
	} {
		for _, text := range []string{one.text, one.text + "\u00A0"} {
			if got, err := matches(one.pattern, text); err != nil || got != one.want {
				t.Errorf("%s on %q: %v %v", one.pattern, text, got, err)
			}
		}
	}
	if _, err := matches(`(?<q>a)(?<q>b)`, "ab"); err == nil {
		t.Error("two groups of one name can be read")
	}
}

// Texts are read as the engine does: without characters that are not seen, with
// letters that look like Latin ones; a regex sees them as they are, too.
func TestTextsAsTheEngineReadsThem(t *testing.T) {
	for _, one := range []struct {
		operator, value, text string
		want                  bool
	}{
		{"contains", "mkfs", "run MK\u200bFS now", true},
		{"contains", "mkfs", "mkf\u0455", true},
		{"starts_with", "mkfs", " mkfs", false},
		{"exact", "mkfs", "Mkfs", false},
		{"exact", "mkfs", "mk\u200bfs", true},
		{"regex", "rm", "r\u200bm", true},
		{"regex", `\u200b`, "r\u200bm", true},
		{"regex", `\u200b`, "rm", false},
	} {
		got, err := condition(object{"field": "content", "operator": one.operator, "value": one.value}, func(string) string { return one.text }, Event{})
		if err != nil || got != one.want {
			t.Errorf("%s %s on %q: %v %v", one.operator, one.value, one.text, got, err)
		}
	}
	for _, one := range []struct {
		test              object
		document, content string
	}{
		{object{"input": object{"tool_args": "x"}}, "[object Object]", "x"},
		{object{"input": []any{"a", "b"}, "tool_response": "r"}, "a,b", "r"},
		{object{"input": "", "agent_output": "o"}, "", "o"},
		{object{"tool_response": "r"}, "r", "r"},
	} {
		if e := eventOf(one.test, "mcp_exchange"); e.Document != one.document || e.Content != one.content {
			t.Errorf("%v: %q %q", one.test, e.Document, e.Content)
		}
	}
}
