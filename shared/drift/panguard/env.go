package panguard

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/clawql/clawql-workbench/shared/drift/verdict"
	"github.com/clawql/clawql-workbench/shared/finding"
)

// settings are the variables of a container.
type settings struct {
	values map[string]string
	hidden []string // come from elsewhere, or refer to others
	open   bool     // envFrom may set any
}

func settingsOf(container corev1.Container) settings {
	s := settings{values: map[string]string{}, open: len(container.EnvFrom) > 0}
	for _, v := range container.Env {
		if v.ValueFrom != nil || strings.Contains(v.Value, "$(") {
			s.hidden = append(s.hidden, v.Name)
		}
		s.values[v.Name] = v.Value
	}
	return s
}

// get is a variable's value, and whether it is certain.
func (s settings) get(name string) (string, bool) {
	value, set := s.values[name]
	return value, !slices.Contains(s.hidden, name) && (set || !s.open)
}

// asks is one question that variables answer: who is let in.
type asks struct {
	aspect    string
	variables []string
	severity  finding.Severity
	kind      string // of the witness
	what      string // the witness
	// says tells whether the container allows it, in words, and whether that is
	// certain.
	says func(values []string) (allows bool, words string, certain bool)
}

var questions = []asks{
	{"fail mode", []string{"PANGUARD_PROXY_FAIL_MODE"}, finding.High, "tool-call", ToolWhileDown, func(v []string) (bool, string, bool) {
		mode := v[0]
		if mode == "" {
			mode = "closed"
		}
		return mode == "open", "fails " + mode, mode == "open" || mode == "closed"
	}},
	{"jwt", []string{"CLAWQL_MCP_JWT_ENABLED"}, finding.Critical, "mcp-request", WithoutToken, func(v []string) (bool, string, bool) {
		on, certain := exactlyOne(v[0])
		return !on, word(on, "asks for a JWT", "asks for no JWT"), certain
	}},
	{"host", []string{"MCP_HOST"}, finding.High, "mcp-request", FromAfar, func(v []string) (bool, string, bool) {
		host := v[0]
		if host == "" {
			host = "0.0.0.0"
		}
		return host == "0.0.0.0", "listens on " + host, slices.Contains([]string{"0.0.0.0", "127.0.0.1", "localhost", "::1"}, host)
	}},
	{"no enforcement", []string{"CLAWQL_ALLOW_NO_ENFORCEMENT"}, finding.High, "start", UnwarnedStart, func(v []string) (bool, string, bool) {
		on, certain := exactlyOne(v[0])
		return on, word(on, "is silent about a missing enforcement", "warns of a missing enforcement"), certain
	}},
	{"log level", []string{"CLAWQL_LOG_LEVEL"}, finding.Warning, "log", DebugLine, func(v []string) (bool, string, bool) {
		return v[0] == "debug", "logs from level " + v[0], slices.Contains([]string{"debug", "info", "warn", "error"}, v[0])
	}},
}

func word(on bool, yes, no string) string {
	if on {
		return yes
	}
	return no
}

// exactlyOne reads a switch: 1 is on. Whether other words, such as true, are on
// no source says; they are not certain.
func exactlyOne(value string) (on, certain bool) {
	switch value {
	case "1":
		return true, true
	case "", "0", "false":
		return false, true
	}
	return false, false
}

