package sshsign

import (
	"regexp"
	"strings"
	"testing"
)

func TestMatchList(t *testing.T) {
	for _, tt := range []struct {
		text, list string
		want       bool
	}{
		{"a@b", "a@b", true},
		{"a@b", "x,a@b", true},
		{"a@b", "*", true},
		{"a@b", "*,!a@b", false},
		{"a@b", "!a@b,*", false},
		{"a@b", "!x@b,*", true},
		{"a@b", "!x@b", false},
		{"a@b", "", false},
		{"a@b", " a@b", false},
		{"a@b", "a?b", true},
		{"a@b", "a?", false},
		{"a@b", "**@**", true},
		{"a@b", "A@B", false},
		{"a@b.evil", "*@b", false},
		{"", "*", true},
	} {
		if got := matchList(tt.text, tt.list); got != tt.want {
			t.Errorf("matchList(%q, %q) = %v", tt.text, tt.list, got)
		}
	}
}

// A regular expression is the oracle.
func FuzzMatch(f *testing.F) {
	f.Add("a@example.org", "*@example.???")
	f.Add("aaaaaaaaaaaaaaaaaaaab", "*a*a*a*a*a*a*a*c")
	f.Fuzz(func(t *testing.T, text, pattern string) {
		if len(text) > 100 || len(pattern) > 100 || !ascii(text+pattern) {
			return
		}
		expr := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(pattern))
		want := regexp.MustCompile(`(?s)^(?:` + expr + `)$`).MatchString(text)
		if got := match(text, pattern); got != want {
			t.Errorf("match(%q, %q) = %v", text, pattern, got)
		}
	})
}

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > 126 || r == 0xFFFD }) < 0
}

func FuzzParseAllowedSigners(f *testing.F) {
	key := authorized(ed25519Key(f).PublicKey())
	f.Add("a@example.org " + key)
	f.Add(`"a b" namespaces="git\"",cert-authority,valid-after="20200101Z" ` + key + " comment")
	f.Add("# comment\n\n\"")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := ParseAllowedSigners("fuzz", []byte(text))
		if err != nil {
			return
		}
		for _, s := range list.Signers() {
			if s.Key == nil || s.Principals == "" || s.Line < 1 {
				t.Errorf("line %+v of %q", s, text)
			}
			if !strings.Contains(text, strings.Fields(authorized(s.Key))[0]) {
				t.Errorf("a key of a type that is not in %q", text)
			}
		}
	})
}

// Whatever the commit is, what is verified must be the commit without its
// signature header, and nothing that git would not show as the same commit.
func FuzzSplit(f *testing.F) {
	f.Add("tree x\ncommitter A <a@b> 1 +0000\ngpgsig S\n T\n\nm\n")
	f.Add("tree " + strings.Repeat("0", 64) + "\ngpgsig-sha256 S\ncommitter A <a@b> 1 +0000\n\n\n\n")
	f.Add("gpgsig\ncommitter A <a@b> 1 +0000\n\n") // once taken for an empty signature
	f.Fuzz(func(t *testing.T, raw string) {
		c, err := split([]byte(raw))
		if err != nil {
			return
		}
		if strings.Contains("\n"+head(string(c.payload)), "\ngpgsig") {
			t.Errorf("a signature header is left in %q", c.payload)
		}
		name := "gpgsig"
		if strings.Contains("\n"+head(raw), "\ngpgsig-sha256") {
			name += "-sha256"
		}
		sig := name + " " + strings.ReplaceAll(strings.TrimSuffix(string(c.signature), "\n"), "\n", "\n ") + "\n"
		if !strings.Contains(raw, sig) || len(raw) != len(c.payload)+len(sig) {
			t.Errorf("%q is not %q and %q", raw, c.payload, sig)
		}
	})
}

func head(raw string) string {
	h, _, _ := strings.Cut(raw, "\n\n")
	return h + "\n"
}

func FuzzUnarmor(f *testing.F) {
	f.Add(armored(f, "x", ed25519Key(f), "git", "sha512"))
	f.Add(armored(f, "x", skEd25519(f, 1), "git", "sha256"))
	f.Fuzz(func(t *testing.T, text string) {
		sig, err := unarmor([]byte(text))
		if err != nil {
			if reasonOf(err) == "" {
				t.Errorf("not a refusal: %v", err)
			}
			return
		}
		if sig.PublicKey == nil || sig.Signature == nil {
			t.Errorf("an empty signature of %q", text)
		}
		_ = verify([]byte("x"), sig) // must not panic
	})
}
