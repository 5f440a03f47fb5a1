package sshsign

import "fmt"

// Reason says why a signature was refused, for code that acts on it.
type Reason string

// The reasons, from "there is none" to "it is not good enough".
const (
	Unsigned       Reason = "unsigned"
	ForeignFormat  Reason = "foreign format"   // OpenPGP or X.509
	Malformed      Reason = "malformed"        // commit or signature cannot be read
	BadSignature   Reason = "bad signature"    // does not belong to this content
	WrongNamespace Reason = "wrong namespace"  // made for something else than git
	WeakKey        Reason = "weak key"         // short RSA, SHA-1, DSA
	Certificate    Reason = "certificate"      // signed with an SSH certificate
	NotListed      Reason = "not listed"       // key in no line of the list
	Revoked        Reason = "revoked"          // key in the list of revoked keys
	WrongCommitter Reason = "wrong committer"  // key listed for somebody else
	OutOfTime      Reason = "out of time"      // key listed, but not at that time
	NotPermitted   Reason = "not permitted"    // key listed, but not for git
	NoHardware     Reason = "no hardware key"  // policy asks for a security key
	NoTouch        Reason = "no touch"         // security key used without a touch
	NotVerified    Reason = "no user verified" // security key used without PIN or biometry
)

// Refusal is the error of VerifyCommit: the signature does not count. Its text
// completes a sentence that begins with the commit's name.
type Refusal struct {
	Reason Reason
	Text   string
	Hints  []string
}

func (r *Refusal) Error() string { return r.Text }

const signAnew = "git commit --amend --no-edit -S"

// advice is what helps against a refusal, whatever its details.
var advice = map[Reason]string{
	Unsigned:       "git clawql-hooks signing setup; " + signAnew,
	ForeignFormat:  "git config gpg.format ssh; merges made on a forge's web page carry the forge's own signature: git merge -S",
	Malformed:      signAnew,
	BadSignature:   "the commit was changed after it was signed: " + signAnew,
	WrongNamespace: signAnew,
	WeakKey:        "make a better key: ssh-keygen -t ed25519",
	Certificate:    "list the signer's own public key, and sign with that",
	NotListed:      "somebody listed signs a commit on top: git commit --allow-empty -S; a newcomer is listed by a commit that somebody listed signs",
	Revoked:        "sign with another key: " + signAnew,
	WrongCommitter: "git config user.email to the address that the list gives to your key; " + signAnew,
	OutOfTime:      "sign with a key that counts today: " + signAnew,
	NotPermitted:   `the line needs namespaces="git", in a commit that somebody listed signs`,
	NoHardware:     "git clawql-hooks signing setup finds or makes a security key",
	NoTouch:        "git clawql-hooks signing setup --new makes a key that asks for a touch",
	NotVerified:    "git clawql-hooks signing setup --new makes a key that asks for its PIN",
}

// Refuse makes a refusal with the hint that its reason calls for.
func Refuse(reason Reason, format string, args ...any) *Refusal {
	r := &Refusal{Reason: reason, Text: fmt.Sprintf(format, args...)}
	if hint := advice[reason]; hint != "" {
		r.Hints = []string{hint}
	}
	return r
}
