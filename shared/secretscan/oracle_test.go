package secretscan

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/zricethezav/gitleaks/v8/detect"
)

// The oracle is gitleaks' own detector with its default rules.
var oracle = sync.OnceValue(func() *detect.Detector {
	d, err := detect.NewDetectorDefaultConfig()
	if err != nil {
		panic(err)
	}
	d.MaxDecodeDepth = decodeDepth
	return d
})

// plain is a policy of gitleaks' rules alone.
var plain = sync.OnceValue(func() *Policy {
	p, err := Compile(Sources{})
	if err != nil {
		panic(err)
	}
	return p.onlyBase()
})

func (p *Policy) onlyBase() *Policy {
	only := &Policy{global: p.global, byID: map[string]int{}, ignored: map[string]bool{}}
	for _, r := range p.rules {
		if !r.own {
			only.add(r)
		}
	}
	only.index()
	return only
}

// row is all of a finding that must be equal.
func row(rule, file string, startLine, endLine, startColumn, endColumn int, match, secret string, entropy float32, tags []string) string {
	return fmt.Sprintf("%s %s %d-%d:%d-%d %q %q %.4f %v", rule, file, startLine, endLine, startColumn, endColumn, match, secret, entropy, tags)
}

func theirs(path, text string) []string {
	var rows []string
	for _, f := range oracle().Detect(detect.Fragment{Raw: text, FilePath: path, StartLine: 1}) {
		if f.Match == "file detected: "+path {
			f.StartLine = 0 // gitleaks sets no line for the file itself, whatever the fragment's is
		}
		rows = append(rows, row(f.RuleID, f.File, f.StartLine, f.EndLine, f.StartColumn, f.EndColumn, f.Match, f.Secret, f.Entropy, f.Tags))
	}
	slices.Sort(rows)
	return rows
}

func ours(t testing.TB, path, text string) []string {
	t.Helper()
	found, err := plain().detect(context.Background(), path, text)
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, f := range found {
		rows = append(rows, row(f.Rule, f.File, f.StartLine, f.EndLine, f.StartColumn, f.EndColumn, f.match.text(), f.Secret.text(), f.Entropy, f.Tags))
	}
	slices.Sort(rows)
	return rows
}

func same(t testing.TB, path, text string) int {
	t.Helper()
	want, got := theirs(path, text), ours(t, path, text)
	if !slices.Equal(want, got) {
		t.Errorf("%s, %d bytes %.300q\n gitleaks %q\n ours     %q", path, len(text), text, want, got)
	}
	return len(want)
}

func TestSameAsGitleaksOnItsRuleCorpus(t *testing.T) {
	found := 0
	all := examples(t)
	for _, one := range all {
		found += same(t, one.path, one.text)
	}
	t.Logf("%d examples, %d findings", len(all), found)
	if found < 1000 {
		t.Errorf("the corpus gave %d findings only", found)
	}
}

func TestSameAsGitleaksOnAGeneratedTree(t *testing.T) {
	all := examples(t)
	random := rand.New(rand.NewSource(1))
	found := 0
	for i := range 120 {
		found += same(t, fmt.Sprintf("src/file%d.go", i), sourceFile(random, all, 4+random.Intn(40)))
	}
	t.Logf("%d findings", found)
	if found < 200 {
		t.Errorf("the tree gave %d findings only", found)
	}
}

var filler = []string{
	"func handle(w http.ResponseWriter, r *http.Request) error {", "\tkey := keys[i] // the API key's index", "}", "",
	"token, err := parse(token)", "  \"description\": \"a secret garden: passwords are typed here\",", "<a href=\"https://example.com/%7Euser/a%20b\">",
	"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "import { auth } from './auth-client-provider-context';",
	"ein Schlüssel für die Tür, пароль и ключ", "\\u0041\\u0042 U+0041 %41%42", "aGVsbG8gd29ybGQgdGhpcyBpcyBiYXNlNjQ=", "\r", "if (a || b) { x = y; }",
}

// sourceFile mixes lines of ordinary code with examples, some of them encoded.
func sourceFile(random *rand.Rand, all []example, lines int) string {
	var b strings.Builder
	for range lines {
		text := filler[random.Intn(len(filler))]
		if random.Intn(4) == 0 {
			text = all[random.Intn(len(all))].text
			switch random.Intn(8) {
			case 0:
				text = base64.StdEncoding.EncodeToString([]byte(text))
			case 1:
				text = hex.EncodeToString([]byte(text))
			case 2:
				text = base64.StdEncoding.EncodeToString([]byte("x = " + base64.StdEncoding.EncodeToString([]byte(text))))
			case 3:
				text += " // gitleaks:allow"
			}
		}
		b.WriteString(text)
		if random.Intn(12) > 0 {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// FuzzSameAsGitleaks looks for texts on which the two differ. Run it with
// -fuzzminimizetime 50x: without, go test stops counting for a minute with each
// interesting text, to make it smaller, because gitleaks takes some
// milliseconds for every try. Long texts would cost the same and say no more.
func FuzzSameAsGitleaks(f *testing.F) {
	random := rand.New(rand.NewSource(2))
	all := examples(f)
	for range 60 {
		f.Add("a/b.env", sourceFile(random, all, 2))
	}
	f.Add("x", "\u212aey = 's\u0130cret' \u017fecret: abcdef0123456789abcdef")
	f.Add("x", "key\xff\xfe=\x80\"aaaaaaaaaaaaaaa1bcdefghijk\"")
	f.Fuzz(func(t *testing.T, path, text string) {
		if len(path)+len(text) <= 1<<11 {
			same(t, path, text)
		}
	})
}

// Windows are worth their proof only when most rules get them.
func TestMostRulesRunInWindows(t *testing.T) {
	var without []string
	for _, r := range plain().rules {
		if r.Regex == "" {
			continue
		}
		if r.plan().search == overall {
			without = append(without, r.ID)
		}
	}
	t.Logf("%d of %d rules run on the whole text: %v", len(without), len(plain().rules), without)
	if len(without) > 0 {
		t.Errorf("%d rules run on the whole text", len(without))
	}
}
