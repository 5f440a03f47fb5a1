package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
)

const (
	token   = "cqk_8f3a5b1c9d2e4f60_Zk3mQ9xT1vB7nL5pR8sW2yC4dF6gH0jK"
	awkward = `p@ss/w"or\d <&> it's 100% schön"`
	short   = "s3cr3t"
	pin     = "4711"
	pem     = "-----BEGIN KEY-----\nMC4CAQAwBQYDK2VwBCIEIGx1\nZm9vYmFyYmF6cXV4\n-----END KEY-----\n"
)

func patterns(values ...string) *Patterns {
	named := map[string][]byte{}
	for i, value := range values {
		named[fmt.Sprint(i)] = []byte(value)
	}
	made, _ := New(named)
	return made
}

// through writes text in chunks of the sizes that next says.
func through(p *Patterns, text string, next func() int) string {
	var b bytes.Buffer
	w := p.Writer(&b)
	for rest := []byte(text); len(rest) > 0; {
		n := min(max(1, next()), len(rest))
		if _, err := w.Write(rest[:n]); err != nil {
			return err.Error()
		}
		rest = rest[n:]
	}
	if err := w.Close(); err != nil {
		return err.Error()
	}
	return b.String()
}

var wholes = func() int { return 1 << 20 }

var forms = map[string]func(string) string{
	"plain":     func(v string) string { return v },
	"base64":    func(v string) string { return base64.StdEncoding.EncodeToString([]byte(v)) },
	"base64url": func(v string) string { return base64.URLEncoding.EncodeToString([]byte(v)) },
	"basic":     func(v string) string { return base64.StdEncoding.EncodeToString([]byte("me:" + v)) },
	"behind 2":  func(v string) string { return base64.StdEncoding.EncodeToString([]byte("m:" + v)) },
	"wrapped": func(v string) string {
		text := base64.StdEncoding.EncodeToString([]byte("behind " + v))
		return text[:len(text)/2] + "\n" + text[len(text)/2:]
	},
	"hex":   func(v string) string { return hex.EncodeToString([]byte(v)) },
	"HEX":   func(v string) string { return strings.ToUpper(hex.EncodeToString([]byte(v))) },
	"query": url.QueryEscape,
	"path":  url.PathEscape,
	"json":  func(v string) string { out, _ := json.Marshal(v); return string(out) },
}

// In each form and each way to cut it in two or into single bytes, the value
// is gone, and what stood around it is there.
func TestFormsInEveryChunking(t *testing.T) {
	for _, value := range []string{token, awkward, short} {
		p := patterns(value, "another-value")
		for name, form := range forms {
			written := form(value)
			text := "before <" + written + "> after\n"
			whole := through(p, text, wholes)
			if !strings.HasPrefix(whole, "before <") || !strings.HasSuffix(whole, "> after\n") || strings.Count(whole, Mark) != 1 {
				t.Errorf("%s of %q: %q", name, value, whole)
			}
			if left := strings.TrimSuffix(strings.TrimPrefix(whole, "before <"), "> after\n"); len(left) > len(Mark)+14 {
				t.Errorf("%s of %q: %q is left", name, value, left)
			}
			for cut := 1; cut < len(text); cut++ {
				sizes := []int{cut, len(text)}
				if got := through(p, text, func() int { n := sizes[0]; sizes = append(sizes[1:], 1); return n }); got != whole {
					t.Fatalf("%s of %q, cut at %d: %q, want %q", name, value, cut, got, whole)
				}
			}
			if got := through(p, text, func() int { return 1 }); got != whole {
				t.Errorf("%s of %q, byte by byte: %q, want %q", name, value, got, whole)
			}
		}
	}
}

func TestCases(t *testing.T) {
	p := patterns(token, pin, pem, "abcabcabc", "bcabcabcX", "overlap-one", "one-overlap", "x-long-value", "x-long-value-more")
	cases := []struct{ text, want string }{
		{"nothing", "nothing"},
		{"", ""},
		{token, Mark},
		{token + token, Mark}, // one mark for what touches
		{token + " " + token, Mark + " " + Mark},
		{"pin 4711.", "pin " + Mark + "."},
		{"overlap-one-overlap", Mark},
		{"abcabcabcX", Mark},
		{"abcabcabca", Mark + "a"},
		{"x-long-value", Mark},
		{"x-long-value-more", Mark},
		{"x-long-value-mory", Mark + "-mory"},
		{"x-long-valu", "x-long-valu"},
		{token[:20], token[:20]},
		{pem, Mark + "\n"},
		{strings.ReplaceAll(pem, "\n", "\r\n"), Mark + "\r\n"},
		{"\x00\xff" + token + "\xfe", "\x00\xff" + Mark + "\xfe"},
		{base64.StdEncoding.EncodeToString([]byte(pin)), "NDcxMQ=="}, // too short for encodings
	}
	for _, c := range cases {
		for _, size := range []int{1, 2, 3, 7, 1000} {
			if got := through(p, c.text, func() int { return size }); got != c.want {
				t.Errorf("%q in chunks of %d: %q, want %q", c.text, size, got, c.want)
			}
		}
	}
}

