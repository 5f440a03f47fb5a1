package livesecrets

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func testKey(seed byte) []byte { return bytes.Repeat([]byte{seed}, KeySize) }

func setOf(t testing.TB, values ...string) Set {
	t.Helper()
	named := map[string][]byte{}
	for i, value := range values {
		named[fmt.Sprintf("S%d", i)] = []byte(value)
	}
	set, omitted, err := New(testKey(7), named)
	if err != nil || len(omitted) > 0 {
		t.Fatalf("%v, left out %v", err, omitted)
	}
	return set
}

const (
	token   = "cqk_8f3a5b1c9d2e4f60_Zk3mQ9xT1vB7nL5pR8sW2yC4dF6gH0jK"
	awkward = `p@ss/w"or\d <&> it's 100% schön`
	pem     = "-----BEGIN KEY-----\nMC4CAQAwBQYDK2VwBCIEIGx1\nZm9vYmFyYmF6cXV4\n-----END KEY-----\n"
	cjk     = "密码パスワード-ключ-7"
)

func wideText(text string, big bool) string {
	little, bigEndian := wide(text)
	if big {
		return "\xfe\xff" + string(bigEndian)
	}
	return "\xff\xfe" + string(little)
}

func asJSON(text string) string {
	out, _ := json.Marshal(text)
	return string(out)
}

