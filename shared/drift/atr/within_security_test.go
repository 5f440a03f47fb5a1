package atr

import (
	"slices"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/drift/verdict"
)

const evil = `
id: EVIL
status: stable
severity: high
tags: {confidence: high}
agent_source: {type: tool_call}
detection:
  condition: any
  conditions:
    - {field: tool_args, operator: contains, value: evil}
response: {actions: [block_tool, alert], auto_response_threshold: high}
test_cases:
  true_positives:
    - {tool_args: 'evil words'}
`

// An input that one side's tests show hides none that only the other side's
// rule stops.
func TestAShownInputHidesNoOther(t *testing.T) {
	shown := []string{`more-permissive high: true positive 1: "evil words"`}
	and := append(slices.Clone(shown), "different warning")
	for _, one := range []struct {
		name, old, new string
		want           []string
	}{
		{"other words", "value: evil", "value: worse", and},
		{"longer words", "value: evil", "value: evil deed", shown},
		{"at the start only", "operator: contains, value: evil", "operator: starts_with, value: evil deed", shown},
		{"another field too", "tool_args, operator: contains, value: evil}", "tool_args, operator: contains, value: evil deed}\n    - {field: tool_name, operator: contains, value: evil}", and},
		{"a regex instead", "operator: contains, value: evil", `operator: regex, value: 'evi\w\.|worse'`, and},
		{"off, and of other words", "status: stable", "status: draft", shown},
		{"a stop less, another tell", "[block_tool, alert]", "[snapshot]", and},
		{"all with one more", "condition: any", "condition: any\n  method: pattern", []string{"different warning"}},
	} {
		t.Run(one.name, func(t *testing.T) {
			changed := strings.Replace(evil, one.old, one.new, 1)
			r := compare(t, side(changed), side(evil))
			if got := summary(r); !slices.Equal(got, one.want) || len(r.Incomplete) > 0 {
				t.Errorf("%q %q, not %q", got, r.Incomplete, one.want)
			}
			if back := compare(t, side(evil), side(changed)); len(back.Findings) != len(one.want) {
				t.Errorf("swapped: %q", summary(back))
			}
		})
	}
}

// A piece of a regex is what the longer one has to match only where it stands
// for itself.
func TestAPartOfARegexStandsForItself(t *testing.T) {
	for _, one := range []struct {
		part, longer string
		want         bool
	}{
		{`rm\s+-rf`, `rm\s+-rf\s+/home`, true},
		{`rm`, `^(?=[\s\S]*end)[\s\S]*?rm`, true},
		{`(a|b)c`, `x(a|b)c$`, true},
		{`rm`, `rm|cp`, false},
		{`rm`, `rmx|cp`, false},
		{`rm`, `(rm|cp)`, false},
		{`rm`, `rm*`, false},
		{`rm`, `rm{0}`, false},
		{`rm`, `(?:rm)?`, false},
		{`rm`, `(?!rm)x`, false},
		{`m`, `[rm]`, false},
		{`s`, `\s`, false},
		{`41`, `\u0041`, false},
		{`a|b`, `xa|b`, false},
		{`2`, `a{12}`, false},
		{`(a)\1`, `(b)(a)\1`, false},
		{`(.*)+x`, `(.*)+xy`, false},
	} {
		if got := partOf(one.part, one.longer); got != one.want {
			t.Errorf("%s in %s: %v", one.part, one.longer, got)
		}
	}
}

// A rule that is spoken of hides no label of a ConfigMap that both sides have.
func TestASpokenRuleHidesNoLabel(t *testing.T) {
	speaks := func(r *verdict.Result) bool {
		for _, places := range r.Judged {
			if slices.ContainsFunc(places, func(p string) bool { return verdict.Speaks(p, ".metadata.labels.team") }) {
				return true
			}
		}
		return false
	}
	if r := compare(t, side(small), side(small)); speaks(r) {
		t.Errorf("%v", r.Judged)
	}
	if r := compare(t, side(small), nil); !speaks(r) {
		t.Errorf("the rules were spoken of, the ConfigMap was not: %v", r.Judged)
	}
}