func TestShortValuesAreNamed(t *testing.T) {
	_, short := New(map[string][]byte{"B": []byte("1\n"), "A": []byte("abc"), "C": []byte("abcd"), "D": nil})
	if fmt.Sprint(short) != "[A B]" {
		t.Errorf("%v", short)
	}
}

// A prompt shows although it ends as a value begins; the value after it is
// taken out but for what was shown.
func TestFlush(t *testing.T) {
	var b bytes.Buffer
	w := patterns(token).Writer(&b)
	step := func(text, want string) {
		t.Helper()
		w.Write([]byte(text))
		if err := w.Flush(); err != nil || b.String() != want {
			t.Errorf("%q, %v; want %q", b.String(), err, want)
		}
	}
	step("key: c", "key: c")
	step("a", "key: ca")
	step("t\ncqk", "key: cat\ncqk")
	step(token[3:30], "key: cat\ncqk")
	step(token[30:], "key: cat\ncqk"+Mark)
	step("!", "key: cat\ncqk"+Mark+"!")
	step(token[:10], "key: cat\ncqk"+Mark+"!")
	if err := w.Close(); err != nil || !strings.HasSuffix(b.String(), "!"+token[:10]) {
		t.Errorf("%q, %v", b.String(), err)
	}
}

func TestBigValue(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	value := make([]byte, 1<<20)
	for i := range value {
		value[i] = byte(random.IntN(256))
	}
	value[len(value)-1] = 'x'
	p := patterns(string(value))
	chunk := func() int { return 1 + random.IntN(32<<10) }
	for name, text := range map[string]string{
		"plain": string(value), "hex": hex.EncodeToString(value), "base64": base64.RawStdEncoding.EncodeToString(value),
		"base64 in lines": wrap(base64.RawStdEncoding.EncodeToString(value)),
	} {
		got := strings.ReplaceAll(through(p, "<"+text+">", chunk), Mark+"\n"+Mark, Mark) // pieces, at a line break
		if got != "<"+Mark+">" && got != "<"+Mark+text[len(text)-1:]+">" {
			t.Errorf("%s: %d bytes left", name, len(got))
		}
	}
}

func wrap(text string) string {
	var b strings.Builder
	for len(text) > 76 {
		b.WriteString(text[:76] + "\n")
		text = text[76:]
	}
	return b.String() + text
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestErrorsOfTheStreamBehind(t *testing.T) {
	if _, err := patterns(token).Writer(full{}).Write([]byte("x")); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("%v", err)
	}
}

// FuzzStream: however a text is cut, no value is left in it, what comes out
// does not depend on the cuts, and a text without a value is unchanged.
func FuzzStream(f *testing.F) {
	f.Add([]byte("a "+token+" b"), []byte(token), []byte("cqk_8f3"), []byte{3, 1, 9})
	f.Add([]byte("ababababab"), []byte("abab"), []byte("baba"), []byte{1})
	f.Add([]byte("YQpi\nYWJjZGVmZw=="), []byte("abcdefg"), []byte("\n\n\n\n"), []byte{2})
	f.Fuzz(func(t *testing.T, text, one, two, cuts []byte) {
		named := map[string][]byte{"1": one, "2": two}
		p, _ := New(named)
		at := 0
		next := func() int {
			if len(cuts) == 0 {
				return 1
			}
			at++
			return int(cuts[at%len(cuts)]) % 40
		}
		whole, cut := through(p, string(text), wholes), through(p, string(text), next)
		if whole != cut {
			t.Fatalf("%q without %q, %q: %q, but in chunks %q", text, one, two, whole, cut)
		}
		there := false
		for _, known := range p.all {
			there = there || bytes.Contains(text, known.text) || known.wraps && bytes.ContainsAny(text, "\r\n")
			for _, part := range strings.Split(whole, Mark) {
				if strings.Contains(part, string(known.text)) {
					t.Fatalf("%q is left in %q", known.text, whole)
				}
			}
		}
		if !there && whole != string(text) {
			t.Fatalf("%q became %q without a value in it", text, whole)
		}
	})
}

func BenchmarkWriter(b *testing.B) {
	values := map[string][]byte{}
	for i := range 50 {
		values[fmt.Sprint(i)] = fmt.Appendf(nil, "cqk_%016x_%s", i*7919, strings.Repeat(fmt.Sprintf("%x", i*104729), 5))
	}
	p, _ := New(values)
	text := bytes.Repeat([]byte("2026-11-23T04:10:00Z INFO GET /v1/things?id=42 200 13ms key=abcdef\n"), 1<<14)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		w := p.Writer(io.Discard)
		for rest := text; len(rest) > 0; rest = rest[min(len(rest), 32<<10):] {
			w.Write(rest[:min(len(rest), 32<<10)])
		}
		w.Close()
	}
}
