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

func refuse(reason Reason, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Text: fmt.Sprintf(format, args...)}
}

func (r *Refusal) hint(format string, args ...any) *Refusal {
	r.Hints = append(r.Hints, fmt.Sprintf(format, args...))
	return r
}
