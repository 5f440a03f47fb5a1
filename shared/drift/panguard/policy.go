package panguard

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// Keys of a policy (ours).
const (
	KeyMode     = "mode"
	KeyFailMode = "failMode"
	KeyBlocked  = "blocked-tools.json"
	KeyAllowed  = "allowed-tools.json"
)

// modes, weakest first.
var modes = []string{"learning", "report-only", "protection"}

// rules are a policy as the comparer reads it.
type rules struct {
	mode, failMode   string
	blocked, allowed []string
}

// toolName is a name that may be printed, or `*`.
var toolName = regexp.MustCompile(`^([A-Za-z0-9_.:/-]{1,80}|\*)$`)

// read gives the rules of a policy, and false where a key or a value means
// nothing that is known: no direction can then be told.
func read(p Policy) (rules, bool) {
	r := rules{failMode: "closed"}
	for key, text := range p.Data {
		switch text = strings.TrimSpace(text); key {
		case KeyMode:
			r.mode = text
		case KeyFailMode:
			r.failMode = text
		case KeyBlocked, KeyAllowed:
			var tools []string
			if json.Unmarshal([]byte(text), &tools) != nil || slices.ContainsFunc(tools, func(t string) bool { return !toolName.MatchString(t) }) {
				return r, false
			}
			if key == KeyBlocked {
				r.blocked = tools
			} else {
				r.allowed = tools
			}
		default:
			return r, false
		}
	}
	known := slices.Contains(modes, r.mode) && (r.failMode == "open" || r.failMode == "closed")
	return r, known && !p.Binary
}

