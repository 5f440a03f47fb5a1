package secretscan

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// mostExtends is how many configurations may extend one another, as for
// gitleaks.
const mostExtends = 2

// configuration is what a .gitleaks.toml says, extensions included.
type configuration struct {
	rules  []ruleSpec
	global []allowSpec
}

// reader reads TOML as gitleaks does (toml.go), but without its loader, which
// keeps global state and drops the default rules on the third load of a process.
type reader struct {
	// open gives the file that extend.path names.
	open func(path string) ([]byte, error)
}

// read translates text; depth counts the configurations that extend it.
func (r reader) read(text []byte, depth int) (*configuration, error) {
	raw, err := parseFile(text)
	if err != nil {
		return nil, err
	}
	c := &configuration{}
	if err := c.takeRules(raw); err != nil {
		return nil, err
	}
	targeted, err := c.takeGlobal(raw)
	if err != nil {
		return nil, err
	}
	if err := r.extend(c, raw.Extend, depth); err != nil {
		return nil, err
	}
	if depth > 0 { // gitleaks forgets what an extended configuration targets
		return c, nil
	}
	return c, c.finish(targeted)
}

func (c *configuration) takeRules(raw *fileConfig) error {
	for _, one := range raw.Rules {
		spec := ruleSpec{
			ID: one.ID, Description: one.Description, Regex: one.Regex, Path: one.Path, Group: one.SecretGroup,
			Entropy: one.Entropy, Keywords: lowered(one.Keywords), Tags: one.Tags, SkipReport: one.SkipReport,
		}
		if one.AllowList != nil {
			if len(one.Allowlists) > 0 {
				return fmt.Errorf("rule %q has both [rules.allowlist] and [[rules.allowlists]]", one.ID)
			}
			one.Allowlists = append(one.Allowlists, one.AllowList)
		}
		for _, a := range one.Allowlists {
			allow, err := allowOf(a.Condition, a.RegexTarget, allowSpec{Commits: a.Commits, Paths: a.Paths, Regexes: a.Regexes, StopWords: a.StopWords})
			if err != nil {
				return fmt.Errorf("rule %q: %w", one.ID, err)
			}
			spec.Allow = append(spec.Allow, allow)
		}
		for _, need := range one.Required {
			spec.Required = append(spec.Required, requiredSpec{need.ID, need.WithinLines, need.WithinColumns})
		}
		c.put(spec)
	}
	return c.checkRequired()
}

// put adds a rule; a later one of the same id replaces it.
func (c *configuration) put(spec ruleSpec) {
	if i := c.index(spec.ID); i >= 0 {
		c.rules[i] = spec
		return
	}
	c.rules = append(c.rules, spec)
}

func (c *configuration) index(id string) int {
	return slices.IndexFunc(c.rules, func(spec ruleSpec) bool { return spec.ID == id })
}

func (c *configuration) checkRequired() error {
	for _, spec := range c.rules {
		for _, need := range spec.Required {
			if c.index(need.ID) < 0 {
				return fmt.Errorf("rule %q requires rule %q, which does not exist", spec.ID, need.ID)
			}
		}
	}
	return nil
}

// targeted are allow lists for some rules only.
type targeted struct {
	rules []string
	allow allowSpec
}

func (c *configuration) takeGlobal(raw *fileConfig) ([]targeted, error) {
	if raw.AllowList != nil {
		if len(raw.Allowlists) > 0 {
			return nil, errors.New("it has both [allowlist] and [[allowlists]]")
		}
		raw.Allowlists = append(raw.Allowlists, raw.AllowList)
	}
	var some []targeted
	for _, a := range raw.Allowlists {
		allow, err := allowOf(a.Condition, a.RegexTarget, allowSpec{Commits: a.Commits, Paths: a.Paths, Regexes: a.Regexes, StopWords: a.StopWords})
		if err != nil {
			return nil, fmt.Errorf("allow list: %w", err)
		}
		if len(a.TargetRules) > 0 {
			some = append(some, targeted{a.TargetRules, allow})
		} else {
			c.global = append(c.global, allow)
		}
	}
	return some, nil
}

