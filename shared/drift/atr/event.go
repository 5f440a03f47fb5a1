package atr

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Event is what an agent did, as a test case of a rule tells it.
type Event struct {
	Case    string            // which one it is, for people
	Text    string            // what it says, for people
	Content string            // its main text
	Fields  map[string]string // others by name
	Metrics map[string]float64
	// Document is the text as the whole of a skill's document: each field of a
	// rule about skills is this.
	Document string
}

// events are a rule's test cases, with values around its thresholds.
func events(r *rule) []Event {
	var list []Event
	cases, _ := r.raw["test_cases"].(map[string]any)
	add := func(name string, value any) {
		all, _ := value.([]any)
		for i, one := range all {
			if fields, ok := one.(map[string]any); ok {
				e := eventOf(fields, sourceOf(r.raw))
				e.Case = caseName(name, i)
				list = append(list, e)
			}
		}
	}
	add("true positive", cases["true_positives"])
	add("true negative", cases["true_negatives"])
	add("evasion test", cases["evasion_tests"])
	add("evasion test", r.raw["evasion_tests"])
	return append(list, aroundThresholds(r)...)
}

func caseName(name string, i int) string {
	number, _ := json.Marshal(i + 1)
	return name + " " + string(number)
}

// aroundThresholds are values of each metric at its threshold and beside it.
func aroundThresholds(r *rule) []Event {
	var list []Event
	for _, c := range conditionsOf(r.raw) {
		metric, _ := c["metric"].(string)
		threshold, isNumber := number(c["threshold"])
		if metric == "" || !isNumber {
			continue
		}
		for _, value := range []float64{threshold - 1, threshold, threshold + 1} {
			text, _ := json.Marshal(value)
			list = append(list, Event{Case: "a value", Text: metric + " = " + string(text), Metrics: map[string]float64{metric: value}})
		}
	}
	return list
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	}
	return 0, false
}

func sourceOf(raw map[string]any) string {
	source, _ := raw["agent_source"].(map[string]any)
	kind, _ := source["type"].(string)
	return kind
}

func conditionsOf(raw map[string]any) []map[string]any {
	detection, _ := raw["detection"].(map[string]any)
	all, _ := detection["conditions"].([]any)
	var list []map[string]any
	for _, one := range all {
		if c, ok := one.(map[string]any); ok {
			list = append(list, c)
		}
	}
	return list
}

// text is a value as the test runner of ATR makes a text of it.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	raw, _ := json.Marshal(v)
	return string(raw)
}

func firstText(texts ...string) string {
	for _, one := range texts {
		if one != "" {
			return one
		}
	}
	return ""
}

// eventOf makes an event of a test case, as buildEventFromTestCase of
// agent-threat-rules 4.0.0 (cli.js) does.
func eventOf(tc map[string]any, source string) Event {
	raw := tc["input"]
	if raw == nil {
		raw = tc["user_input"]
	}
	name, args, response := text(tc["tool_name"]), text(tc["tool_args"]), text(tc["tool_response"])
	if call, ok := tc["tool_call"].(map[string]any); ok {
		name, args = firstText(name, text(call["name"])), firstText(args, text(call["args"]))
	}
	input := text(raw)
	if object, ok := raw.(map[string]any); ok {
		name, args = firstText(name, text(object["tool_name"])), firstText(args, text(object["tool_args"]))
		response = firstText(response, text(object["response"]), text(object["tool_response"]))
		if input = args; input == "" && response == "" {
			input = text(raw)
		}
	}
	content := firstText(input, text(tc["tool_description"]), text(tc["content"]), response, text(tc["agent_output"]))
	if source == "mcp_exchange" && response != "" {
		content = response
	}
	fields := map[string]string{"content": content, "agent_message": content}
	for key, value := range map[string]string{
		"user_input": input, "tool_response": response, "agent_output": text(tc["agent_output"]),
		"tool_description": text(tc["tool_description"]), "tool_name": name, "tool_args": firstText(args, input),
	} {
		if value != "" {
			fields[key] = value
		}
	}
	return Event{Text: firstText(content, args, name), Content: content, Fields: fields, Document: documentOf(tc)}
}

// documentOf is what the engine takes for a skill's document: the first of
// these fields that is there, as JavaScript's String() makes a text of it.
func documentOf(tc map[string]any) string {
	for _, name := range []string{"input", "tool_response", "agent_output"} {
		if tc[name] != nil {
			return scriptText(tc[name])
		}
	}
	return ""
}

func scriptText(v any) string {
	switch v := v.(type) {
	case map[string]any:
		return "[object Object]"
	case []any:
		var parts []string
		for _, one := range v {
			parts = append(parts, scriptText(one))
		}
		return strings.Join(parts, ",")
	}
	return text(v)
}

// mains are the fields that stand for an event's main text, by the kind of
// event that a rule is about.
var mains = map[string][]string{
	"llm_io": {"user_input"}, "context_window": {"user_input"}, "memory_access": {"user_input"},
	"tool_call": {"tool_name", "tool_args"}, "skill_lifecycle": {"tool_name", "tool_args"},
	"skill_permission": {"tool_name", "tool_args"}, "skill_chain": {"tool_name", "tool_args"},
	"mcp_exchange":     {"tool_response", "user_input", "agent_output"},
	"multi_agent_comm": {"agent_message"}, "agent_behavior": {"metric"},
}

// resolve is the text that a field of a rule stands for. source is the rule's
// kind of event.
func (e Event) resolve(field, source string) string {
	if value := e.Fields[field]; value != "" {
		return value
	}
	fields, known := mains[source]
	if !known {
		fields = mains["llm_io"]
	}
	if slices.Contains(fields, field) {
		return e.Content
	}
	return ""
}

// long are runs of characters that could be a key: a report shows none, though
// the test cases of public rules hold invented ones only.
var long = regexp.MustCompile(`[A-Za-z0-9+/_=.-]{20,}`)

// String is the event in one line, at most some 90 characters.
func (e Event) String() string {
	line := []rune(long.ReplaceAllString(strings.Join(strings.Fields(e.Text), " "), "…"))
	if len(line) > 70 {
		line = append(line[:69], '…')
	}
	return fmt.Sprintf("%s: %q", e.Case, string(line))
}