// dotNet escapes all that is not plain.
func dotNet(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r > 'z' || !(r >= '0' && r <= '9' || r >= 'a' || r >= 'A' && r <= 'Z') {
			fmt.Fprintf(&b, `\u%04X`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func wrapped(text string, columns int, end string) string {
	var b strings.Builder
	for len(text) > columns {
		b.WriteString(text[:columns] + end)
		text = text[columns:]
	}
	return b.String() + text
}

// disguises write a value as files have it.
var disguises = map[string]func(string) string{
	"plain":               func(v string) string { return v },
	"base64":              func(v string) string { return base64.StdEncoding.EncodeToString([]byte(v)) },
	"base64 behind 1":     func(v string) string { return base64.StdEncoding.EncodeToString([]byte("u" + v + "x")) },
	"base64 behind 2":     func(v string) string { return base64.StdEncoding.EncodeToString([]byte("u:" + v + "!")) },
	"base64 behind words": func(v string) string { return "path/key" + base64.RawStdEncoding.EncodeToString([]byte(v)) },
	"base64url":           func(v string) string { return base64.RawURLEncoding.EncodeToString([]byte(v)) },
	"base64 in lines":     func(v string) string { return wrapped(base64.StdEncoding.EncodeToString([]byte(v)), 9, "\n   ") },
	"base64 twice": func(v string) string {
		return base64.StdEncoding.EncodeToString([]byte("a " + base64.StdEncoding.EncodeToString([]byte(v))))
	},
	"docker config": func(v string) string {
		auth := base64.StdEncoding.EncodeToString([]byte("me:" + v))
		return "  .dockerconfigjson: " + base64.StdEncoding.EncodeToString([]byte(`{"auths":{"r":{"auth":"`+auth+`"}}}`))
	},
	"powershell":   func(v string) string { return base64.StdEncoding.EncodeToString([]byte(wideText(v, false)[2:])) },
	"hex":          func(v string) string { return hex.EncodeToString([]byte(v)) },
	"hex, upper":   func(v string) string { return strings.ToUpper(hex.EncodeToString([]byte(v))) },
	"hex, odd":     func(v string) string { return "a" + hex.EncodeToString([]byte(v)) + "b" },
	"hex in lines": func(v string) string { return wrapped(hex.EncodeToString([]byte(v)), 7, "\r\n") },
	"query":        url.QueryEscape,
	"path":         url.PathEscape,
	"all percent": func(v string) string {
		return "%" + wrapped(strings.ToUpper(hex.EncodeToString([]byte(v))), 2, "%")
	},
	"json":          asJSON,
	"json twice":    func(v string) string { return asJSON(asJSON(v)) },
	"json, php":     func(v string) string { return strings.ReplaceAll(asJSON(v), "/", `\/`) },
	"json, .net":    dotNet,
	"go":            strconv.Quote,
	"go, ascii":     strconv.QuoteToASCII,
	"yaml, single":  func(v string) string { return "'" + strings.ReplaceAll(v, "'", "''") + "'" },
	"yaml":          func(v string) string { out, _ := yaml.Marshal(map[string]string{"key": v}); return string(out) },
	"utf-16le":      func(v string) string { return wideText("x = "+v+"\r\n", false) },
	"utf-16be":      func(v string) string { return wideText("x = "+v+"\r\n", true) },
	"utf-16be bare": func(v string) string { return wideText(v, true)[2:] },
	"base64 in url": func(v string) string { return url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(v))) },
	"xml":           func(v string) string { var b bytes.Buffer; xml.EscapeText(&b, []byte(v)); return b.String() },
	"crlf":          func(v string) string { return strings.ReplaceAll(v, "\n", "\r\n") },
	"indented":      func(v string) string { return "k: |\n    " + strings.ReplaceAll(v, "\n", "\n    ") },
}

func TestDisguises(t *testing.T) {
	values := []string{token, awkward, pem, cjk, "tuv wxyz 1+/="}
	for i, value := range values {
		set := setOf(t, value)
		for name, disguise := range disguises {
			if name == "powershell" && i == 3 {
				continue // characters beyond Latin are found in bare UTF-16 only: the comment of the package
			}
			text := "before " + disguise(value) + " after"
			hits := set.Find([]byte(text))
			if len(hits) != 1 {
				t.Errorf("%s: %q as %q: %d hits %v", name, value, text, len(hits), hits)
				continue
			}
			if one := hits[0]; one.Name != "S0" || one.Offset < 7-2 || one.Offset+one.Length > len(text)-5 {
				t.Errorf("%s: %q in %q: wrong place %+v", name, value, text, one)
			}
		}
	}
}

func TestPlaces(t *testing.T) {
	set := setOf(t, "s3cr3t-value")
	cases := []struct{ text, place, encoding string }{
		{"x s3cr3t-value y", "s3cr3t-value", "plain"},
		{"x czNjcjN0LXZhbHVl y", "czNjcjN0LXZhbHVl", "base64"},
		{"x dTpzM2NyM3QtdmFsdWU= y", "pzM2NyM3QtdmFsdWU", "base64"},
		{"x czNj\n cjN0LXZhbHVl y", "czNj\n cjN0LXZhbHVl", "base64"},
		{"x 7333637233742d76616c7565 y", "7333637233742d76616c7565", "hex"},
		{"x s3cr3t%2Dvalue y", "s3cr3t%2Dvalue", "percent"},
		{`x s3cr3t\u002dvalu\x65 y`, `s3cr3t\u002dvalu\x65`, "escape"},
		{"x s3cr3t&#45;value y", "s3cr3t&#45;value", "entity"},
		{"ZFhNNklITXpZM0l6ZEMxMllXeDFaUT09", "pZM0l6ZEMxMllXeDFaUT", ""},
	}
	for _, c := range cases[:len(cases)-1] {
		hits := set.Find([]byte(c.text))
		if len(hits) != 1 || c.text[hits[0].Offset:hits[0].Offset+hits[0].Length] != c.place || hits[0].Encoding != c.encoding {
			t.Errorf("%q: %+v, want %q as %s", c.text, hits, c.place, c.encoding)
		}
	}
	nested := set.Find([]byte(cases[len(cases)-1].text))
	if len(nested) != 1 || nested[0].Encoding != "base64, base64" {
		t.Errorf("base64 of base64: %+v", nested)
	}
}

func TestNothingWhereNothingIs(t *testing.T) {
	set := setOf(t, token, awkward, pem, cjk)
	near := token[:len(token)-1] + "k"
	for name, disguise := range disguises {
		if hits := set.Find([]byte(disguise(near) + "\n" + disguise(token[1:]) + "\n" + disguise(pem[:40]))); len(hits) > 0 {
			t.Errorf("%s: a value that is not live is a hit: %v", name, hits)
		}
	}
	if hits := (Set{}).Find([]byte(token)); hits != nil {
		t.Error("an empty set finds something")
	}
}

func TestManyOfOne(t *testing.T) {
	set := setOf(t, "abcdeabcdeabcde", "second-value")
	text := strings.Repeat("abcde", 30) + strings.Repeat("second-value ", 5)
	hits := set.Find([]byte(text))
	if len(hits) != 15 {
		t.Errorf("%d places, want 10 that do not overlap and 5: %v", len(hits), hits)
	}
}

// FuzzFind plants a value in one disguise between two texts: it is found, at
// a place inside of what was planted, and so is nothing that is not there.
func FuzzFind(f *testing.F) {
	names := []string{"plain", "base64", "base64 behind 1", "base64 behind 2", "base64url", "hex", "hex, odd", "query", "path", "json", "json, .net", "go", "yaml, single", "utf-16le", "utf-16be", "xml"}
	f.Add([]byte("before "), []byte(" after"), []byte(token), uint8(0))
	f.Add([]byte(`\`), []byte("=="), []byte(awkward), uint8(9))
	f.Add([]byte("QUJD"), []byte("abcdef"), []byte(pem), uint8(3))
	f.Fuzz(func(t *testing.T, before, after, value []byte, which uint8) {
		name := names[int(which)%len(names)]
		set, omitted, err := New(testKey(1), map[string][]byte{"A": value})
		if err != nil || len(omitted) > 0 || len(value) > 4096 || !suits(name, string(value)) {
			t.Skip()
		}
		middle := disguises[name](string(value))
		text := slicesJoin(before, "\n ", middle, " \n", string(after))
		hits := set.Find(text)
		from, to := len(before)+2, len(before)+2+len(middle)
		for _, one := range hits {
			if one.Offset < to && one.Offset+one.Length > from {
				return
			}
		}
		t.Fatalf("%s of %q in %q is missed: %v", name, value, text, hits)
	})
}

// suits: JSON, YAML and XML cannot hold every byte, and what a parser before
// it has begun may swallow the first escape.
func suits(name, value string) bool {
	switch name {
	case "json", "json, .net", "go", "yaml, single", "utf-16le", "utf-16be", "xml":
		return strings.ToValidUTF8(value, "") == value && !strings.ContainsFunc(value, func(r rune) bool {
			return r < 0x20 && r != '\n' || r >= 0x7f && r < 0xa0 || r == 0xfffd || r > 0xffff && name == "json, .net" || r == 0x2028 || r == 0x2029 || r > 0xff && strings.HasPrefix(name, "utf")
		})
	}
	return true
}

func slicesJoin(before []byte, rest ...string) []byte {
	return append(bytes.Clone(before), strings.Join(rest, "")...)
}

func BenchmarkFind(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	values := map[string][]byte{}
	for i := range 50 {
		value := make([]byte, 15+random.IntN(30))
		for j := range value {
			value[j] = byte(random.IntN(256))
		}
		values[fmt.Sprint(i)] = []byte(base64.RawURLEncoding.EncodeToString(value))
	}
	set, _, err := New(testKey(1), values)
	if err != nil {
		b.Fatal(err)
	}
	prose := "func (f *finder) search(text []byte, path []string, where span) {\n\tif value == \"\\n\" || strings.Contains(x, `a%20b`) { return fmt.Errorf('') }\n\t// A comment of some words, and then a few more of them.\n"
	plain := "A line of prose, which has words of some length and nothing to undo in it, as most lines have.\n"
	blob := make([]byte, 25<<20)
	for i := range blob {
		blob[i] = byte(random.IntN(256))
	}
	for name, text := range map[string][]byte{
		"prose":   bytes.Repeat([]byte(plain), 25<<20/len(plain)),
		"escapes": bytes.Repeat([]byte(prose), 25<<20/len(prose)),
		"binary":  blob,
		"base64":  []byte(base64.StdEncoding.EncodeToString(blob[:25<<20*3/4])),
		"hex":     []byte(hex.EncodeToString(blob[:25<<20/2])),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if hits := set.Find(text); len(hits) > 0 {
					b.Fatal(hits)
				}
			}
		})
	}
}
