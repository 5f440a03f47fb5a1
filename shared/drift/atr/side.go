package atr

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/clawql/clawql-workbench/shared/finding"
)

// Control of the findings.
const Control = "ATR"

// Config is a ConfigMap of rules.
type Config struct {
	Object  finding.Object
	Files   map[string]string // the YAML of a rule by its key
	Changed *finding.Change   // nil where it is not known
}

// rule is one rule, and where it stands.
type rule struct {
	id     string
	raw    map[string]any
	config Config
	file   string
}

// place is the rule's file, as a structural comparison calls it.
func (r *rule) place() string { return ".data." + r.file }

// load reads the rules of a side by id. What is no rule is left out: the
// structural comparison sees it. What cannot be read, and an id that is there
// twice, is a problem.
//
// A text that was read before, for the other side say, is not read again.
func load(configs []Config, side string, before texts) (rules map[string]*rule, problems []string) {
	rules = map[string]*rule{}
	for _, config := range configs {
		for _, file := range sorted(config.Files) {
			if !strings.HasSuffix(file, ".yaml") && !strings.HasSuffix(file, ".yml") {
				continue
			}
			at := fmt.Sprintf("%s of ConfigMap %s in %s", file, config.Object, side)
			raw, ok := before.read(config.Files[file])
			if !ok {
				problems = append(problems, at+" is no YAML")
				continue
			}
			id, _ := raw["id"].(string)
			if _, detects := raw["detection"].(map[string]any); id == "" || !detects {
				problems = append(problems, at+" is no rule: it has no id, or detects nothing")
				continue
			}
			if rules[id] != nil {
				problems = append(problems, fmt.Sprintf("%s: another file has the rule %s too", at, id))
				continue
			}
			rules[id] = &rule{id, raw, config, file}
		}
	}
	return rules, problems
}

// texts are files that have been read, by their text; nil is one that is no
// YAML.
type texts map[string]map[string]any

func (t texts) read(text string) (map[string]any, bool) {
	raw, known := t[text]
	if !known {
		if yaml.Unmarshal([]byte(text), &raw) != nil {
			raw = nil
		} else if raw == nil {
			raw = map[string]any{} // an empty file
		}
		t[text] = raw
	}
	return raw, raw != nil
}

func sorted[K cmp.Ordered, V any](m map[K]V) []K {
	var keys []K
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
