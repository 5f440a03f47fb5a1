// Package sshsign verifies SSH signatures of git commits against a list of
// allowed signers, without running ssh-keygen and without believing git's
// configuration. It is stricter than git: the committer must be one whom the
// signing key stands for, weak keys and second signatures are refused, and a
// list that cannot be read in full admits nobody.
package sshsign

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/clawql/clawql-workbench/shared/fault"
	"golang.org/x/crypto/ssh"
)

// AllowedSigners is a parsed allowed-signers file, ssh-keygen(1), section
// ALLOWED SIGNERS.
type AllowedSigners struct {
	signers []Signer
	revoked map[string]bool // wire form of public keys
}

// Signer is one line of the file.
type Signer struct {
	Line       int
	Principals string // pattern list, such as "*@example.org,!bot@example.org"
	Key        ssh.PublicKey
	Comment    string

	// CertAuthority marks a key that signs certificates. Certificates are not
	// supported, so such a line admits nobody.
	CertAuthority bool
	// Namespaces is a pattern list; "" admits every namespace.
	Namespaces string
	// ValidAfter and ValidBefore bound the time of a signature, both included;
	// the zero time is no bound.
	ValidAfter, ValidBefore time.Time

	wire string // form of Key on the wire
}

// maxSigners bounds the file, in bytes.
const maxSigners = 1 << 20

// ParseAllowedSigners reads the file as ssh-keygen does. Times without a
// trailing Z are local time there, and so they are here. name is for errors,
// which are of kind fault.Usage and name the line.
func ParseAllowedSigners(name string, data []byte) (*AllowedSigners, error) {
	if len(data) > maxSigners {
		return nil, fault.Usage("read allowed signers %s: it has %d bytes, more than the limit of %d", name, len(data), maxSigners)
	}
	list := &AllowedSigners{}
	for i, line := range strings.Split(string(data), "\n") {
		signer, ok, err := parseLine(line)
		if err != nil {
			return nil, fault.Usage("read allowed signers %s: line %d: %w", name, i+1, err).
				Hint(`a line reads: name@example.org namespaces="git" ssh-ed25519 AAAA...`)
		}
		if ok {
			signer.Line, signer.wire = i+1, string(signer.Key.Marshal())
			list.signers = append(list.signers, signer)
		}
	}
	return list, nil
}

// Signers are the lines of the file, in order.
func (a *AllowedSigners) Signers() []Signer { return a.signers }

// parseLine reads one line; ok is false for a blank one and for a comment.
func parseLine(line string) (s Signer, ok bool, err error) {
	rest := strings.TrimLeft(line, " \t\r\n")
	if rest == "" || rest[0] == '#' {
		return s, false, nil
	}
	if strings.IndexByte(rest, 0) >= 0 {
		return s, false, fmt.Errorf("it holds a zero byte")
	}
	if s.Principals, rest, err = cutWord(rest); err != nil {
		return s, false, err
	}
	if s.Principals == "" {
		return s, false, fmt.Errorf("it names no principal")
	}
	if isKeyType(firstWord(rest)) {
		s.Key, s.Comment, err = parseKey(rest)
		return s, err == nil, err
	}
	options, rest := cutOptions(rest)
	if err = s.apply(options); err != nil {
		return s, false, err
	}
	s.Key, s.Comment, err = parseKey(rest)
	return s, err == nil, err
}

// cutWord takes the first word off, which may stand in double quotes.
func cutWord(s string) (word, rest string, err error) {
	if s[0] == '"' {
		word, rest, ok := strings.Cut(s[1:], `"`)
		if !ok {
			return "", "", fmt.Errorf("a quote is not closed")
		}
		return word, strings.TrimLeft(rest, " \t\r"), nil
	}
	i := strings.IndexAny(s, " \t\r")
	if i < 0 {
		return s, "", nil
	}
	return s[:i], strings.TrimLeft(s[i:], " \t\r"), nil
}

func firstWord(s string) string {
	if i := strings.IndexAny(s, " \t\r"); i >= 0 {
		return s[:i]
	}
	return s
}

func isKeyType(word string) bool {
	return strings.HasPrefix(word, "ssh-") || strings.HasPrefix(word, "ecdsa-sha2-") || strings.HasPrefix(word, "sk-")
}

// parseKey reads "type base64 comment" and checks that the type is the key's.
func parseKey(s string) (ssh.PublicKey, string, error) {
	words := strings.Fields(s)
	if len(words) < 2 {
		return nil, "", fmt.Errorf("it has no public key (type and base64)")
	}
	if words[0] == "ssh-dss" {
		return nil, "", fmt.Errorf("keys of type ssh-dss are not accepted")
	}
	blob, err := base64.StdEncoding.DecodeString(words[1])
	if err != nil {
		return nil, "", fmt.Errorf("its key of type %q is no base64", words[0])
	}
	key, err := ssh.ParsePublicKey(blob)
	if err != nil {
		return nil, "", fmt.Errorf("its key of type %q cannot be read: %w", words[0], err)
	}
	if _, cert := key.(*ssh.Certificate); cert {
		return nil, "", fmt.Errorf("it holds a certificate where a public key belongs")
	}
	if key.Type() != words[0] {
		return nil, "", fmt.Errorf("it says that the key is of type %q, but the key is of type %q", words[0], key.Type())
	}
	return key, strings.Join(words[2:], " "), nil
}
