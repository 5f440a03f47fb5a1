// Package secretscan finds secrets in text with the rules of gitleaks 8.30.1
// and those of ClawQL. It reads no file and runs no program: text and policy
// come from the caller as bytes.
//
// It finds what gitleaks' own detector finds in one fragment (rule, line,
// columns, secret, entropy, allow lists, decoding), which the tests show on
// gitleaks' rule corpus, on forged trees and by fuzzing, but in another way. One
// pass finds all keywords; from each, tables of bytes that were read off the
// rule's regex (trail.go, walk.go) tell whether a match can follow; and only
// there is the regex compiled and run, in a window (window.go says why that is
// the same). What is encoded is found and decoded without gitleaks' regex
// (encoded.go, layer.go).
package secretscan

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Secret is a text that nothing prints: every verb of fmt, JSON and text
// encoders write `[redacted]`. It is held by a pointer, because fmt goes round
// the methods of a field without a capital; of a pointer it prints an address.
type Secret struct{ at *string }

func newSecret(text string) Secret { return Secret{&text} }

// text is what is secret.
func (s Secret) text() string {
	if s.at == nil {
		return ""
	}
	return *s.at
}

const redacted = "[redacted]"

// String is always `[redacted]`.
func (Secret) String() string { return redacted }

// GoString is what %#v prints.
func (Secret) GoString() string { return redacted }

// Format covers the verbs that go round String, such as %x and %d.
func (Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// MarshalText is what encoders write.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Hash names the secret without telling it: the first 8 bytes of
// HMAC-SHA-256 under key, in hex. Under another key it is another name.
func (s Secret) Hash(key []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(s.text()))
	return hex.EncodeToString(mac.Sum(nil)[:8])
}

// Same says whether two secrets are one text.
func (s Secret) Same(other Secret) bool { return s.text() == other.text() }

// Finding is one secret at one place.
type Finding struct {
	Rule        string
	Description string
	File        string
	// StartLine to EndColumn are as gitleaks counts them: lines from 1, and
	// 0 for a finding that is the file itself.
	StartLine, EndLine, StartColumn, EndColumn int
	Entropy                                    float32
	Tags                                       []string
	Secret                                     Secret

	match, line Secret
}

// Fingerprint is the line that excepts the finding in .gitleaksignore.
func (f Finding) Fingerprint() string {
	return fmt.Sprintf("%s:%s:%d", f.File, f.Rule, f.StartLine)
}

// Redact takes the secret out of a text, such as the name of a file.
func (s Secret) Redact(text string) string {
	if s.text() == "" {
		return text
	}
	return strings.ReplaceAll(text, s.text(), redacted)
}
