package project

import (
	"strings"
	"testing"
)

func TestAgentThreatRules(t *testing.T) {
	base := "apiVersion: clawql.io/v1alpha1\nkind: Project\nenvironments: {prod: {context: one, namespace: two, overlay: three}}\n"
	for text, want := range map[string]string{
		"": AgentRulesRequired, "hooks: {}\n": AgentRulesRequired,
		"hooks: {agentThreatRules: required}\n": AgentRulesRequired, "hooks: {agentThreatRules: optional}\n": AgentRulesOptional,
	} {
		p, err := Parse([]byte(base + text))
		if err != nil || p.AgentThreatRules() != want {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"hooks: {agentThreatRules: off}\n", "hooks: {agentThreatRules: 1}\n", "hooks: {agents: required}\n"} {
		if _, err := Parse([]byte(base + text)); err == nil || !strings.Contains(err.Error(), "hooks") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
