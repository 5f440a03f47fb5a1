package atr

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// shape is a rule as the comparer reads it.
type shape struct {
	r          *rule
	active     bool
	source     string
	document   bool // it is about skills' documents
	all        bool // every condition has to hold, not just one
	conditions []map[string]any
	severity   int      // 0 is the worst
	actions    []string // sorted
	auto       float64  // the confidence from which it responds by itself; 2 is never
	base       float64  // confidence without conditions
	unsure     string   // why it cannot be replayed
}

var severities = []string{"critical", "high", "medium", "low", "informational"}

// shapeOf reads a rule; nil is none.
func shapeOf(r *rule) *shape {
	if r == nil {
		return nil
	}
	at := func(outer, inner string) string {
		fields, _ := r.raw[outer].(map[string]any)
		value, _ := fields[inner].(string)
		return value
	}
	s := &shape{r: r, source: sourceOf(r.raw), conditions: conditionsOf(r.raw), auto: 2, base: 0.5}
	status, _ := r.raw["status"].(string)
	s.active = status != "draft" && status != "deprecated"
	s.all = at("detection", "condition") != "any" && at("detection", "condition") != "or"
	target := at("tags", "scan_target")
	s.document = target == "skill" || target == "both" || s.all && len(s.conditions) > 1
	severity, _ := r.raw["severity"].(string)
	s.severity = slices.Index(severities, severity)
	if threshold, known := map[string]float64{"low": 0.5, "medium": 0.7, "high": 0.9}[at("response", "auto_response_threshold")]; known {
		s.auto = threshold
	}
	if base, known := map[string]float64{"medium": 0.7, "high": 0.9}[at("tags", "confidence")]; known {
		s.base = base
	}
	s.actions = actionsOf(r.raw)
	s.unsure = s.why()
	return s
}

func actionsOf(raw map[string]any) []string {
	response, _ := raw["response"].(map[string]any)
	list, _ := response["actions"].([]any)
	var actions []string
	for _, one := range list {
		if name, ok := one.(string); ok && !slices.Contains(actions, name) {
			actions = append(actions, name)
		}
	}
	slices.Sort(actions)
	return actions
}

// why says why a rule cannot be replayed; "" is that it can.
func (s *shape) why() string {
	detection, _ := s.r.raw["detection"].(map[string]any)
	semantic, _ := detection["semantic"].(map[string]any)
	tags, _ := s.r.raw["tags"].(map[string]any)
	method, _ := detection["method"].(string)
	list, isList := detection["conditions"].([]any)
	switch {
	case method != "" && method != "pattern" && (method != "semantic" || semantic["fallback_method"] != "pattern"):
		return "its method is " + method
	case !isList || len(list) != len(s.conditions):
		return "its conditions are no list"
	case tags["suppress_in_code_blocks"] == true:
		return "it passes over code blocks"
	case !s.r.fits(&document{}):
		return "a field of it has another type than rules have"
	case s.severity < 0:
		return "its severity is none of " + strings.Join(severities, ", ")
	}
	for _, c := range s.conditions {
		_, metric := number(c["threshold"])
		_, isText := c["value"].(string)
		operators := []any{"regex", "contains", "exact", "starts_with"}
		if metric {
			operators = []any{"gt", "gte", "lt", "lte"}
		}
		if c["language"] != nil || c["steps"] != nil || isText == metric || !slices.Contains(operators, c["operator"]) {
			return "a condition needs more than the event"
		}
	}
	return ""
}

// fits says whether the rule's fields have the types of into's.
func (r *rule) fits(into any) bool {
	text, err := json.Marshal(r.raw)
	return err == nil && json.Unmarshal(text, into) == nil
}

// outcome is what a rule makes of an event.
type outcome struct {
	triggered bool
	severity  int
	actions   []string
	auto      bool
}

// replay is what a rule makes of an event. The error says why nobody can tell.
func (s *shape) replay(e Event) (outcome, error) {
	if s == nil || !s.active {
		return outcome{}, nil
	}
	if s.unsure != "" {
		return outcome{}, fmt.Errorf("%s", s.unsure)
	}
	held, err := s.holds(func(field string) string { return e.resolve(field, s.source) }, e)
	if err == nil && !held && s.document && e.Document != "" {
		held, err = s.holds(func(string) string { return e.Document }, e)
	}
	if err != nil || !held {
		return outcome{}, err
	}
	return outcome{true, s.severity, s.actions, s.responds()}, nil
}

// responds says whether the rule responds by itself once it triggers.
func (s *shape) responds() bool {
	ratio := 1 / float64(max(len(s.conditions), 1))
	if s.all {
		ratio = 1
	}
	return min(s.base+ratio*0.1, 1) >= s.auto
}

// holds says whether the rule's conditions hold. One that cannot be told
// matters even where another decides: the engine may look at it first.
func (s *shape) holds(resolve func(string) string, e Event) (bool, error) {
	held := 0
	for _, c := range s.conditions {
		one, err := condition(c, resolve, e)
		if err != nil {
			return false, err
		}
		if one {
			held++
		}
	}
	if s.all {
		return held == len(s.conditions), nil
	}
	return held > 0, nil
}

func condition(c map[string]any, resolve func(string) string, e Event) (bool, error) {
	if threshold, is := number(c["threshold"]); is {
		metric, _ := c["metric"].(string)
		value, measured := e.Metrics[metric]
		switch c["operator"] {
		case "gt":
			return measured && value > threshold, nil
		case "gte":
			return measured && value >= threshold, nil
		case "lt":
			return measured && value < threshold, nil
		}
		return measured && value <= threshold, nil
	}
	field, _ := c["field"].(string)
	value, _ := c["value"].(string)
	raw := resolve(field)
	if raw == "" || value == "" {
		return false, nil
	}
	first := plain(raw)
	switch c["operator"] {
	case "contains":
		return strings.Contains(strings.ToLower(first), strings.ToLower(value)), nil
	case "starts_with":
		return strings.HasPrefix(strings.ToLower(first), strings.ToLower(value)), nil
	case "exact":
		return first == value, nil
	}
	hit, err := matches(value, first)
	if err == nil && !hit && first != raw {
		hit, err = matches(value, raw)
	}
	return hit, err
}

// decides are the fields that decide what a rule triggers on.
func (s *shape) decides() map[string]any {
	tags, _ := s.r.raw["tags"].(map[string]any)
	return map[string]any{
		"detection": ordered(s.r.raw)["detection"], "source": s.r.raw["agent_source"], "maturity": s.r.raw["maturity"], "confirm": s.r.raw["confirm"],
		"target": tags["scan_target"], "blocks": tags["suppress_in_code_blocks"], "status": s.active,
	}
}

func same(a, b any) bool { return reflect.DeepEqual(a, b) }