func (c *comparer) workloads(from, to Side) error {
	other := map[finding.Object]Workload{}
	for _, w := range to.Workloads {
		other[w.Object] = w
	}
	for _, w := range from.Workloads {
		twin, both := other[w.Object]
		if !both {
			continue // what it runs is the structural comparer's business
		}
		for _, a := range w.Containers {
			at := slices.IndexFunc(twin.Containers, func(b corev1.Container) bool { return b.Name == a.Name })
			if at < 0 {
				continue
			}
			if err := c.container(w, a, twin.Containers[at]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *comparer) container(w Workload, a, b corev1.Container) error {
	judged := map[string]bool{}
	pair := [2]settings{settingsOf(a), settingsOf(b)}
	raw := [2]corev1.Container{a, b}
	for _, q := range questions {
		if err := c.ask(w, q, pair, raw, judged); err != nil {
			return err
		}
	}
	if err := c.blocking(w, pair, raw, judged); err != nil {
		return err
	}
	c.places(w.Object, a, b, judged)
	return nil
}

// ask puts one question to both sides.
func (c *comparer) ask(w Workload, q asks, pair [2]settings, raw [2]corev1.Container, judged map[string]bool) error {
	var allows [2]bool
	claim := c.envClaim(w, raw[0].Name, q.aspect, q.severity)
	for i, s := range pair {
		var values []string
		for _, name := range q.variables {
			value, certain := s.get(name)
			if !certain {
				return nil
			}
			values = append(values, value)
		}
		var certain bool
		if allows[i], claim.Says[i], certain = q.says(values); !certain {
			return nil
		}
	}
	if claim.Says[0] == claim.Says[1] {
		mark(judged, q.variables...)
		return nil
	}
	if allows[0] == allows[1] {
		return nil // info or warn: the structural comparer says that they differ
	}
	mark(judged, q.variables...)
	if allows[1] {
		claim.Permissive = 1
	}
	claim.Witness = finding.Witness{Kind: q.kind, Text: q.what, Details: map[string]string{"container": raw[0].Name}}
	claim.Why = fmt.Sprintf("%s %s; %s %s", c.names[0], claim.Says[0], c.names[1], claim.Says[1])
	return c.result.Add(claim, c.names, func(side int) bool { return Answers(raw[side], Request{What: q.what}) })
}

var inProcess = []string{"CLAWQL_PANGUARD_PROXY_PLUGIN", "CLAWQL_PANGUARD_IN_PROCESS", "CLAWQL_PANGUARD_BLOCK_TOOLS"}

// blocking compares which tools the gateway itself blocks.
func (c *comparer) blocking(w Workload, pair [2]settings, raw [2]corev1.Container, judged map[string]bool) error {
	var lists [2][]string
	for i, s := range pair {
		list, certain := s.blocked()
		if !certain {
			return nil
		}
		lists[i] = list
	}
	for open := range lists {
		tools := beyond(lists[1-open], lists[open])
		if len(tools) == 0 {
			continue
		}
		tool, _ := first(tools, nil, lists[open])
		severity := finding.High
		if len(lists[open]) == 0 && slices.Contains(tools, "*") {
			severity = finding.Critical
		}
		claim := c.envClaim(w, raw[0].Name, "blocked tools", severity)
		claim.Permissive = open
		claim.Says[open], claim.Says[1-open] = "does not block "+tool, "blocks "+strings.Join(tools, ", ")
		claim.Witness = finding.Witness{Kind: "tool-call", Text: Call{Tool: tool}.String(), Details: map[string]string{"method": "tools/call", "tool": tool, "container": raw[0].Name}}
		claim.Why = fmt.Sprintf("the gateway of %s blocks it in process, that of %s does not", c.names[1-open], c.names[open])
		if err := c.result.Add(claim, c.names, func(side int) bool { return Answers(raw[side], Request{What: claim.Witness.Text, Tool: tool}) }); err != nil {
			return err
		}
		mark(judged, inProcess...)
	}
	if len(lists[0])+len(lists[1]) > 0 && len(beyond(lists[0], lists[1]))+len(beyond(lists[1], lists[0])) == 0 {
		mark(judged, inProcess...) // both switches are on, and the lists say the same
	}
	return nil
}

// blocked are the tools that the gateway blocks in process.
func (s settings) blocked() (list []string, certain bool) {
	on := true
	for _, name := range inProcess[:2] {
		value, known := s.get(name)
		one, sure := exactlyOne(value)
		if !known || !sure {
			return nil, false
		}
		on = on && one
	}
	text, known := s.get(inProcess[2])
	for tool := range strings.SplitSeq(text, ",") {
		if tool = strings.TrimSpace(tool); tool == "" {
			continue
		}
		known = known && toolName.MatchString(tool)
		list = append(list, tool)
	}
	if !on {
		return nil, known
	}
	return list, known
}

func (c *comparer) envClaim(w Workload, container, aspect string, severity finding.Severity) verdict.Claim {
	return verdict.Claim{Control: ControlEnv, Object: w.Object, Aspect: container + " " + aspect, Severity: severity, Changed: w.Changed}
}

func mark(judged map[string]bool, names ...string) {
	for _, name := range names {
		judged[name] = true
	}
}

// places notes the variables that need no structural finding; and the whole
// list, where one side has none and each of the other's is judged.
func (c *comparer) places(o finding.Object, a, b corev1.Container, judged map[string]bool) {
	at := fmt.Sprintf("*.containers[name=%q].env", a.Name)
	whole := len(a.Env) == 0 || len(b.Env) == 0
	for _, v := range slices.Concat(a.Env, b.Env) {
		if judged[v.Name] {
			c.result.Judge(o, fmt.Sprintf("%s[name=%q]", at, v.Name))
		} else {
			whole = false
		}
	}
	if whole {
		c.result.Judge(o, at)
	}
}
