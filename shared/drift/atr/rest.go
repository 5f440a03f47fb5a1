package atr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// rest speaks of what the outcomes did not tell. told is, by aspect, which
// sides a witness has shown to be the weaker one: that hides nothing in which
// the other side may be it.
func (p *replays) rest(told map[string][2]bool) error {
	none := [2]bool{}
	var untold []string
	if p.shapes[0] != nil && p.shapes[1] != nil {
		untold = p.untold(told)
	} else if told["trigger"] == none {
		return nil // the structural comparison says that it is not there
	}
	if len(untold) > 0 {
		p.c.result.Findings = append(p.c.result.Findings, p.different(untold, len(told) > 0))
	}
	if len(told)+len(untold) > 0 {
		p.c.judge(p.pair)
	}
	return nil
}

func (p *replays) untold(told map[string][2]bool) (untold []string) {
	a, b := p.shapes[0], p.shapes[1]
	note := func(aspect, text string, differ bool, covered func(weak, strong *shape) bool) {
		said := told[aspect]
		one := said[0] && (said[1] || covered(a, b)) || said[1] && covered(b, a)
		if differ && !one {
			untold = append(untold, text)
		}
	}
	off := !a.active || !b.active
	note("trigger", "what it triggers on", !same(a.decides(), b.decides()), (*shape).within)
	note("action", "its actions", !off && !slices.Equal(a.actions, b.actions), func(weak, strong *shape) bool { return within(weak.actions, strong.actions) })
	always := func(*shape, *shape) bool { return true }
	note("severity", "its severity", !off && a.severity != b.severity, always)
	note("response", "from when it responds by itself", !off && (a.auto != b.auto || a.responds() != b.responds()), always)
	return untold
}

// different is a finding on what is untold, alone or beside what witnesses told.
func (p *replays) different(untold []string, beside bool) finding.Finding {
	r := p.any()
	why := "no test case of either side shows which one is the weaker"
	if beside {
		why = "beyond what test cases show of it, either side may be the weaker"
	}
	return finding.Finding{
		Control: Control, Severity: finding.Warning, Direction: finding.Different, Object: r.config.Object,
		From: "has the rule in one form", To: "has it in another form",
		Explanation: fmt.Sprintf("rule %s differs in %s; %s", r.id, strings.Join(untold, ", "), why),
		LastChanged: r.config.Changed,
	}.Identified(r.id)
}
