package atr

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"strings"

	"github.com/clawql/clawql-workbench/shared/oracletest"
)

var cases = oracletest.Cases

// dice draw rules with regexes of several features, and test cases that are
// drawn from the regexes, so that they trigger.
type dice struct{ *rand.Rand }

func newDice(seed int) dice { return dice{rand.New(rand.NewSource(int64(seed)))} }

func (d dice) of(list ...string) string { return list[d.Intn(len(list))] }
func (d dice) in(n int) bool            { return d.Intn(n) == 0 }

type object = map[string]any

// regex draws a regex and a text that it matches.
func (d dice) regex() (pattern, text string) {
	if d.in(4) {
		pattern = "(?i)"
	}
	for range 1 + d.Intn(3) {
		p, t := d.atom()
		pattern, text = pattern+p, text+t
	}
	if d.in(12) {
		pattern += "$"
	}
	return pattern, text
}

func (d dice) atom() (pattern, text string) {
	word := d.of("rm", "curl", "Token", "drop", "sudo", "naïve", "忽略", "a.b")
	quoted := strings.ReplaceAll(word, ".", `\.`)
	switch d.Intn(16) {
	case 0:
		return `\s+`, d.of(" ", "  ", "\t")
	case 1:
		return `\d{2,4}`, d.of("12", "0007")
	case 2:
		return `[a-f_-]+`, d.of("abc", "f", "a_b")
	case 3:
		return `(?:` + quoted + `|wget|nc)`, d.of(word, "wget", "nc")
	case 4:
		return quoted + `?` + `(?=.*` + `end)`, word + " end"
	case 5:
		return `(\w)\1`, d.of("aa", "zz")
	case 6:
		return `(?<q>['"]).*?\k<q>`, d.of(`'x'`, `"y z"`)
	case 7:
		return quoted + `(?!\s*safe)`, word + "!"
	case 8:
		return `(?<=x)` + quoted, word
	case 9:
		return `\u{1F600}`, "\U0001F600"
	case 10:
		return `\p{Lu}[\p{L}]*`, d.of("Ärger", "ABC")
	case 11:
		return `\x41\u0062`, "Ab"
	case 12:
		return `[^\s;]{1,5}`, d.of("ab", "/etc")
	case 13:
		return `\b` + `[A-Za-z]+\b`, d.of("word", "Two")
	}
	return quoted, word
}

// condition draws one, with a text that it holds for.
func (d dice) condition() (object, string) {
	field := d.of("content", "content", "content", "content", "tool_args", "user_input", "user_input", "tool_response", "agent_output", "tool_name")
	if d.in(8) {
		return object{"metric": d.of("calls", "errors"), "operator": d.of("gt", "gte", "lt", "lte"), "threshold": float64(d.Intn(20))}, "x"
	}
	if d.in(3) {
		value := d.of("mkfs", "DROP table", "ignore", "a")
		return object{"field": field, "operator": d.of("contains", "starts_with", "exact"), "value": value}, value
	}
	pattern, text := d.regex()
	return object{"field": field, "operator": "regex", "value": pattern}, text
}

// rule draws one rule, which has the id.
func (d dice) rule(id string) object {
	conditions, texts := []any{}, []string{"nothing at all"}
	for range 1 + d.Intn(3) {
		c, text := d.condition()
		conditions, texts = append(conditions, c), append(texts, text)
	}
	rule := object{
		"id": id, "title": "drawn", "schema_version": "0.1", "description": "drawn", "author": "test", "date": "2026/01/01",
		"status": d.of("stable", "stable", "stable", "experimental", "experimental", "draft", "deprecated"), "severity": d.of(severities...), "detection_tier": "pattern", "maturity": "stable",
		"tags":         object{"category": "tool-poisoning", "subcategory": "x", "confidence": d.of("high", "medium", "low"), "scan_target": d.of("mcp", "skill", "both", "runtime")},
		"agent_source": object{"type": d.of("tool_call", "llm_io", "mcp_exchange", "multi_agent_comm", "context_window", "skill_lifecycle")},
		"detection":    object{"condition": d.of("any", "any", "or", "all"), "conditions": conditions},
		"response":     object{"actions": d.actions()},
		"test_cases":   object{"true_positives": d.tests(texts), "true_negatives": d.tests(texts)},
	}
	if !d.in(3) {
		rule["response"].(object)["auto_response_threshold"] = d.of("low", "medium", "high")
	}
	if d.in(60) {
		rule["tags"].(object)["suppress_in_code_blocks"] = true
	}
	return rule
}

