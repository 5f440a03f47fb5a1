package panguard

import (
	"encoding/json"
	"fmt"
)

// Call is one tools/call of one tool.
type Call struct {
	Tool   string
	Threat bool // a threat rule matches it
	Down   bool // Panguard cannot be asked
}

func (c Call) String() string {
	text := fmt.Sprintf("tools/call %s by anyone", c.Tool)
	if c.Threat && !c.Down {
		text += ", matched by a threat rule"
	}
	if c.Down {
		text += " while Panguard does not answer"
	}
	return text
}

// Outcome is what becomes of a call, the weakest first.
type Outcome int

// The outcomes.
const (
	LetThrough Outcome = iota // and nobody is told
	Reported                  // and let through
	Denied
)

func (o Outcome) String() string {
	return [...]string{"lets it through", "lets it through and reports it", "denies it"}[o]
}

// Evaluate is what a policy, nil for none, makes of one call. It reads the
// texts of the ConfigMap, and shares nothing with the comparison.
func Evaluate(p *Policy, call Call) Outcome {
	if p == nil {
		return LetThrough
	}
	hit := call.Threat
	var blocked []string
	_ = json.Unmarshal([]byte(p.Data["blocked-tools.json"]), &blocked)
	for _, name := range blocked {
		hit = hit || name == "*" || name == call.Tool
	}
	switch trimmed(p.Data["mode"]) {
	case "protection":
		if call.Down {
			hit = trimmed(p.Data["failMode"]) != "open"
		}
		if hit {
			return Denied
		}
	case "report-only":
		if hit {
			return Reported
		}
	}
	return LetThrough
}

func trimmed(text string) string {
	var word string
	_, _ = fmt.Sscan(text, &word)
	return word
}
