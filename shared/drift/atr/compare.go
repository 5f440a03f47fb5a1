package atr

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// comparer is one run.
type comparer struct {
	names  [2]string
	result *verdict.Result
}

// Compare says which inputs one side's rules trigger on and the other's do
// not; names are those of the sides in texts. The error is finding.Bug.
func Compare(from, to []Config, names [2]string) (*verdict.Result, error) {
	c := &comparer{names, &verdict.Result{}}
	var rules [2]map[string]*rule
	read := texts{}
	for i, side := range [][]Config{from, to} {
		var problems []string
		rules[i], problems = load(side, names[i], read)
		c.result.Incomplete = append(c.result.Incomplete, problems...)
	}
	ids := maps.Clone(rules[0])
	maps.Copy(ids, rules[1])
	for _, id := range sorted(ids) {
		if err := c.rule([2]*rule{rules[0][id], rules[1][id]}); err != nil {
			return nil, err
		}
	}
	c.wholes([2][]Config{from, to})
	finding.Sort(c.result.Findings)
	return c.result, nil
}

// rule compares one rule; one side may lack it.
func (c *comparer) rule(pair [2]*rule) error {
	if pair[0] != nil && pair[1] != nil && same(ordered(pair[0].raw), ordered(pair[1].raw)) {
		c.judge(pair)
		return nil
	}
	p := &replays{c: c, pair: pair, shapes: [2]*shape{shapeOf(pair[0]), shapeOf(pair[1])}}
	if err := p.run(); err != nil {
		return err
	}
	if err := p.claims(); err != nil {
		return err
	}
	if p.unsure != "" {
		c.result.Incomplete = append(c.result.Incomplete, fmt.Sprintf("ATR rule %s cannot be replayed: %s", p.any().id, p.unsure))
	}
	return nil
}

// judge notes that the files of a rule have been spoken of.
func (c *comparer) judge(pair [2]*rule) {
	for _, r := range pair {
		if r != nil {
			c.result.Judge(r.config.Object, r.place())
		}
	}
}

// wholes notes ConfigMaps all of whose files have been spoken of: where the
// other side lacks one, or its data, it is nothing more.
func (c *comparer) wholes(sides [2][]Config) {
	for i, side := range sides {
		for _, config := range side {
			judged := c.result.Judged[config.Object]
			if len(config.Files) == 0 || slices.ContainsFunc(sorted(config.Files), func(file string) bool { return !slices.Contains(judged, ".data."+file) }) {
				continue
			}
			c.result.Judge(config.Object, ".data")
			if !slices.ContainsFunc(sides[1-i], func(other Config) bool { return other.Object == config.Object }) {
				c.result.Judge(config.Object, "")
			}
		}
	}
}

// replays are the events of both sides' rule, and what each makes of them.
type replays struct {
	c        *comparer
	pair     [2]*rule
	shapes   [2]*shape
	events   []Event
	outcomes [][2]outcome
	unsure   string
}

// any is the rule of `to`, or else that of `from`.
func (p *replays) any() *rule {
	if p.pair[1] != nil {
		return p.pair[1]
	}
	return p.pair[0]
}

func (p *replays) run() error {
	for _, r := range p.pair {
		if r == nil {
			continue
		}
		for _, e := range events(r) {
			var both [2]outcome
			for i, s := range p.shapes {
				got, err := s.replay(e)
				if err != nil {
					p.unsure = err.Error()
					return nil
				}
				both[i] = got
			}
			p.events, p.outcomes = append(p.events, e), append(p.outcomes, both)
		}
	}
	return nil
}

