package secretscan

import "slices"

// defaults are the rules of gitleaks 8.30.1 (rules.go).
func defaults() *configuration {
	return &configuration{rules: slices.Clone(defaultRules), global: slices.Clone(defaultGlobal)}
}

// isDefault says that a rule's regexes are those of rules.go, which the tests
// compile: no need to do so at each start.
func isDefault(spec *ruleSpec) bool {
	i := slices.IndexFunc(defaultRules, func(one ruleSpec) bool { return one.ID == spec.ID })
	return i >= 0 && defaultRules[i].Regex == spec.Regex && defaultRules[i].Path == spec.Path && defaultRules[i].Group == spec.Group
}
