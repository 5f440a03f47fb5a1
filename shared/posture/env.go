package posture

import (
	"fmt"
	"strings"
)

// variable is an environment variable that a control rules.
type variable struct{ control, name, want, hint string }

// variables of the gateway. Their want is set where the overlay says nothing.
// An explicit variable wins over envFrom, so a ConfigMap cannot undo it.
var variables = []variable{
	{LogLevel, "CLAWQL_LOG_LEVEL", "info", "debug logs hold tool arguments"},
	{PanguardMode, "CLAWQL_PANGUARD_PROXY_PLUGIN", "1", "without the plugin no tool call is judged"},
	{PanguardMode, "CLAWQL_PANGUARD_IN_PROCESS", "1", "without it the plugin blocks nothing"},
	{PanguardMode, "PANGUARD_PROXY_FAIL_MODE", "closed", "open forwards a call whenever the judge fails"},
}

// noEnforcement silences the gateway's warning that nothing enforces. It must
// be absent, or empty to win over an envFrom.
var noEnforcement = variable{Enforcement, "CLAWQL_ALLOW_NO_ENFORCEMENT", "", "take the variable out"}

// gatewayEnv sets what the gateway's container needs.
func (j *judge) gatewayEnv(container *place) {
	for _, v := range variables {
		j.setVariable(container, v)
	}
	if len(container.list("envFrom")) > 0 {
		j.setVariable(container, noEnforcement)
	}
}

// bridgeEnv sets what a Panguard bridge in front of the gateway needs.
func (j *judge) bridgeEnv(container *place) {
	for _, v := range variables {
		if v.name == "CLAWQL_LOG_LEVEL" || v.name == "PANGUARD_PROXY_FAIL_MODE" {
			j.setVariable(container, v)
		}
	}
}

// setVariable adds a variable that the container lacks; judgeEnv has judged
// those that it has.
func (j *judge) setVariable(container *place, v variable) {
	if len(entries(container, v.name)) > 0 || j.off(v.control, container.on) {
		return
	}
	container.add("env", map[string]any{"name": v.name, "value": v.want})
	j.did(v.control, container.on, append(container.field("env"), "[name="+v.name+"]"), nil, v.name+"="+v.want, New)
}

// judgeEnv judges every variable of any container that a control rules.
func (j *judge) judgeEnv(container *place) {
	for _, v := range append([]variable{noEnforcement}, variables...) {
		j.judgeVariable(container, v)
		j.judgeCommand(container, v)
	}
	for _, entry := range container.members("env") {
		j.judgeOther(entry)
	}
}

func entries(container *place, name string) []*place {
	var found []*place
	for _, entry := range container.members("env") {
		if entry.str("name") == name {
			found = append(found, entry)
		}
	}
	return found
}

func (j *judge) judgeVariable(container *place, v variable) {
	found, allowed := entries(container, v.name), v.want
	if allowed == "" {
		allowed = "unset"
	}
	for i, entry := range found {
		switch {
		case i > 0:
			entry.refuse(v.control, "name", v.name+" once", "of two entries the last one wins")
		case entry.value("valueFrom") != nil:
			entry.refuse(v.control, "valueFrom", allowed, "write the value here: what a reference gives cannot be judged")
		case entry.str("value") != v.want:
			entry.refuse(v.control, "value", allowed, v.hint)
		case !j.off(v.control, container.on):
			j.did(v.control, container.on, entry.field("value"), v.want, v.want, Kept)
		}
	}
}

// judgeCommand refuses a command line that sets the variable past its
// environment, as `env NAME=value node ...` does.
func (j *judge) judgeCommand(container *place, v variable) {
	for _, key := range []string{"command", "args"} {
		for i, word := range container.list(key) {
			if line, ok := word.(string); ok && strings.Contains(line, v.name) {
				j.refuse(Violation{v.control, container.on, append(container.field(key), fmt.Sprintf("[%d]", i)), line,
					"no mention of " + v.name, "set it under env:, where it can be judged"})
			}
		}
	}
}

// weakModes are Panguard's modes that block nothing (S), and failing open.
var weakModes = map[string]bool{"learning": true, "report-only": true, "open": true}

// judgeOther refuses variables that undo enforcement by another way (ours).
func (j *judge) judgeOther(entry *place) {
	name, value := entry.str("name"), strings.ToLower(strings.TrimSpace(entry.str("value")))
	switch {
	case name == "NODE_TLS_REJECT_UNAUTHORIZED" && (value != "1" || entry.value("valueFrom") != nil):
		entry.refuse(Enforcement, "value", "unset or 1", "0 lets anyone sign the gateway's JWT keys")
	case name == "NODE_OPTIONS" && strings.Contains(value, "--inspect"):
		entry.refuse(Enforcement, "value", "no --inspect", "a debugger can switch enforcement off in the running gateway")
	case strings.HasPrefix(name, "PANGUARD_") && name != "PANGUARD_PROXY_FAIL_MODE" && weakModes[value]:
		entry.refuse(PanguardMode, "value", "protection", "this mode blocks nothing")
	}
}