// allowOf checks an allow list. An empty one is an error for gitleaks too.
func allowOf(condition, target string, spec allowSpec) (allowSpec, error) {
	switch strings.ToUpper(condition) {
	case "AND", "&&":
		spec.And = true
	case "", "OR", "||":
	default:
		return spec, fmt.Errorf("condition %q is not known; allowed: and, or", condition)
	}
	switch target {
	case "match", "line":
		spec.Target = target
	case "", "secret":
	default:
		return spec, fmt.Errorf("regexTarget %q is not known; allowed: secret, match, line", target)
	}
	if len(spec.Commits)+len(spec.Paths)+len(spec.Regexes)+len(spec.StopWords) == 0 {
		return spec, errors.New("an allow list without commits, paths, regexes or stopwords")
	}
	for _, pattern := range slices.Concat(spec.Paths, spec.Regexes) {
		if _, err := regexp.Compile(pattern); err != nil {
			return spec, err
		}
	}
	return spec, nil
}

func (r reader) extend(c *configuration, how fileExtend, depth int) error {
	if depth >= mostExtends {
		return nil
	}
	switch {
	case how.UseDefault && how.Path != "":
		return errors.New("extend has both useDefault and path")
	case how.UseDefault:
		c.merge(defaults(), how.DisabledRules)
	case how.Path != "":
		text, err := r.open(how.Path)
		if err != nil {
			return fmt.Errorf("extend.path %q: %w", how.Path, err)
		}
		under, err := r.read(text, depth+1)
		if err != nil {
			return fmt.Errorf("extend.path %q: %w", how.Path, err)
		}
		c.merge(under, how.DisabledRules)
	}
	return nil
}

// merge lays c over another configuration.
func (c *configuration) merge(under *configuration, disabled []string) {
	for _, below := range under.rules {
		if slices.Contains(disabled, below.ID) {
			continue
		}
		if i := c.index(below.ID); i >= 0 {
			c.rules[i] = over(below, c.rules[i])
		} else {
			c.rules = append(c.rules, below)
		}
	}
	c.global = slices.Concat(c.global, under.global)
	sort.SliceStable(c.rules, func(i, j int) bool { return c.rules[i].ID < c.rules[j].ID })
}

// over is a rule with what a rule of the same id says above it.
func over(below, above ruleSpec) ruleSpec {
	merged := below
	if above.Description != "" {
		merged.Description = above.Description
	}
	if above.Entropy != 0 {
		merged.Entropy = above.Entropy
	}
	if above.Group != 0 {
		merged.Group = above.Group
	}
	if above.Regex != "" {
		merged.Regex = above.Regex
	}
	if above.Path != "" {
		merged.Path = above.Path
	}
	merged.Tags = slices.Concat(below.Tags, above.Tags)
	merged.Keywords = slices.Concat(below.Keywords, above.Keywords)
	merged.Allow = slices.Concat(below.Allow, above.Allow)
	return merged
}

// finish validates what was assembled and hands out the targeted lists.
func (c *configuration) finish(some []targeted) error {
	for _, spec := range c.rules {
		if err := spec.validate(); err != nil {
			return err
		}
	}
	for _, one := range some {
		for _, id := range one.rules {
			i := c.index(id)
			if i < 0 {
				return fmt.Errorf("an allow list targets rule %q, which does not exist", id)
			}
			c.rules[i].Allow = append(slices.Clone(c.rules[i].Allow), one.allow)
		}
	}
	return nil
}

// validate is gitleaks' Rule.Validate, and compiles what came from outside.
func (spec *ruleSpec) validate() error {
	switch {
	case strings.TrimSpace(spec.ID) == "":
		return fmt.Errorf("a rule without id (description %q)", spec.Description)
	case spec.Regex == "" && spec.Path == "":
		return fmt.Errorf("rule %q has neither regex nor path", spec.ID)
	case isDefault(spec):
		return nil
	}
	if _, err := regexp.Compile(spec.Path); err != nil {
		return fmt.Errorf("rule %q: %w", spec.ID, err)
	}
	re, err := regexp.Compile(spec.Regex)
	if err != nil {
		return fmt.Errorf("rule %q: %w", spec.ID, err)
	}
	if spec.Regex != "" && spec.Group > re.NumSubexp() {
		return fmt.Errorf("rule %q: secretGroup %d, but the regex has %d", spec.ID, spec.Group, re.NumSubexp())
	}
	return nil
}
