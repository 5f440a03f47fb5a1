package sshsign

import (
	"bytes"
	"encoding/pem"
	"errors"
	"strings"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// namespace is what git signs commits in (gpg-interface.c).
const namespace = "git"

// Policy is what a signature must show beyond being valid. Software can
// imitate the type of a hardware key; only an attestation at enrolment shows
// that a listed key lives in hardware.
type Policy struct {
	RequireHardware     bool // a FIDO security key (sk-*)
	RequireTouch        bool // a security key that was touched for this signature
	RequireVerification bool // a security key that asked for PIN or biometry
}

// Signature is a signature that counts.
type Signature struct {
	Principal   string // the pattern list that admits the committer
	Committer   string // e-mail
	KeyType     string // such as "ssh-ed25519"
	Fingerprint string // "SHA256:..."
	Line        int    // of the list

	Hardware     bool // the key's type is a security key's
	Touched      bool // the security key says that it was touched
	UserVerified bool // the security key says that it checked PIN or biometry
}

// VerifyCommit checks the SSH signature of a raw commit object (the content
// that `git cat-file commit` prints) against the list. It counts if the
// signature is valid in the namespace "git", and a line of the list holds its
// key, names the committer's e-mail, and is valid at the time at; git itself
// takes the commit's own time for that. A signature that does not count is a
// *Refusal.
//
// A security key's signature without a touch is always refused.
func VerifyCommit(raw []byte, signers *AllowedSigners, policy Policy, at time.Time) (Signature, error) {
	commit, err := Inspect(raw)
	if err != nil {
		return Signature{}, err
	}
	if err := policy.Check(commit); err != nil {
		return Signature{}, err
	}
	return signers.Admit(commit, at)
}

// unarmor reads exactly one SSH signature in its armour, and nothing beside it.
func unarmor(armored []byte) (*sshsig.Signature, error) {
	text := string(bytes.TrimRight(armored, "\n"))
	switch {
	case strings.HasPrefix(text, "-----BEGIN PGP "):
		return nil, Refuse(ForeignFormat, "it is signed with OpenPGP; only SSH signatures are accepted")
	case strings.HasPrefix(text, "-----BEGIN SIGNED MESSAGE-----"), strings.HasPrefix(text, "-----BEGIN CMS"), strings.HasPrefix(text, "-----BEGIN PKCS7"):
		return nil, Refuse(ForeignFormat, "it is signed with X.509 (gpgsm, gitsign); only SSH signatures are accepted")
	case !strings.HasPrefix(text, "-----BEGIN SSH SIGNATURE-----\n"):
		return nil, Refuse(Malformed, "its signature is of no known format")
	}
	block, rest := pem.Decode([]byte(text + "\n"))
	if block == nil || len(rest) > 0 || len(block.Headers) > 0 {
		return nil, Refuse(Malformed, "its signature is not one block of armour")
	}
	sig, err := sshsig.ParseSignature(block.Bytes)
	if err != nil {
		return nil, weakOr(err)
	}
	return sig, checkTail(sig)
}

// weakOr names the refusal of an old algorithm, which the parser sees first.
func weakOr(err error) error {
	text := err.Error()
	if strings.Contains(text, "invalid signature format") || strings.Contains(text, "ssh-dss") || errors.Is(err, sshsig.ErrUnsupportedHashAlgorithm) {
		return Refuse(WeakKey, "its signature uses a weak or unknown algorithm: %v", err)
	}
	return Refuse(Malformed, "its signature cannot be read: %v", err)
}

// checkTail refuses bytes after the signature, which only a security key's
// flags and counter may be.
func checkTail(sig *sshsig.Signature) error {
	want := 0
	if isHardware(sig.PublicKey.Type()) {
		want = 5
	}
	if len(sig.Signature.Rest) != want {
		return Refuse(Malformed, "its signature has %d bytes behind it where %d belong", len(sig.Signature.Rest), want)
	}
	return nil
}

func verify(payload []byte, sig *sshsig.Signature) error {
	if _, cert := sig.PublicKey.(*ssh.Certificate); cert {
		return Refuse(Certificate, "it is signed with an SSH certificate; list the signers' own keys instead")
	}
	if err := strongEnough(sig.PublicKey); err != nil {
		return err
	}
	if sig.Namespace != namespace {
		return Refuse(WrongNamespace, "its signature was made for %q, not for %q", sig.Namespace, namespace)
	}
	if isHardware(sig.PublicKey.Type()) && sig.Signature.Rest[0]&flagTouched == 0 {
		return Refuse(NoTouch, "its security key was used without a touch")
	}
	err := sshsig.Verify(bytes.NewReader(payload), sig, sig.PublicKey, sig.HashAlgorithm, namespace)
	if err != nil {
		return Refuse(BadSignature, "its signature does not belong to its content (%v)", err)
	}
	return nil
}
