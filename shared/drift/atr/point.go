package atr

import (
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// Verdict is what a rule's text makes of one event.
type Verdict struct {
	Triggered bool
	Severity  string
	Actions   []string
	Auto      bool // it responds by itself
}

// document is a rule's file as far as a verdict needs it.
type document struct {
	Status   string
	Severity string
	Source   struct{ Type string } `json:"agent_source"`
	Tags     struct {
		Confidence string
		Target     string `json:"scan_target"`
	}
	Detection struct {
		Condition  string
		Conditions []struct {
			Field, Operator, Value, Metric string
			Threshold                      *float64
		}
	}
	Response struct {
		Actions []string
		Auto    string `json:"auto_response_threshold"`
	}
}

// Evaluate is what one rule, as its file says, makes of one event; "" is no
// rule. It reads the file for itself. What cannot be told triggers nothing.
func Evaluate(file string, e Event) Verdict {
	var d document
	if yaml.Unmarshal([]byte(file), &d) != nil || d.Status == "draft" || d.Status == "deprecated" || file == "" {
		return Verdict{}
	}
	texts := func(field string) []string { return []string{e.resolve(field, d.Source.Type)} }
	every := d.Detection.Condition != "any" && d.Detection.Condition != "or"
	triggered := d.triggers(every, texts, e)
	if !triggered && e.Document != "" && (d.Tags.Target == "skill" || d.Tags.Target == "both" || every && len(d.Detection.Conditions) > 1) {
		triggered = d.triggers(every, func(string) []string { return []string{e.Document} }, e)
	}
	if !triggered {
		return Verdict{}
	}
	return Verdict{true, d.Severity, d.Response.Actions, d.responds(every)}
}

// triggers looks for the first condition that decides.
func (d document) triggers(every bool, texts func(string) []string, e Event) bool {
	for i := range d.Detection.Conditions {
		if d.condition(i, texts, e) != every {
			return !every
		}
	}
	return every
}

func (d document) condition(i int, texts func(string) []string, e Event) bool {
	c := d.Detection.Conditions[i]
	if c.Threshold != nil {
		value, has := e.Metrics[c.Metric]
		over, equal := value > *c.Threshold, value == *c.Threshold
		return has && (over && strings.HasPrefix(c.Operator, "gt") || !over && !equal && strings.HasPrefix(c.Operator, "lt") || equal && strings.HasSuffix(c.Operator, "e"))
	}
	return slices.ContainsFunc(texts(c.Field), func(raw string) bool {
		if raw == "" || c.Value == "" {
			return false
		}
		lower, want := strings.ToLower(plain(raw)), strings.ToLower(c.Value)
		switch c.Operator {
		case "regex":
			one, _ := matches(c.Value, raw)
			two, _ := matches(c.Value, plain(raw))
			return one || two
		case "contains":
			return strings.Index(lower, want) >= 0
		case "starts_with":
			return strings.Index(lower, want) == 0
		case "exact":
			return plain(raw) == c.Value
		}
		return false
	})
}

// responds compares the confidence of a match with the threshold, in percent.
func (d document) responds(every bool) bool {
	confidence := 50.0
	switch d.Tags.Confidence {
	case "high":
		confidence = 90
	case "medium":
		confidence = 70
	}
	if share := 10.0; every {
		confidence += share
	} else {
		confidence += share / float64(len(d.Detection.Conditions))
	}
	switch d.Response.Auto {
	case "low":
		return confidence >= 50
	case "medium":
		return confidence >= 70
	case "high":
		return confidence >= 90
	}
	return false
}