// aspects are the ways in which an outcome can be the more permissive one.
var aspects = []struct {
	name    string
	weaker  func(a, b outcome) bool
	checked func(a, b Verdict) bool // the same, of verdicts
	says    func(o outcome) string
}{
	{"trigger", func(a, b outcome) bool { return !a.triggered && b.triggered }, func(a, b Verdict) bool { return !a.Triggered && b.Triggered }, func(o outcome) string {
		if o.triggered {
			return "triggers on it"
		}
		return "does not trigger on it"
	}},
	{"action", func(a, b outcome) bool { return a.triggered && b.triggered && restrainsLess(a.actions, b.actions) }, func(a, b Verdict) bool {
		return a.Triggered && b.Triggered && restrainsLess(slices.Sorted(slices.Values(a.Actions)), slices.Sorted(slices.Values(b.Actions)))
	}, func(o outcome) string { return "answers with " + listed(o.actions) }},
	{"severity", func(a, b outcome) bool { return a.triggered && b.triggered && a.severity > b.severity }, func(a, b Verdict) bool {
		return a.Triggered && b.Triggered && slices.Index(severities, a.Severity) > slices.Index(severities, b.Severity)
	}, func(o outcome) string { return "calls it " + severities[o.severity] }},
	{"response", func(a, b outcome) bool { return a.triggered && b.triggered && !a.auto && b.auto }, func(a, b Verdict) bool {
		return a.Triggered && b.Triggered && !a.Auto && b.Auto
	}, func(o outcome) string {
		if o.auto {
			return "responds by itself"
		}
		return "waits for a person"
	}},
}

func listed(actions []string) string {
	if len(actions) == 0 {
		return "nothing"
	}
	return strings.Join(actions, ", ")
}

// tells are actions that stop nothing.
var tells = []string{"alert", "snapshot", "escalate", "log_alert", "notify_operator"}

// restrainsLess says whether a does less than b: of what stops something, or
// where that is the same, of all.
func restrainsLess(a, b []string) bool {
	stops := func(list []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(one string) bool { return slices.Contains(tells, one) })
	}
	if slices.Equal(stops(a), stops(b)) {
		return within(a, b)
	}
	return within(stops(a), stops(b))
}

// within says whether a is part of b, and not all of it.
func within(a, b []string) bool {
	return len(a) < len(b) && !slices.ContainsFunc(a, func(one string) bool { return !slices.Contains(b, one) })
}

// claims makes of the outcomes one finding for each aspect and direction.
func (p *replays) claims() error {
	told := map[string][2]bool{}
	for _, aspect := range aspects {
		for permissive := range p.pair {
			at := slices.IndexFunc(p.outcomes, func(o [2]outcome) bool { return aspect.weaker(o[permissive], o[1-permissive]) })
			if at < 0 {
				continue
			}
			both := told[aspect.name]
			both[permissive] = true
			told[aspect.name] = both
			e := p.events[at]
			claim := p.claim(aspect.name, permissive, e)
			claim.Says = [2]string{aspect.says(p.outcomes[at][0]), aspect.says(p.outcomes[at][1])}
			p.absent(&claim)
			verdicts := [2]Verdict{p.point(0, e), p.point(1, e)}
			if err := p.c.result.Add(claim, p.c.names, func(side int) bool { return aspect.checked(verdicts[side], verdicts[1-side]) }); err != nil {
				return err
			}
		}
	}
	return p.rest(told)
}

func (p *replays) point(side int, e Event) Verdict {
	if p.pair[side] == nil {
		return Verdict{}
	}
	return Evaluate(p.pair[side].config.Files[p.pair[side].file], e)
}

func (p *replays) absent(claim *verdict.Claim) {
	for i, s := range p.shapes {
		if s == nil {
			claim.Says[i] = "has no such rule"
		} else if !s.active {
			claim.Says[i] = "has it switched off"
		}
	}
}

func (p *replays) claim(aspect string, permissive int, e Event) verdict.Claim {
	r := p.any()
	severity := finding.Warning
	if s := p.shapes[1-permissive]; aspect != "response" && s.severity <= 1 {
		severity = finding.High
	}
	title, _ := r.raw["title"].(string)
	claim := verdict.Claim{
		Control: Control, Object: r.config.Object, Aspect: r.id + " " + aspect, Permissive: permissive, Severity: severity, Changed: r.config.Changed,
		Witness: finding.Witness{Kind: "input", Text: e.String(), Details: map[string]string{"rule": r.id, "file": r.file}},
	}
	claim.Why = fmt.Sprintf("rule %s (%s): %s is the weaker one, by the rule's own tests", r.id, title, p.c.names[permissive])
	return claim
}
