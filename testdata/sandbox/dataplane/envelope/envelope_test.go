package envelope

import (
	"strings"
	"testing"
)

func TestOpen(t *testing.T) {
	cases := []struct {
		name, value, address, id string
		ok                       bool
	}{
		// Envoy's own example, envelope.proto: the values end in a newline there.
		{"envoy's documentation", "MS4yLjMuNDo4MAo=;UV:eHh4eHh4Cg==", "1.2.3.4:80\n", "xxxxxx\n", true},
		{"sealed", Seal("10.244.0.7:8080", "ABC"), "10.244.0.7:8080", "ABC", true},
		{"other parts before UV", "MTo4MA==;X:1;UV:YQ==", "1:80", "a", true},
		{"a server's own id", "23NJU5RFKTDNRCCTZIXJZREXIX", "", "", false},
		{"no UV part", "MTo4MA==;X:1", "", "", false},
		{"empty UV part", "MTo4MA==;UV:", "", "", false},
		{"no address", ";UV:YQ==", "", "", false},
		{"broken base64", "M!;UV:YQ==", "", "", false},
		{"empty", "", "", "", false},
	}
	for _, c := range cases {
		address, id, ok := Open(c.value)
		if ok != c.ok || ok && (address != c.address || id != c.id) {
			t.Errorf("%s: Open(%q) = %q, %q, %v", c.name, c.value, address, id, ok)
		}
	}
}

// FuzzEnvelope: what was sealed opens to the same, and stays a legal header
// value; whatever a client sends opens without harm, and only to what seals
// back to an equal meaning.
func FuzzEnvelope(f *testing.F) {
	f.Add("10.244.0.7:8080", "session", "MTo4MA==;UV:YQ==")
	f.Add("[::1]:80", "a;UV:b", ";;UV:UV:")
	f.Fuzz(func(t *testing.T, address, id, foreign string) {
		if address != "" && id != "" {
			sealed := Seal(address, id)
			if a, i, ok := Open(sealed); !ok || a != address || i != id {
				t.Fatalf("Open(Seal(%q, %q)) = %q, %q, %v", address, id, a, i, ok)
			}
			if strings.ContainsFunc(sealed, func(r rune) bool { return r < 0x21 || r > 0x7e }) {
				t.Fatalf("%q is not visible ASCII, as MCP wants a session id", sealed)
			}
		}
		if a, i, ok := Open(foreign); ok {
			if b, j, again := Open(Seal(a, i)); !again || a != b || i != j {
				t.Fatalf("%q opened to %q, %q, which sealed opens to %q, %q", foreign, a, i, b, j)
			}
		}
	})
}
