package project

// What Hooks.AgentThreatRules can say.
const (
	AgentRulesRequired = "required"
	AgentRulesOptional = "optional"
)

// Hooks says what the hooks of commits ask of a machine.
type Hooks struct {
	// AgentThreatRules says whether a commit of skills or MCP configurations
	// needs a tool that looks at them (atr or pga): required, which is the
	// default, or optional.
	AgentThreatRules string `json:"agentThreatRules,omitempty"`
}

// AgentThreatRules is what the hooks ask: AgentRulesRequired unless the file
// says otherwise.
func (p *Project) AgentThreatRules() string {
	if p.Hooks == nil || p.Hooks.AgentThreatRules == "" {
		return AgentRulesRequired
	}
	return p.Hooks.AgentThreatRules
}

func (p *Project) hookChecks() []check {
	value := p.AgentThreatRules()
	return []check{{"hooks.agentThreatRules", value == AgentRulesRequired || value == AgentRulesOptional, value, "required or optional"}}
}
