package secretscan

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/viper"
	"github.com/zricethezav/gitleaks/v8/config"
)

// tomls are configurations of which viper and a plain decoder may think
// differently.
var tomls = []string{
	"", "title = 'a'", "title = {a = 1}", "minVersion = 'x'\n[extend]\nuseDefault = true",
	"[Extend]\nUseDefault = true\nDISABLEDRULES = ['a', 'b']", "extend.useDefault = true", "'extend.path' = 'x.toml'",
	"'extend.path' = 'x.toml'\n[extend]\npath = 'y.toml'", "[extend]\ndisabledRules = 'a,b'", "[extend]\nuseDefault = 'true'", "extend = 3",
	"[allowlist]", "[allowlist]\n[[rules]]\nid = 'a'", "[[allowlists]]", "[[rules]]\nid = 'a'\n[rules.allowlist]", "[allowlist]\npaths = 'a,b'",
	"[[rules]]\nID = 'a'\nRegex = 'x'\nSecretGroup = '2'\nentropy = 3\nkeywords = 'K'\n[[rules.allowlists]]\nStopWords = ['A']\nregexTarget = 'line'",
	"[[rules]]\nid = 'a'\n[[rules.required]]\nid = 'b'\nwithinLines = 3\nWITHINCOLUMNS = 0", "[[rules]]\nid = 'a'\nskipReport = 1", "[rules]\nid = 'a'",
	"[[rules]]\nid = 3\nregex = true", "[[rules]]\nentropy = 'x'", "rules = 'x'", "rules = [1]", "[[rules]]\n'allowlists.paths' = ['a']",
	"[[allowlists]]\ntargetRules = ['a']\ncommits = ['c']\ncondition = 'AND'", "a = ", "[x]\na = 1\na = 2", "[a.b]\n[a.b.c]\nd = 1", "'a.b' = 1\n[a]\nc = 2",
	"allowlist.description = 2024-01-01", "[allowlist]\npaths = [['a'], ['b']]", "[allowlist]\npaths = {}", "extend = []", "extend = [{path = 'x'}]",
}

func sameAsViper(t *testing.T, text string) {
	t.Helper()
	loader := viper.New()
	loader.SetConfigType("toml")
	var want fileConfig
	var raw config.ViperConfig
	err := loader.ReadConfig(strings.NewReader(text))
	if err == nil {
		err = loader.Unmarshal(&want)
		if asGitleaks := loader.Unmarshal(&raw); (asGitleaks == nil) != (err == nil) {
			t.Fatalf("%q: into gitleaks' types: %v; into ours: %v", text, asGitleaks, err)
		}
	}
	got, wrong := parseFile([]byte(text))
	if (err == nil) != (wrong == nil) {
		t.Fatalf("%q: viper says %v, we say %v", text, err, wrong)
	}
	if err != nil {
		return
	}
	if !reflect.DeepEqual(*got, want) {
		t.Fatalf("%q is\n%+v, viper has\n%+v", text, *got, want)
	}
	ours, err1 := json.Marshal(got)
	theirs, err2 := json.Marshal(raw)
	if err1 != nil || err2 != nil || string(sorted(t, ours)) != string(sorted(t, theirs)) {
		t.Fatalf("%q is\n%s, gitleaks has\n%s (%v, %v)", text, ours, theirs, err1, err2)
	}
}

// sorted is JSON with its fields in the order of their names.
func sorted(t *testing.T, text []byte) []byte {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTOMLIsReadAsViperReadsIt(t *testing.T) {
	for _, text := range append(tomls, config.DefaultConfig) {
		sameAsViper(t, text)
	}
}

func FuzzTOML(f *testing.F) {
	for _, text := range tomls {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		low := strings.ToLower(text)
		if len(text) > 300 || strings.Count(low, "extend") > 1 || strings.Contains(text, ".") {
			t.Skip() // two names of one value: viper takes either, by chance
		}
		sameAsViper(t, text)
	})
}