func (c *comparer) policies(from, to Side) error {
	by := [2]map[finding.Object]Policy{{}, {}}
	var order []finding.Object
	for i, side := range []Side{from, to} {
		for _, p := range side.Policies {
			by[i][p.Object] = p
			order = append(order, p.Object)
		}
	}
	slices.SortFunc(order, finding.CompareObjects)
	for _, object := range slices.Compact(order) {
		a, hasFrom := by[0][object]
		b, hasTo := by[1][object]
		var err error
		switch {
		case hasFrom && hasTo:
			err = c.both(a, b)
		case hasFrom && len(to.Policies) == 0:
			err = c.alone(a, 0)
		case hasTo && len(from.Policies) == 0:
			err = c.alone(b, 1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// alone is a policy of which the other side has none, under whatever name:
// which of several would count is settled nowhere.
func (c *comparer) alone(p Policy, side int) error {
	r, known := read(p)
	if !known || r.mode != "protection" {
		return nil
	}
	call, certain := threat(r, rules{})
	if !certain {
		return nil
	}
	sides := [2]*Policy{}
	sides[side] = &p
	claim := c.claim(p, "existence", 1-side, finding.Critical, call)
	claim.Says[side], claim.Says[1-side] = "protects", "has no such policy"
	c.result.Judge(p.Object, "")
	return c.add(claim, call, sides)
}

// both compares a policy that both sides have.
func (c *comparer) both(a, b Policy) error {
	var read2 [2]rules
	for i, p := range []Policy{a, b} {
		r, known := read(p)
		if !known {
			return nil
		}
		read2[i] = r
	}
	sides := [2]*Policy{&a, &b}
	if read2[0].mode != read2[1].mode {
		return c.modes(sides, read2)
	}
	if read2[0].mode != "protection" {
		return nil
	}
	if err := c.failModes(sides, read2); err != nil {
		return err
	}
	return c.blockLists(sides, read2)
}

func (c *comparer) modes(sides [2]*Policy, r [2]rules) error {
	call, certain := threat(r[0], r[1])
	if !certain {
		return nil
	}
	weak := 0
	if slices.Index(modes, r[1].mode) < slices.Index(modes, r[0].mode) {
		weak = 1
	}
	severity := finding.Critical
	if r[1-weak].mode != "protection" {
		severity = finding.High // neither denies
	}
	claim := c.claim(*sides[0], KeyMode, weak, severity, call)
	claim.Says = [2]string{"mode " + r[0].mode, "mode " + r[1].mode}
	c.result.Judge(claim.Object, ".data."+KeyMode)
	return c.add(claim, call, sides)
}

func (c *comparer) failModes(sides [2]*Policy, r [2]rules) error {
	if r[0].failMode == r[1].failMode {
		c.result.Judge(sides[0].Object, ".data."+KeyFailMode) // unset is closed
		return nil
	}
	call, certain := threat(r[0], r[1])
	if !certain {
		return nil
	}
	call.Down = true
	open := 0
	if r[1].failMode == "open" {
		open = 1
	}
	claim := c.claim(*sides[0], KeyFailMode, open, finding.High, call)
	claim.Says = [2]string{"fails " + r[0].failMode, "fails " + r[1].failMode}
	c.result.Judge(claim.Object, ".data."+KeyFailMode)
	return c.add(claim, call, sides)
}

// blockLists notes, for each side, one tool that the other's list blocks and
// its own does not.
func (c *comparer) blockLists(sides [2]*Policy, r [2]rules) error {
	all := true
	for open := range sides {
		tools := beyond(r[1-open].blocked, r[open].blocked)
		if len(tools) == 0 {
			continue
		}
		tool, certain := first(tools, slices.Concat(r[0].allowed, r[1].allowed), r[open].blocked)
		if !certain {
			all = false
			continue
		}
		call := Call{Tool: tool}
		claim := c.claim(*sides[0], KeyBlocked, open, finding.High, call)
		claim.Says[open], claim.Says[1-open] = "does not block "+tool, "blocks "+strings.Join(tools, ", ")
		if err := c.add(claim, call, sides); err != nil {
			return err
		}
	}
	if all { // what an allow list hides is told by the structural comparison
		c.result.Judge(sides[0].Object, ".data."+KeyBlocked)
	}
	return nil
}

// beyond are the entries of list that other does not cover.
func beyond(list, other []string) []string {
	if slices.Contains(other, "*") {
		return nil
	}
	var more []string
	for _, tool := range list {
		if !slices.Contains(other, tool) && !slices.Contains(more, tool) {
			more = append(more, tool)
		}
	}
	slices.Sort(more)
	return more
}

// first is a tool of the list that no allow list names. `*` stands for a tool
// that no list names.
func first(tools, allowed, blocked []string) (string, bool) {
	if slices.Contains(allowed, "*") {
		return "", false
	}
	for _, tool := range tools {
		if tool != "*" && !slices.Contains(allowed, tool) {
			return tool, true
		}
	}
	return unnamed(slices.Concat(allowed, blocked)), slices.Contains(tools, "*")
}

// unnamed is a tool that no list names.
func unnamed(named []string) string {
	tool := "file_write"
	for i := 2; slices.Contains(named, tool); i++ {
		tool = fmt.Sprintf("file_write%d", i)
	}
	return tool
}

// threat is a call that a rule denies, of a tool that no list names.
func threat(a, b rules) (Call, bool) {
	tool := unnamed(slices.Concat(a.allowed, b.allowed, a.blocked, b.blocked))
	return Call{Tool: tool, Threat: true}, !slices.Contains(a.allowed, "*") && !slices.Contains(b.allowed, "*")
}

func (c *comparer) claim(p Policy, aspect string, open int, severity finding.Severity, call Call) verdict.Claim {
	return verdict.Claim{
		Control: ControlPolicy, Object: p.Object, Aspect: aspect, Permissive: open, Severity: severity, Changed: p.Changed,
		Witness: finding.Witness{Kind: "tool-call", Text: call.String(), Details: map[string]string{"method": "tools/call", "tool": call.Tool}},
		Why:     fmt.Sprintf("%s treats it less strictly than %s", c.names[open], c.names[1-open]),
	}
}

// add holds a claim against the evaluator: the permissive side's outcome has
// to be the weaker one.
func (c *comparer) add(claim verdict.Claim, call Call, sides [2]*Policy) error {
	var outcomes [2]Outcome
	for i, p := range sides {
		outcomes[i] = Evaluate(p, call)
	}
	open := claim.Permissive
	claim.Why = fmt.Sprintf("%s: %s; %s: %s", c.names[open], outcomes[open], c.names[1-open], outcomes[1-open])
	return c.result.Add(claim, c.names, func(side int) bool { return outcomes[side] < outcomes[1-side] })
}