func (d dice) actions() []any {
	list := []any{}
	for _, one := range []string{"block_tool", "block_input", "quarantine_session", "alert", "snapshot"} {
		if d.in(2) {
			list = append(list, one)
		}
	}
	return list
}

// tests draw test cases in the shapes that published rules have.
func (d dice) tests(texts []string) []any {
	list := []any{}
	for range 1 + d.Intn(4) {
		text := d.of(texts[1:]...)
		switch d.Intn(4) {
		case 0:
			text = d.disguised(d.of(texts...))
		case 1:
			text = strings.Join(texts[1:], " ")
		}
		if d.in(3) {
			text += d.of(" ", ";", "x", " and ") + d.disguised(d.of(texts...))
		}
		one := object{"expected": "triggered"}
		switch d.Intn(12) {
		case 0:
			one["tool_args"], one["tool_name"] = text, "shell"
		case 1:
			one["tool_response"] = text
		case 2:
			one["input"] = object{"tool_name": "shell", "tool_args": text}
		case 3:
			one["tool_call"] = object{"name": text, "args": object{"command": text}}
		case 4:
			one["agent_output"] = text
		case 5:
			one["user_input"] = text
		default:
			one["input"] = text
		}
		list = append(list, one)
	}
	return list
}

// disguised changes a text as those do who would not be seen.
func (d dice) disguised(text string) string {
	switch d.Intn(8) {
	case 0:
		return strings.ToUpper(text)
	case 1:
		return "x" + text
	case 2:
		return strings.ReplaceAll(text, "o", "\u043E")
	case 3:
		return strings.Join(strings.Split(text, ""), "\u200B")
	case 4:
		return text + " safe"
	case 5:
		return text[:len(text)/2] // may end within a letter
	}
	return text
}

// written are rules as the files of a ConfigMap.
func written(rules []object) []Config {
	var texts []string
	for _, rule := range rules {
		text, err := json.Marshal(rule) // which is YAML too, and sooner written
		if err != nil {
			panic(err)
		}
		texts = append(texts, string(text))
	}
	return side(texts...)
}

func (d dice) side() []object {
	var list []object
	for i := range 1 + d.Intn(3) {
		list = append(list, d.rule(fmt.Sprintf("DRAWN-%d", i)))
	}
	return list
}

// pair is two sides, the second one an edit of the first.
func (d dice) pair() (a, b []object) {
	a = d.side()
	b = copied(a)
	for range 1 + d.Intn(2) {
		d.edit(b[d.Intn(len(b))])
	}
	if d.in(6) {
		b = b[1:]
	}
	return a, b
}

// edit changes one part of a rule.
func (d dice) edit(rule object) {
	part := d.of("detection", "detection", "severity", "response", "status", "agent_source", "conditions", "conditions", "tags")
	anew := d.rule("x")
	if part != "conditions" {
		rule[part] = anew[part]
		return
	}
	list := rule["detection"].(object)["conditions"].([]any)
	more, _ := d.condition()
	switch d.Intn(3) {
	case 0:
		rule["detection"].(object)["conditions"] = append(list, more)
	case 1:
		if len(list) > 1 {
			rule["detection"].(object)["conditions"] = list[1:]
		}
	default:
		list[0] = more
	}
}

func copied(rules []object) []object {
	text, err := json.Marshal(rules)
	var list []object
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	if err != nil {
		panic(err)
	}
	return list
}
