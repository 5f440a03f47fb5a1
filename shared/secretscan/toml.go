package secretscan

import (
	"strings"

	"github.com/mitchellh/mapstructure"
	"github.com/pelletier/go-toml/v2"
)

// fileConfig is a .gitleaks.toml as gitleaks' config.ViperConfig has it.
type fileConfig struct {
	Title, Description, MinVersion string // of a wrong type they are errors, too

	Extend     fileExtend
	Rules      []fileRule
	AllowList  *globalAllowList
	Allowlists []*globalAllowList
}

type fileExtend struct {
	Path          string
	URL           string
	UseDefault    bool
	DisabledRules []string
}

type fileRule struct {
	ID, Description, Path, Regex string
	SecretGroup                  int
	Entropy                      float64
	Keywords, Tags               []string
	AllowList                    *ruleAllowList
	Allowlists                   []*ruleAllowList
	Required                     []*fileRequired
	SkipReport                   bool
}

type fileRequired struct {
	ID            string
	WithinLines   *int `mapstructure:"withinLines"`
	WithinColumns *int `mapstructure:"withinColumns"`
}

type ruleAllowList struct {
	Description, Condition string
	Commits, Paths         []string
	RegexTarget            string
	Regexes, StopWords     []string
}

type globalAllowList struct {
	TargetRules   []string
	ruleAllowList `mapstructure:",squash"`
}

// parseFile reads TOML into gitleaks' types as viper does, through the same two
// libraries: names in any case, a single value where a list is asked for,
// "extend.path" as well as [extend] path. viper itself, and the six other
// formats that it reads, would cost each start of the hook half a millisecond;
// the tests compare with it.
func parseFile(text []byte) (*fileConfig, error) {
	var tree map[string]any
	if err := toml.Unmarshal(text, &tree); err != nil {
		return nil, err
	}
	lowerKeys(tree)
	raw := &fileConfig{}
	decoder, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		Result: raw, WeaklyTypedInput: true,
		DecodeHook: mapstructure.ComposeDecodeHookFunc(mapstructure.StringToTimeDurationHookFunc(), mapstructure.StringToSliceHookFunc(",")),
	})
	if err != nil {
		return nil, err
	}
	return raw, decoder.Decode(settings(tree))
}

// lowerKeys lower-cases the names in a value, those in lists of tables too.
func lowerKeys(value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			lowerKeys(inner)
			if low := strings.ToLower(key); low != key {
				delete(v, key)
				v[low] = inner
			}
		}
	case []any:
		for _, inner := range v {
			lowerKeys(inner)
		}
	}
}

// settings are the values of a tree by their whole names, as viper puts them
// together again: a dot in a name is a step, and a table without any value is
// not there.
func settings(tree map[string]any) map[string]any {
	all := map[string]any{}
	for _, name := range names(tree, "") {
		steps := strings.Split(name, ".")
		at := all
		for _, step := range steps[:len(steps)-1] {
			next, ok := at[step].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[step] = next
			}
			at = next
		}
		at[steps[len(steps)-1]] = valueAt(tree, steps)
	}
	return all
}

// names lists the values of a tree by their whole names.
func names(tree map[string]any, prefix string) []string {
	var all []string
	for key, value := range tree {
		if inner, ok := value.(map[string]any); ok {
			all = append(all, names(inner, prefix+key+".")...)
		} else {
			all = append(all, prefix+key)
		}
	}
	return all
}

// valueAt finds a value by its steps; a longer name goes before a shorter one.
func valueAt(tree map[string]any, steps []string) any {
	for n := len(steps); n > 0; n-- {
		value, ok := tree[strings.Join(steps[:n], ".")]
		if !ok {
			continue
		}
		if n == len(steps) {
			return value
		}
		if inner, ok := value.(map[string]any); ok {
			if found := valueAt(inner, steps[n:]); found != nil {
				return found
			}
		}
	}
	return nil
}
